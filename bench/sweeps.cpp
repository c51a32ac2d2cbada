// Single operations over all sizes, from one element up: where does a threshold lie wrong, where is a cliff?

#include "common/sweeps.hpp"

#include <algorithm>
#include <memory>

#include "workloads.hpp"

namespace {

using bench::Call;
using Prepare = Call (*)(std::int64_t size);

/// y = f(), its check value of its first elements only: reading all of a large result would take more memory than
/// computing it.
template <class F> Call call(F f) {
  using Result = std::decay_t<decltype(f())>;
  auto result = std::make_shared<Result>();
  return {[result, f = std::move(f)] {
            *result = f();
            compute(*result);
          },
          [result] {
            const auto flat = result->reshape({result->shape().numel()});
            return abs_d(flat.narrow(0, 0, std::min<std::int64_t>(result->shape().numel(), 1 << 16)));
          }};
}

Plain<1> vector(std::int64_t n, std::uint64_t seed) { return uni<Plain<1>>({n}, seed); }
Plain<2> matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return uni<Plain<2>>({rows, columns}, seed);
}
Plain<2> square(std::int64_t n) {
  const auto [rows, columns] = bench::square_of(n);
  return matrix(rows, columns, 1);
}

Call product(std::int64_t m, std::int64_t k, std::int64_t n) {
  return call([a = matrix(m, k, 1), b = matrix(k, n, 2)] { return a.matmul(b); });
}

Call convolution(std::int64_t batch, std::int64_t channels, std::int64_t side) {
  return call([x = uni<Plain<4>>({batch, channels, side, side}, 1), w = uni<Plain<4>>({channels, channels, 3, 3}, 2)] {
    return functional::conv2d(x, w, {.padding = {1, 1}});
  });
}

Call attention(std::int64_t length) {
  const auto part = [&](std::uint64_t seed) {
    return uni<Plain<4>>({1, bench::kHeads, length, bench::kHeadWidth}, seed);
  };
  return call([q = part(1), k = part(2), v = part(3)] {
    return functional::scaled_dot_product_attention(q, k, v, {.causal = true});
  });
}

const std::map<std::string, Prepare> kCalls = {
    {"sweep_add", [](std::int64_t n) { return call([a = vector(n, 1), b = vector(n, 2)] { return a + b; }); }},
    {"sweep_exp", [](std::int64_t n) { return call([a = vector(n, 1)] { return a.exp(); }); }},
    {"sweep_chain",
     [](std::int64_t n) {
       return call(
           [a = vector(n, 1), b = vector(n, 2), c = vector(n, 3)] { return (a * b + c).tanh() * a.sigmoid() - b; });
     }},
    {"sweep_sum_all", [](std::int64_t n) { return call([a = square(n)] { return a.sum(); }); }},
    {"sweep_sum_rows", [](std::int64_t n) { return call([a = square(n)] { return a.sum_dim(1); }); }},
    {"sweep_sum_columns", [](std::int64_t n) { return call([a = square(n)] { return a.sum_dim(0); }); }},
    {"sweep_softmax", [](std::int64_t n) { return call([a = square(n)] { return functional::softmax(a, 1); }); }},
    {"sweep_matmul", [](std::int64_t n) { return product(n, n, n); }},
    {"sweep_matmul_few_rows", [](std::int64_t n) { return product(bench::kFewRows, n, n); }},
    {"sweep_matmul_tall", [](std::int64_t n) { return product(n, bench::kTallWidth, bench::kTallWidth); }},
    {"sweep_conv", [](std::int64_t side) { return convolution(bench::kConvBatch, bench::kConvChannels, side); }},
    {"sweep_conv_channels",
     [](std::int64_t channels) { return convolution(bench::kChannelsBatch, channels, bench::kChannelsSide); }},
    {"sweep_attention", attention},
};

}  // namespace

void add_sweeps(Table& table) {
  for (const bench::Sweep& sweep : bench::sweeps())
    table[sweep.name] = [&sweep](const Options& o) { return bench::run_sweep(o, sweep, kCalls.at(sweep.name)); };
}
