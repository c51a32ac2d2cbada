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
  Fold sum;
  /// total + block + block ... of n elements, the last block of which may be shorter.
  double (*add_blocks)(double total, const void* x, std::int64_t n);
  Fold max, min;
  /// to[i] += x[i].
  void (*add)(void* to, const void* x, std::int64_t n);
  /// Of rows of n elements, `step` apart: row r is added to lane r % 16; lanes lie to_step apart and begin with 0. Those that get
  /// no row are left alone.
  void (*sum_lanes)(void* to, std::int64_t to_step, const void* x, std::int64_t step, std::int64_t rows,
                    std::int64_t n);
  /// to[c] += the sum of the first `used` lanes in a tree.
  void (*join_lanes)(const void* lanes, std::int64_t step, std::int64_t used, std::int64_t n, double* to);
  /// y[r] = sum / divisor of row r; rows of n elements lie `step` apart.
  void (*sum_each)(const void* x, std::int64_t step, std::int64_t rows, std::int64_t n, double divisor, void* y);
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
  /// log(sum(exp(x))) and, in y, factor (softmax(x) - 1 at one place); y may be x. A `room` for n elements: then y is written past the
  /// caches.
  LogSumExp (*softmax_slope)(const void* x, void* y, std::int64_t n, double factor, std::int64_t at, void* room);
  /// Copies past the caches; finish_streams() (fused/stream.hpp) before others read.
  void (*stream)(std::byte* to, const std::byte* from, std::size_t bytes);
};

/// For f32 or f64.
const RowKernels& row_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
