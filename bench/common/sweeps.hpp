// The sweeps: one operation over a range of sizes. Shapes and work stand here, so that every program measures the same;
// a program says how it makes the inputs and what it calls.
#pragma once
#include "harness.hpp"

namespace bench {

// What one call cannot do without: arithmetic, bytes of distinct inputs, bytes of results, exponentials.
struct Work {
  double flops = 0, read = 0, written = 0, exps = 0;
};

struct Call {
  std::function<void()> run;
  std::function<double()> check;  // of the last result
};

struct Rows {
  int64_t rows, columns;
};
// The matrix of about n elements that is as good as square.
inline Rows square_of(int64_t n) {
  const auto rows = std::max<int64_t>(1, static_cast<int64_t>(std::sqrt(static_cast<double>(n))));
  return {rows, n / rows};
}

struct Sweep {
  const char* name;
  std::vector<int64_t> sizes;
  Work (*work)(int64_t size);
};

inline constexpr int64_t kConvBatch = 4, kConvChannels = 32, kChannelsBatch = 8, kChannelsSide = 28;
inline constexpr int64_t kFewRows = 16, kTallWidth = 64, kHeads = 8, kHeadWidth = 64;

inline const std::vector<Sweep>& sweeps() {
  // Half decades: powers of two alone would hide what the ends of rows cost.
  static const std::vector<int64_t> elements = {1,       3,       10,       32,       100,      316,
                                                1000,    3162,    10000,    31623,    100000,   316228,
                                                1000000, 3162278, 10000000, 31622777, 100000000};
  static const std::vector<int64_t> sides = {1,   2,   3,   4,   8,   16,  24,   32,   48,   64,  96,
                                             128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4096};
  static constexpr auto bytes = [](double floats) { return 4 * floats; };
  static const std::vector<Sweep> all = {
      // c = a + b
      {"sweep_add", elements,
       [](int64_t n) {
         return Work{0, bytes(2.0 * double(n)), bytes(double(n)), 0};
       }},
      // y = exp(a)
      {"sweep_exp", elements,
       [](int64_t n) {
         return Work{0, bytes(double(n)), bytes(double(n)), double(n)};
       }},
      // y = tanh(a * b + c) * sigmoid(a) - b
      {"sweep_chain", elements,
       [](int64_t n) {
         return Work{0, bytes(3.0 * double(n)), bytes(double(n)), 2.0 * double(n)};
       }},
      // sums of the matrix square_of(size): of all, of each row, of each column
      {"sweep_sum_all", elements,
       [](int64_t n) {
         return Work{0, bytes(double(n)), 4, 0};
       }},
      {"sweep_sum_rows", elements,
       [](int64_t n) {
         return Work{0, bytes(double(n)), bytes(double(square_of(n).rows)), 0};
       }},
      {"sweep_sum_columns", elements,
       [](int64_t n) {
         return Work{0, bytes(double(n)), bytes(double(square_of(n).columns)), 0};
       }},
      // of each row of square_of(size)
      {"sweep_softmax", elements,
       [](int64_t n) {
         return Work{0, bytes(double(n)), bytes(double(n)), double(n)};
       }},
      // [n, n] by [n, n]
      {"sweep_matmul", sides,
       [](int64_t side) {
         const auto n = double(side);
         return Work{2 * n * n * n, bytes(2 * n * n), bytes(n * n), 0};
       }},
      // [16, n] by [n, n]: a layer on few examples
      {"sweep_matmul_few_rows", sides,
       [](int64_t side) {
         const auto n = double(side), m = double(kFewRows);
         return Work{2 * m * n * n, bytes(m * n + n * n), bytes(m * n), 0};
       }},
      // [n, 64] by [64, 64]
      {"sweep_matmul_tall",
       {1, 3, 10, 32, 100, 316, 1000, 3162, 10000, 31623, 100000, 316228, 1000000},
       [](int64_t rows) {
         const auto n = double(rows), k = double(kTallWidth);
         return Work{2 * n * k * k, bytes(n * k + k * k), bytes(n * k), 0};
       }},
      // [4, 32, n, n], 3x3 with padding 1 to 32 channels
      {"sweep_conv",
       {1, 2, 4, 7, 8, 14, 16, 28, 32, 56, 64, 112, 128, 224, 448},
       [](int64_t side) {
         const auto c = double(kConvChannels), pixels = double(kConvBatch * side * side);
         return Work{2 * 9 * c * c * pixels, bytes(c * pixels + 9 * c * c), bytes(c * pixels), 0};
       }},
      // [8, n, 28, 28], 3x3 with padding 1 to as many channels
      {"sweep_conv_channels",
       {1, 2, 3, 4, 8, 16, 32, 64, 128, 256},
       [](int64_t channels) {
         const auto c = double(channels), pixels = double(kChannelsBatch * kChannelsSide * kChannelsSide);
         return Work{2 * 9 * c * c * pixels, bytes(c * pixels + 9 * c * c), bytes(c * pixels), 0};
       }},
      // q, k, v [1, 8, n, 64], causal
      {"sweep_attention",
       {1, 3, 8, 16, 32, 64, 100, 128, 256, 512, 1000, 1024, 2048, 4096},
       [](int64_t length) {
         const auto t = double(length), pairs = double(kHeads) * t * (t + 1) / 2, w = double(kHeadWidth);
         return Work{4 * pairs * w, bytes(3.0 * double(kHeads) * t * w), bytes(double(kHeads) * t * w), pairs};
       }},
  };
  return all;
}

// Measures every size that the memory allows, and prints a line for each.
inline Report run_sweep(const Options& o, const Sweep& sweep, const std::function<Call(int64_t)>& prepare) {
  for (const int64_t size : sweep.sizes) {
    const Work work = sweep.work(size);
    if ((work.read + work.written) * 1e-6 > o.max_mb) continue;
    const Call call = prepare(size);
    Report r;
    r.stats = time_it(o, call.run);
    r.flops = work.flops;
    r.extra = {{"size", double(size)},
               {"read", work.read},
               {"written", work.written},
               {"exps", work.exps},
               {"check", call.check()}};
    print_json(o, r);
  }
  return {};
}

}  // namespace bench
