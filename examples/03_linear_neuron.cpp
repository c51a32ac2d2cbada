// A linear neuron learns by hand: y = x * w + b should give 10 for x = 2.

#include <cstdio>

#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

int main() {
  const Device device;
  const float learning_rate = 0.01f;

  auto x = Tensor<B, 1>::from_data({2.0f}, device);
  auto target = Tensor<B, 1>::from_data({10.0f}, device);
  auto w = Tensor<B, 1>::from_data({3.0f}, device).require_grad();
  auto b = Tensor<B, 1>::from_data({1.0f}, device).require_grad();

  for (int step = 1; step <= 100; ++step) {
    // Forward: the prediction, and how wrong it is.
    auto y = x * w + b;
    auto loss = (y - target).powf_scalar(2.0).mean();

    // Backward: how the loss changes with w and b.
    auto grads = loss.backward();
    auto grad_w = Tensor<B, 1>::from_inner(w.grad(grads).value());
    auto grad_b = Tensor<B, 1>::from_inner(b.grad(grads).value());

    // Gradient descent: a small step downhill, as new leaves for the next round.
    w = w.sub(grad_w * learning_rate).detach().require_grad();
    b = b.sub(grad_b * learning_rate).detach().require_grad();

    if (step == 1 || step % 10 == 0) std::printf("step %3d  loss %.9f\n", step, loss.into_scalar());
  }

  auto final_loss = (x * w + b - target).powf_scalar(2.0).mean();
  std::printf("w = %.4f, b = %.4f, loss = %.3g\n", w.into_scalar(), b.into_scalar(), final_loss.into_scalar());
}
