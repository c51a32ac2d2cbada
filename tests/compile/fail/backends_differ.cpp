// expect: the tensors are on different backends; from_inner() lifts a gradient, inner() lowers a tensor
#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  auto w = Tensor<B, 1>::from_data({1.0f}).require_grad();
  auto gradients = w.backward();
  w = w.sub(w.grad(gradients).value());
}
