// Elementwise work and rows.

#include "workloads.hpp"

namespace {

template <class T> auto chain(const T& a, const T& b, const T& c) {
  return ((a * b + c).tanh() * a.sigmoid() - b).sum();
}

Shape chain_shape(const Options& o) { return {sized(o, 16 << 20, 1 << 18)}; }

Report elementwise_chain_fwd(const Options& o) {
  Report r = start();
  const Shape shape = chain_shape(o);
  const auto a = uni<Plain<1>>(shape, 1), b = uni<Plain<1>>(shape, 2), c = uni<Plain<1>>(shape, 3);
  double y = 0;
  r.stats = bench::time_it(o, [&] { y = chain(a, b, c).into_scalar(); });
  add_check(r, "sum", y);
  return r;
}

Report elementwise_chain_fb(const Options& o) {
  Report r = start();
  const Shape shape = chain_shape(o);
  const auto a = uni<Tracked<1>>(shape, 1).require_grad();
  const auto b = uni<Tracked<1>>(shape, 2).require_grad();
  const auto c = uni<Tracked<1>>(shape, 3).require_grad();
  Gradients<AD> gradients;
  double y = 0;
  r.stats = bench::time_it(o, [&] {
    gradients = {};
    auto sum = chain(a, b, c);
    y = sum.into_scalar();
    gradients = std::move(sum).backward();
    compute(*a.grad(gradients));
    compute(*b.grad(gradients));
    compute(*c.grad(gradients));
  });
  add_sum(r, "ga", *a.grad(gradients));
  add_sum(r, "gb", *b.grad(gradients));
  add_sum(r, "gc", *c.grad(gradients));
  add_check(r, "sum", y);
  return r;
}

Report gelu_layernorm(const Options& o) {
  Report r = start();
  const Shape shape{sized(o, 4096, 256), 1024};
  const auto x = uni<Tracked<2>>(shape, 1, 2.0f).require_grad();
  const auto vector = [](std::uint64_t seed) { return uni<Tracked<1>>({1024}, seed).require_grad(); };
  const auto w = vector(2), b = vector(3), gamma = vector(4), beta = vector(5);
  const auto g = uni<Plain<2>>(shape, 6);
  Gradients<AD> gradients;
  Plain<2> y;
  r.stats = bench::time_it(o, [&] {
    gradients = {};
    auto out = functional::layer_norm(functional::gelu(x * w.unsqueeze<2>() + b.unsqueeze<2>()), gamma, beta);
    y = out.inner();
    gradients = std::move(out).backward(g);
    compute(y);
    for (const auto& v : {w, b, gamma, beta}) compute(*v.grad(gradients));
    compute(*x.grad(gradients));
  });
  add_abs(r, "y_abs", y);
  add_abs(r, "gx_abs", *x.grad(gradients));
  add_abs(r, "gw_abs", *w.grad(gradients));
  return r;
}

Report softmax_xent_fwd(const Options& o) {
  Report r = start();
  const std::int64_t rows = sized(o, 8192, 256);
  const auto x = uni<Plain<2>>({rows, 1000}, 1, 4.0f);
  const auto t = classes<Base>(rows, 2, 1000);
  double loss = 0;
  r.stats = bench::time_it(o, [&] { loss = functional::cross_entropy(x, t).into_scalar(); });
  add_check(r, "loss", loss);
  return r;
}

Report softmax_xent_fb(const Options& o) {
  Report r = start();
  const std::int64_t rows = sized(o, 8192, 256);
  const auto x = uni<Tracked<2>>({rows, 1000}, 1, 4.0f).require_grad();
  const auto t = classes<AD>(rows, 2, 1000);
  Gradients<AD> gradients;
  double value = 0;
  r.stats = bench::time_it(o, [&] {
    gradients = {};
    auto loss = functional::cross_entropy(x, t);
    value = loss.into_scalar();
    gradients = std::move(loss).backward();
    compute(*x.grad(gradients));
  });
  add_abs(r, "gx_abs", *x.grad(gradients));
  add_check(r, "loss", value);
  return r;
}

}  // namespace

void add_elementwise(Table& table) {
  table["elementwise_chain_fwd"] = elementwise_chain_fwd;
  table["elementwise_chain_fb"] = elementwise_chain_fb;
  table["gelu_layernorm"] = gelu_layernorm;
  table["softmax_xent_fwd"] = softmax_xent_fwd;
  table["softmax_xent_fb"] = softmax_xent_fb;
}
