// Gradients: y = a * b + c, so dy/da = b and dy/db = a.

#include <iostream>

#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;  // automatic differentiation is a decorator over any backend

int main() {
  const Device device;

  // 1. Two tensors whose gradients we want, and one constant.
  auto a = Tensor<B, 1>::from_data({10.0f}, device).require_grad();
  auto b = Tensor<B, 1>::from_data({5.0f}, device).require_grad();
  auto c = Tensor<B, 1>::from_data({2.0f}, device);

  // 2. Operations on tracked tensors are remembered.
  auto y = a * b + c;
  std::cout << "y = a * b + c = " << y.into_scalar() << "\n";

  // 3. One walk back gives all gradients. They belong to us, and live on the plain backend.
  auto grads = y.backward();
  Tensor<Cpu, 1> grad_a = a.grad(grads).value();
  Tensor<Cpu, 1> grad_b = b.grad(grads).value();

  std::cout << "dy/da = b = " << grad_a.into_scalar() << "\n";
  std::cout << "dy/db = a = " << grad_b.into_scalar() << "\n";
  std::cout << "c has " << (c.grad(grads) ? "a" : "no") << " gradient: it is a constant\n";
}
