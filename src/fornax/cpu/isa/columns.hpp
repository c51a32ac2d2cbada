#pragma once
// Rows of adjacent channels, f32 or f64: what normalisation over a batch needs of pictures whose channels lie side by side.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

struct ColumnKernels {
  /// sums[c] += the sum over the rows of x, or of (x - mean)^2 if there is a mean.
  void (*sums)(std::int64_t rows, std::int64_t channels, const void* x, const void* mean, double* sums);
  /// plain[c] += the sum of g; along[c] += that of g (x - mean).
  void (*products)(std::int64_t rows, std::int64_t channels, const void* x, const void* mean, const void* g,
                   double* plain, double* along);
  /// to = g where y > 0, and 0 elsewhere; sums[c] += the sum of that over the rows.
  void (*gate)(std::int64_t rows, std::int64_t channels, const void* g, const void* y, void* to, double* sums);
  /// y = (x - mean) scale + bias. y may be x.
  void (*forward)(std::int64_t rows, std::int64_t channels, const void* x, const void* mean, const void* scale,
                  const void* bias, void* y);
  /// dx = (g - plain - (x - mean) along) scale. dx may be g.
  void (*backward)(std::int64_t rows, std::int64_t channels, const void* x, const void* mean, const void* g,
                   const void* plain, const void* along, const void* scale, void* dx);
};

/// For f32 or f64.
const ColumnKernels& column_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
