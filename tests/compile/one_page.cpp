// A one-page program: what including fornax costs a user's compiler.
#include <cstdio>

#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  auto x = Tensor<B, 1>::from_data({2.0f}), target = Tensor<B, 1>::from_data({10.0f});
  auto w = Tensor<B, 1>::from_data({3.0f}).require_grad();
  auto b = Tensor<B, 1>::from_data({1.0f}).require_grad();
  for (int step = 0; step < 100; ++step) {
    auto loss = (x * w + b - target).powf_scalar(2.0).mean();
    auto gradients = loss.backward();
    w = w.sub(Tensor<B, 1>::from_inner(w.grad(gradients).value()) * 0.01).detach().require_grad();
    b = b.sub(Tensor<B, 1>::from_inner(b.grad(gradients).value()) * 0.01).detach().require_grad();
  }
  std::printf("w = %.4f, b = %.4f\n", w.into_scalar(), b.into_scalar());
}
