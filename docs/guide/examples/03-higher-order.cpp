// The program of docs/guide/03-higher-order.md, which quotes the regions between [name] and [/name].
// [start]
#include <cstdio>
#include <fornax/fornax.hpp>
#include <iostream>

using namespace fornax;

const auto cube = [](const auto& x) { return (x * x * x).sum(); };
// [/start]

int main() {
  // [twice]
  auto x = Tensor<Cpu, 1>::from_data({1.0, 2.0});
  auto second = grad([](const auto& v) { return grad(cube)(v).sum(); });
  std::cout << second(x) << "\n";  // 6 x
  // [/twice]

  // [types]
  using Once = Autodiff<Cpu>;
  using Twice = Autodiff<Autodiff<Cpu>>;
  auto inner = Tensor<Once, 1>::from_data({3.0}).require_grad();
  auto outer = Tensor<Twice, 1>::from_inner(inner).require_grad();
  Tensor<Once, 1> slope = outer.grad(cube(outer).backward()).value();
  Tensor<Cpu, 1> curvature = inner.grad(slope.backward()).value();
  std::cout << slope << "\n" << curvature << "\n";  // 3 x^2 and 6 x
  // [/types]

  // [hessian]
  auto rosenbrock = [](const auto& v) {
    auto a = v.narrow(0, 0, 1), b = v.narrow(0, 1, 1);
    return (100.0 * (b - a * a).square() + (1.0 - a).square()).sum();
  };
  auto p = Tensor<Cpu, 1>::from_data({1.0, 2.0});
  std::cout << hessian(rosenbrock)(p) << "\n";
  // [/hessian]

  // [hvp]
  auto v = Tensor<Cpu, 1>::from_data({1.0, -1.0});
  std::cout << hvp(rosenbrock, p, v) << "\n";
  // [/hvp]

  // [newton]
  auto q = p;
  for (int step = 0; step < 6; ++step) {
    auto g = grad(rosenbrock)(q).unsqueeze_dim(1);
    q = q - linalg::solve(hessian(rosenbrock)(q), g).squeeze_dim(1);
  }
  std::printf("%.4f %.4f\n", q.narrow(0, 0, 1).into_scalar(), q.narrow(0, 1, 1).into_scalar());
  // [/newton]

  // [jacobian]
  auto polar = []<class B>(const Tensor<B, 1>& rt) {
    auto r = rt.narrow(0, 0, 1), t = rt.narrow(0, 1, 1);
    return Tensor<B, 1>::cat({r * t.cos(), r * t.sin()}, 0);
  };
  auto rt = Tensor<Cpu, 1>::from_data({2.0, 0.5});
  std::cout << jacobian(polar)(rt) << "\n";
  // [/jacobian]

  // [jvp]
  auto [value, along] = jvp(polar, rt, Tensor<Cpu, 1>::from_data({1.0, 0.0}));
  std::cout << value << "\n" << along << "\n";
  // [/jvp]

  // [vjp]
  auto back = vjp(polar, rt);
  std::cout << back.pullback(Tensor<Cpu, 1>::from_data({1.0, 0.0})) << "\n";
  std::cout << back.pullback(Tensor<Cpu, 1>::from_data({0.0, 1.0})) << "\n";
  // [/vjp]
}
