#pragma once
// Products of matrices, computed by the calling thread.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

/// y[i * y_row + j] = sum over k of a[i * a_row + k * a_column] b[k * b_row + j * b_column]. Any steps will do; fastest are
/// those of which one is 1.
struct Product {
  const void *a, *b;
  void* y;
  std::int64_t rows, columns, depth;
  std::int64_t a_row, a_column, b_row, b_column, y_row;
};

struct ProductKernels {
  /// Elements of memory that `multiply` needs.
  std::int64_t (*scratch_size)(const Product&);
  void (*multiply)(const Product&, void* scratch);
};

/// For f32 or f64.
const ProductKernels& product_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
