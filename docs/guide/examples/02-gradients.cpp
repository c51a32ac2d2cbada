// The program of docs/guide/02-gradients.md, which quotes the regions between [name] and [/name].
// [start]
#include <cstdio>
#include <fornax/fornax.hpp>
#include <iostream>

using namespace fornax;
using B = Autodiff<Cpu>;
// [/start]

// [parameters]
template <class B> struct Line {
  Tensor<B, 1> w, b;
  FORNAX_FIELDS(w, b)
};
// [/parameters]

int main() {
  // [backward]
  auto x = Tensor<B, 1>::from_data({1.0, 2.0, 3.0}).require_grad();
  auto y = (x * x).sum();
  auto gradients = y.backward();
  Tensor<Cpu, 1> dx = x.grad(gradients).value();
  std::cout << dx << "\n";
  // [/backward]

  // [cotangent]
  auto squares = x * x;
  auto weights = Tensor<Cpu, 1>::from_data({1.0, 0.0, -1.0});
  std::cout << x.grad(squares.backward(weights)).value() << "\n";
  // [/cotangent]

  // [constants]
  auto frozen = (x.detach() * x).sum();                  // the first factor is a constant here
  auto unseen = no_grad([&] { return (x * x).sum(); });  // nothing is recorded at all
  std::cout << x.grad(frozen.backward()).value() << "\n";
  std::cout << std::boolalpha << unseen.is_tracked() << "\n";
  // [/constants]

  // [function]
  auto loss = [](const auto& v) { return (v * v * v).sum(); };
  auto at = Tensor<Cpu, 1>::from_data({1.0, 2.0});
  auto [value, slope] = value_and_grad(loss)(at);
  std::cout << value << "\n" << slope << "\n";
  // [/function]

  // [fit]
  auto inputs = Tensor<Cpu, 1>::from_data({0.0, 1.0, 2.0, 3.0});
  auto targets = Tensor<Cpu, 1>::from_data({1.0, 3.0, 5.0, 7.0});
  auto error = [](const auto& line, const auto& in, const auto& out) {
    return (line.w * in + line.b - out).square().mean();
  };

  Line<Cpu> line{Tensor<Cpu, 1>::zeros({1}), Tensor<Cpu, 1>::zeros({1})};
  for (int step = 0; step < 500; ++step) {
    Line<Cpu> g = grad(error)(line, inputs, targets);
    line = {line.w - g.w * 0.1, line.b - g.b * 0.1};
  }
  std::printf("w = %.3f, b = %.3f\n", line.w.into_scalar(), line.b.into_scalar());
  // [/fit]

  // [captured]
  auto scale = Tensor<Cpu, 1>::from_data({10.0, 100.0});
  auto scaled = [&](const auto& v) { return (v * lift(scale, v)).sum(); };
  std::cout << grad(scaled)(at) << "\n";
  // [/captured]
}
