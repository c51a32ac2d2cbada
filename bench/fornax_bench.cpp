// fornax's side of the benchmark: one process runs one workload. bench/README.md defines each of them;
// peers/libtorch/libtorch_bench.cpp is the same in libtorch.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fornax/fornax.hpp>

#include "common/harness.hpp"

using namespace fornax;
using bench::Options;
using bench::Report;

namespace {

using AD = Autodiff<Cpu>;
template <std::size_t D> using Plain = Tensor<Cpu, D>;
template <std::size_t D> using Tracked = Tensor<AD, D>;

// --- Data and check values --------------------------------------------------------------------------------------------

template <class T> T uni(const Shape& shape, std::uint64_t seed, float scale = 1.0f) {
  return T::from_data(TensorData(bench::uniform_vec(static_cast<std::size_t>(shape.numel()), seed, scale), shape));
}

/// Class indices as a column [n, 1], which is what gather along dim 1 takes.
template <class B> Tensor<B, 2, Int> classes(std::int64_t n, std::uint64_t seed, std::uint64_t count) {
  const auto values = bench::class_vec<std::int64_t>(static_cast<std::size_t>(n), seed, count);
  return Tensor<B, 2, Int>::from_data(TensorData(values, Shape{n, 1}));
}

template <class T> double sum_d(const T& t) {
  double sum = 0;
  for (const double v : t.to_data().template to_vector<double>()) sum += v;
  return sum;
}
template <class T> double abs_d(const T& t) {
  double sum = 0;
  for (const double v : t.to_data().template to_vector<double>()) sum += std::abs(v);
  return sum;
}
double trace_d(const Plain<2>& t) {
  const auto [rows, columns] = t.dims();
  const auto values = t.to_data().to_vector<double>();
  double sum = 0;
  for (std::int64_t i = 0; i < rows; ++i) sum += values[static_cast<std::size_t>(i * columns + i)];
  return sum;
}

Report start() {
  Report r;
  bench::reset_peak_rss();
  r.base_rss_kb = bench::rss_kb();
  return r;
}

// --- Small: what an operation and the tape cost -----------------------------------------------------------------------

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
  r.extra = {{"grad_a", ga}, {"grad_b", gb}};
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
  r.extra = {{"grad_a", ga}, {"grad_b", gb}};
  return r;
}

Report op_dispatch(const Options& o) {
  Report r = start();
  const auto a = Plain<1>::full({1}, 10.0f), b = Plain<1>::full({1}, 5.0f);
  Plain<1> c;
  r.stats = bench::time_it(o, [&] { c = a + b; });
  r.extra = {{"sum", c.into_scalar()}};
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
  r.extra = {{"final_loss", last}};
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

// --- Elementwise and reductions ---------------------------------------------------------------------------------------

template <class T> auto chain(const T& a, const T& b, const T& c) {
  return ((a * b + c).tanh() * a.sigmoid() - b).sum();
}

constexpr std::int64_t kChainLength = 16 << 20;

Report elementwise_chain_fwd(const Options& o) {
  Report r = start();
  const Shape shape{kChainLength};
  const auto a = uni<Plain<1>>(shape, 1), b = uni<Plain<1>>(shape, 2), c = uni<Plain<1>>(shape, 3);
  double y = 0;
  r.stats = bench::time_it(o, [&] { y = chain(a, b, c).into_scalar(); });
  r.extra = {{"sum", y}};
  return r;
}

Report elementwise_chain_fb(const Options& o) {
  Report r = start();
  const Shape shape{kChainLength};
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
  });
  r.extra = {{"ga", sum_d(*a.grad(gradients))},
             {"gb", sum_d(*b.grad(gradients))},
             {"gc", sum_d(*c.grad(gradients))},
             {"sum", y}};
  return r;
}

/// Mean over the rows of -log softmax(logits)[target].
template <class B> Tensor<B, 1> cross_entropy(const Tensor<B, 2>& logits, const Tensor<B, 2, Int>& targets) {
  return -logits.log_softmax(1).gather(1, targets).mean();
}

Report softmax_xent_fwd(const Options& o) {
  Report r = start();
  const auto x = uni<Plain<2>>({8192, 1000}, 1, 4.0f);
  const auto t = classes<Cpu>(8192, 2, 1000);
  double loss = 0;
  r.stats = bench::time_it(o, [&] { loss = cross_entropy(x, t).into_scalar(); });
  r.extra = {{"loss", loss}};
  return r;
}

Report softmax_xent_fb(const Options& o) {
  Report r = start();
  const auto x = uni<Tracked<2>>({8192, 1000}, 1, 4.0f).require_grad();
  const auto t = classes<AD>(8192, 2, 1000);
  Gradients<AD> gradients;
  double value = 0;
  r.stats = bench::time_it(o, [&] {
    gradients = {};
    auto loss = cross_entropy(x, t);
    value = loss.into_scalar();
    gradients = std::move(loss).backward();
  });
  r.extra = {{"gx_abs", abs_d(*x.grad(gradients))}, {"loss", value}};
  return r;
}

// --- Matrix products --------------------------------------------------------------------------------------------------

Report matmul(const Options& o, std::int64_t n) {
  Report r = start();
  const auto a = uni<Plain<2>>({n, n}, 1), b = uni<Plain<2>>({n, n}, 2);
  Plain<2> c;
  r.stats = bench::time_it(o, [&] { c = a.matmul(b); });
  r.flops = 2.0 * std::pow(static_cast<double>(n), 3);
  r.extra = {{"c_abs", abs_d(c)}};
  return r;
}

Report matmul_fb(const Options& o, std::int64_t n) {
  Report r = start();
  const auto a = uni<Tracked<2>>({n, n}, 1).require_grad(), b = uni<Tracked<2>>({n, n}, 2).require_grad();
  const auto g = uni<Plain<2>>({n, n}, 3);
  Gradients<AD> gradients;
  r.stats = bench::time_it(o, [&] {
    gradients = {};
    gradients = a.matmul(b).backward(g);
  });
  r.flops = 6.0 * std::pow(static_cast<double>(n), 3);
  r.extra = {{"ga_abs", abs_d(*a.grad(gradients))}, {"gb_abs", abs_d(*b.grad(gradients))}};
  return r;
}

// --- Networks ---------------------------------------------------------------------------------------------------------

/// Runs three steps on the fresh model for the check value, then times.
template <class Step> void train(const Options& o, Report& r, Step step) {
  double loss = 0;
  for (int i = 0; i < 3; ++i) loss = step();
  r.extra.emplace_back("loss_step3", loss);
  r.stats = bench::time_it(o, [&] { step(); });
}

template <class B> struct Linear {
  Tensor<B, 2> weight;  // [in, out]
  Tensor<B, 1> bias;    // [out]

  // The definition numbers the weight's elements as [out, in].
  Linear(std::int64_t in, std::int64_t out, std::uint64_t seed) {
    const float scale = 1.0f / std::sqrt(static_cast<float>(in));
    std::vector<float> values(static_cast<std::size_t>(in * out));
    for (std::int64_t i = 0; i < in; ++i)
      for (std::int64_t j = 0; j < out; ++j)
        values[static_cast<std::size_t>(i * out + j)] =
            bench::uniform(seed, static_cast<std::uint64_t>(j * in + i), scale);
    weight = Tensor<B, 2>::from_data(TensorData(values, Shape{in, out}));
    bias = uni<Tensor<B, 1>>({out}, seed + 1, scale);
  }
  Tensor<B, 2> forward(const Tensor<B, 2>& x) const { return x.matmul(weight) + bias.template unsqueeze<2>(); }
};

template <class B> struct Mlp {
  std::array<Linear<B>, 3> layers{Linear<B>(784, 512, 10), Linear<B>(512, 512, 20), Linear<B>(512, 10, 30)};

  Tensor<B, 2> forward(const Tensor<B, 2>& x) const {
    return layers[2].forward(layers[1].forward(layers[0].forward(x).relu()).relu());
  }
};

/// Adam for one parameter: rate 1e-3, betas 0.9 and 0.999, eps 1e-8.
template <std::size_t D> struct Adam {
  Tracked<D>* parameter;
  Plain<D> m, v;

  explicit Adam(Tracked<D>& p) : parameter(&p), m(p.inner().zeros_like()), v(m) { p = p.require_grad(); }

  void step(const Gradients<AD>& gradients, int t) {
    const auto g = *parameter->grad(gradients);
    m = std::move(m) * 0.9 + g * 0.1;
    v = std::move(v) * 0.999 + g.square() * 0.001;
    const double rate = 1e-3 / (1 - std::pow(0.9, t));
    const auto update = m * rate / ((v / (1 - std::pow(0.999, t))).sqrt() + 1e-8);
    *parameter = Tracked<D>::from_inner(parameter->inner() - update).require_grad();
  }
};

Report mlp_train_step(const Options& o) {
  Report r = start();
  Mlp<AD> net;
  std::vector<Adam<2>> weights;
  std::vector<Adam<1>> biases;
  for (Linear<AD>& layer : net.layers) {
    weights.emplace_back(layer.weight);
    biases.emplace_back(layer.bias);
  }
  const auto x = uni<Tracked<2>>({128, 784}, 1);
  const auto t = classes<AD>(128, 2, 10);
  int steps = 0;
  train(o, r, [&] {
    auto loss = cross_entropy(net.forward(x), t);
    const double value = loss.into_scalar();
    const auto gradients = std::move(loss).backward();
    ++steps;
    for (auto& w : weights) w.step(gradients, steps);
    for (auto& b : biases) b.step(gradients, steps);
    return value;
  });
  r.flops = 2.0 * 128 * (2.0 * 668672 + 267264);
  return r;
}

Report mlp_inference_b1(const Options& o) {
  Report r = start();
  const Mlp<Cpu> net;
  const auto x = uni<Plain<2>>({1, 784}, 1);
  Plain<2> y;
  r.stats = bench::time_it(o, [&] { y = net.forward(x); });
  r.flops = 2.0 * 668672;
  r.extra = {{"y_abs", abs_d(y)}};
  return r;
}

// --- Second order -----------------------------------------------------------------------------------------------------

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
  r.extra = {{"h_abs", abs_d(h)}, {"h_trace", trace_d(h)}};
  return r;
}

Report hessian_small_batched(const Options& o) {
  Report r = start();
  const auto x = uni<Plain<1>>({100}, 1, 1.5f);
  Plain<2> h;
  r.stats = bench::time_it(o, [&] { h = hessian([](const auto& at) { return rosenbrock(at); })(x); });
  r.extra = {{"h_abs", abs_d(h)}, {"h_trace", trace_d(h)}};
  return r;
}

}  // namespace

int main(int argc, char** argv) {
  const auto product = [](std::int64_t n) { return [n](const Options& o) { return matmul(o, n); }; };
  const std::map<std::string, bench::Workload> table = {
      {"scalar_example", scalar_example},
      {"scalar_example_reuse", scalar_example_reuse},
      {"op_dispatch", op_dispatch},
      {"linear_neuron", linear_neuron},
      {"startup", startup},
      {"elementwise_chain_fwd", elementwise_chain_fwd},
      {"elementwise_chain_fb", elementwise_chain_fb},
      {"softmax_xent_fwd", softmax_xent_fwd},
      {"softmax_xent_fb", softmax_xent_fb},
      {"matmul_64", product(64)},
      {"matmul_256", product(256)},
      {"matmul_1024", product(1024)},
      {"matmul_2048", product(2048)},
      {"matmul_1024_fb", [](const Options& o) { return matmul_fb(o, 1024); }},
      {"mlp_train_step", mlp_train_step},
      {"mlp_inference_b1", mlp_inference_b1},
      {"hessian_small", hessian_small},
      {"hessian_small_batched", hessian_small_batched},
  };
  // The number of threads is set by OMP_NUM_THREADS, which run_main puts into the environment.
  return bench::run_main(
      argc, argv, "fornax", table, [](int) {}, true);
}
