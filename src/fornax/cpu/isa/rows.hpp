#pragma once
// Functions of whole rows of adjacent f32 or f64 elements.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

struct RowKernels {
  /// The fold of n elements, in the order of kernels/fold.hpp.
  using Fold = double (*)(const void* x, std::int64_t n);
  Fold sum, max, min;
  /// to[i] += x[i].
  void (*add)(void* to, const void* x, std::int64_t n);
  /// to[i] += x[i], then += x[i + step] and so on: four rows. Asks for four others, to_next elements away.
  void (*add_four)(void* to, const void* x, std::int64_t step, std::int64_t n, std::int64_t to_next);
  /// Where x[i] is larger than best[i], or NaN, it takes its place, and at[i] becomes `place`.
  void (*keep_larger)(const void* x, void* best, std::int32_t* at, std::int32_t place, std::int64_t n);
  /// softmax of n > 0 elements, or its logarithm; y may be x.
  void (*softmax)(const void* x, void* y, std::int64_t n, bool log);
  /// -log(softmax(x)) at one of n elements.
  double (*cross_entropy)(const void* x, std::int64_t n, std::int64_t at);
  /// g (softmax(x) - one_hot(at)); y may be x.
  void (*cross_entropy_grad)(const void* x, void* y, std::int64_t n, std::int64_t at, double g);
};

/// For f32 or f64.
const RowKernels& row_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
