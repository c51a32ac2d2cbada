// The program of docs/guide/05-custom-rules.md, which quotes the regions between [name] and [/name].
// [start]
#include <fornax/fornax.hpp>
#include <iostream>

using namespace fornax;
using B = Autodiff<Cpu>;
// [/start]

int main() {
  // [ties]
  auto at_zero = Tensor<Cpu, 1>::from_data({0.0});
  std::cout << grad([](const auto& v) { return v.relu().sum(); })(at_zero) << "\n";
  std::cout << grad([](const auto& v) { return v.abs().sum(); })(at_zero) << "\n";
  std::cout << grad([](const auto& v) { return v.max_pair(v * 3).sum(); })(at_zero) << "\n";
  std::cout << grad([](const auto& v) { return v.sqrt().sum(); })(at_zero) << "\n";
  // [/ties]

  // [trap]
  auto x = Tensor<Cpu, 1>::from_data({0.0, 4.0});
  auto careless = [](const auto& v) { return v.sqrt().mask_fill(v.lower_equal(0), 0).sum(); };
  std::cout << grad(careless)(x) << "\n";
  // [/trap]

  // [double_where]
  auto careful = [](const auto& v) {
    auto outside = v.lower_equal(0);
    return v.mask_fill(outside, 1).sqrt().mask_fill(outside, 0).sum();
  };
  std::cout << grad(careful)(x) << "\n";
  // [/double_where]

  // [stop]
  auto straight_through = [](const auto& v) { return v + stop_gradient(v.round() - v); };
  auto r = Tensor<Cpu, 1>::from_data({0.3, 1.8});
  std::cout << straight_through(r) << "\n";
  std::cout << grad([&](const auto& v) { return straight_through(v).square().sum(); })(r) << "\n";
  // [/stop]

  // [vjp]
  auto reversed = custom_vjp([](const auto& v) { return v; },                 // the value
                             [](const auto&, const auto& g) { return -g; });  // the gradient, from that of the result
  std::cout << grad([&](const auto& v) { return (reversed(v) * 5).sum(); })(r) << "\n";
  // [/vjp]

  // [jvp]
  auto written = [](const auto& v) { return v.exp().log1p().sum(); };
  auto softplus = custom_jvp([](const auto& v) { return v.exp().log1p(); },
                             [](const auto& v, const auto& t) { return t * v.sigmoid(); });
  auto large = Tensor<Cpu, 1>::from_data({0.0, 100.0});
  auto slope = grad([&](const auto& v) { return softplus(v).sum(); });
  std::cout << grad(written)(large) << "\n";
  std::cout << slope(large) << "\n";
  std::cout << grad([&](const auto& v) { return slope(v).sum(); })(large) << "\n";
  // [/jvp]

  // [hook]
  auto w = Tensor<B, 1>::from_data({1.0, 2.0}).require_grad();
  auto h = w * 10;
  h.register_hook([](const Tensor<Cpu, 1>& g) { std::cout << "at h: " << g << "\n"; });
  auto clip = h.register_hook([](const Tensor<Cpu, 1>& g) { return g.clamp(-1.0, 1.0); });
  auto y = (h * h).sum();
  std::cout << w.grad(y.backward()).value() << "\n";
  clip.remove();
  std::cout << w.grad(y.backward()).value() << "\n";
  // [/hook]
}
