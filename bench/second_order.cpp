// Derivatives of derivatives.

#include "workloads.hpp"

namespace {

double trace_d(const Plain<2>& t) {
  const auto [rows, columns] = t.dims();
  const auto values = t.to_data().to_vector<double>();
  double sum = 0;
  for (std::int64_t i = 0; i < rows; ++i) sum += values[static_cast<std::size_t>(i * columns + i)];
  return sum;
}

/// Sum over the last dim of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2, and over all others.
template <class T> auto rosenbrock(const T& x) {
  const std::int64_t d = x.shape()[static_cast<int>(T::rank) - 1];
  const auto high = x.narrow(-1, 1, d - 1), low = x.narrow(-1, 0, d - 1);
  return (100.0f * (high - low * low).powf_scalar(2.0f) + (1.0f - low).powf_scalar(2.0f)).sum();
}

/// The gradient of rosenbrock at x, itself tracked with respect to x.
template <std::size_t D> Tracked<D> rosenbrock_gradient(const Tracked<D>& x) {
  using Twice = Tensor<Autodiff<AD>, D>;
  const auto outer = Twice::from_inner(x).require_grad();
  const auto gradients = rosenbrock(outer).backward();
  return *outer.grad(gradients);
}

Report hessian_small(const Options& o) {
  Report r = start();
  const auto x = uni<Tracked<1>>({100}, 1, 1.5f).require_grad();
  Plain<2> h;
  r.stats = bench::time_it(o, [&] {
    const auto g = rosenbrock_gradient(x);
    std::vector<Plain<1>> rows;
    for (std::int64_t i = 0; i < 100; ++i) {
      const auto gradients = g.narrow(0, i, 1).backward();
      rows.push_back(*x.grad(gradients));
    }
    h = Plain<1>::stack(rows, 0);
  });
  add_abs(r, "h_abs", h);
  add_check(r, "h_trace", trace_d(h));
  return r;
}

Report hessian_small_batched(const Options& o) {
  Report r = start();
  const auto x = uni<Plain<1>>({100}, 1, 1.5f);
  Plain<2> h;
  r.stats = bench::time_it(o, [&] { h = hessian([](const auto& at) { return rosenbrock(at); })(x); });
  add_abs(r, "h_abs", h);
  add_check(r, "h_trace", trace_d(h));
  return r;
}

}  // namespace

void add_second_order(Table& table) {
  table["hessian_small"] = hessian_small;
  table["hessian_small_batched"] = hessian_small_batched;
}
