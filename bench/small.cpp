// What an operation and the tape cost.

#include <cstdio>

#include "workloads.hpp"

namespace {

Report scalar_example(const Options& o) {
  Report r = start();
  float ga = 0, gb = 0;
  r.stats = bench::time_it(o, [&] {
    const auto a = Tracked<1>::from_data({10.0f}).require_grad();
    const auto b = Tracked<1>::from_data({5.0f}).require_grad();
    const auto c = Tracked<1>::from_data({2.0f});
    const auto y = a * b + c;
    const auto gradients = y.backward();
    ga = a.grad(gradients)->into_scalar<float>();
    gb = b.grad(gradients)->into_scalar<float>();
  });
  add_check(r, "grad_a", ga);
  add_check(r, "grad_b", gb);
  return r;
}

Report scalar_example_reuse(const Options& o) {
  Report r = start();
  const auto a = Tracked<1>::from_data({10.0f}).require_grad();
  const auto b = Tracked<1>::from_data({5.0f}).require_grad();
  const auto c = Tracked<1>::from_data({2.0f});
  float ga = 0, gb = 0;
  r.stats = bench::time_it(o, [&] {
    const auto y = a * b + c;
    const auto gradients = y.backward();
    ga = a.grad(gradients)->into_scalar<float>();
    gb = b.grad(gradients)->into_scalar<float>();
  });
  add_check(r, "grad_a", ga);
  add_check(r, "grad_b", gb);
  return r;
}

Report op_dispatch(const Options& o) {
  Report r = start();
  const auto a = Plain<1>::full({1}, 10.0f), b = Plain<1>::full({1}, 5.0f);
  Plain<1> c;
  r.stats = bench::time_it(o, [&] { c = a + b; });
  add_check(r, "sum", c.into_scalar());
  return r;
}

Report linear_neuron(const Options& o) {
  Report r = start();
  float last = 0;
  r.stats = bench::time_it(o, [&] {
    const auto x = Tracked<1>::full({1}, 2.0f), target = Tracked<1>::full({1}, 10.0f);
    auto w = Tracked<1>::full({1}, 3.0f).require_grad();
    auto b = Tracked<1>::full({1}, 1.0f).require_grad();
    const float lr = 0.01f;
    for (int i = 0; i < 100; ++i) {
      const auto y = x * w + b;
      const auto loss = (y - target).powf_scalar(2.0f).mean();
      const auto gradients = loss.backward();
      const auto gw = Tracked<1>::from_inner(*w.grad(gradients));
      const auto gb = Tracked<1>::from_inner(*b.grad(gradients));
      w = (w - gw * lr).detach().require_grad();
      b = (b - gb * lr).detach().require_grad();
      last = loss.into_scalar<float>();
    }
  });
  add_check(r, "final_loss", last);
  return r;
}

Report startup(const Options&) {
  const auto a = Tracked<1>::full({1}, 10.0f).require_grad();
  const auto b = Tracked<1>::full({1}, 5.0f).require_grad();
  const auto y = a * b + Tracked<1>::full({1}, 2.0f);
  const auto gradients = y.backward();
  std::printf("%g %g\n", a.grad(gradients)->into_scalar(), b.grad(gradients)->into_scalar());
  std::fflush(stdout);
  return {};
}

}  // namespace

void add_small(Table& table) {
  table["scalar_example"] = scalar_example;
  table["scalar_example_reuse"] = scalar_example_reuse;
  table["op_dispatch"] = op_dispatch;
  table["linear_neuron"] = linear_neuron;
  table["startup"] = startup;
}
