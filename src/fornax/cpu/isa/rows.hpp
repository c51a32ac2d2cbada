#pragma once
// Functions of whole rows of adjacent f32 or f64 elements.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

/// log(sum(exp(x))) = top + rest, where top is about the largest element.
struct LogSumExp {
  double top, rest;
};

struct RowKernels {
  /// The fold of n elements, in the order of kernels/fold.hpp.
  using Fold = double (*)(const void* x, std::int64_t n);
  Fold sum, max, min;
  /// to[i] += x[i].
  void (*add)(void* to, const void* x, std::int64_t n);
  /// to[i] = 0, += x[i], += x[i + step] and so on: of so many rows.
  void (*sum_rows)(void* to, const void* x, std::int64_t step, std::int64_t rows, std::int64_t n);
  /// to[i] = the largest of rows[k][i] for k < count; a NaN wins, the last one of several.
  void (*largest)(void* to, const void* const* rows, std::int64_t count, std::int64_t n);
  /// to[k][i] = g[i] where rows[k][i] is that, the first of ties, and 0 for the other k; `add`: += instead.
  void (*to_largest)(void* const* to, const void* const* rows, const void* g, std::int64_t count, std::int64_t n,
                     bool add);
  /// Where x[i] is larger than best[i], or NaN, it takes its place, and at[i] becomes `place`.
  void (*keep_larger)(const void* x, void* best, std::int32_t* at, std::int32_t place, std::int64_t n);
  /// softmax of n > 0 elements, or its logarithm; y may be x.
  void (*softmax)(const void* x, void* y, std::int64_t n, bool log);
  LogSumExp (*log_sum_exp)(const void* x, std::int64_t n);
  /// factor (exp(x - top - rest) - 1 at one place); y may be x. streamed: past the caches; finish_streams() before others read.
  void (*softmax_less_one)(const void* x, void* y, std::int64_t n, LogSumExp less, double factor, std::int64_t at,
                           bool streamed);
  /// Copies past the caches; finish_streams() (fused/stream.hpp) before others read.
  void (*stream)(std::byte* to, const std::byte* from, std::size_t bytes);
};

/// For f32 or f64.
const RowKernels& row_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
