#pragma once
// One block of a matrix product, computed by the calling thread.

#include <cstdint>

#include <fornax/array/dtype.hpp>

namespace fornax::cpu {

/// Elements at data[i * row_step + j * column_step].
template <class T> struct Matrix {
  const T* data;
  std::int64_t rows, columns;
  std::int64_t row_step, column_step;

  /// The part from (row, column) on, no larger than `most_rows` and `most_columns`.
  Matrix block(std::int64_t row, std::int64_t column, std::int64_t most_rows, std::int64_t most_columns) const {
    return {data + row * row_step + column * column_step, row + most_rows < rows ? most_rows : rows - row,
            column + most_columns < columns ? most_columns : columns - column, row_step, column_step};
  }
};

/// y[i * y_step + j] = sum of a(i, k) b(k, j) over k. Integers wrap around. Returns false if a library refused its task, as for
/// bf16 alone it may. Throws OutOfMemory, before it writes.
template <class T> bool gemm(const Matrix<T>& a, const Matrix<T>& b, T* y, std::int64_t y_step);

/// Whether the machine and the build multiply bf16, with sums in f32 that are rounded once: gemm of BFloat16, which is called under a
/// OneThread. Of the two steps of a one is 1 and the other as long as a row or a column, or longer; the same for b.
bool has_bf16_products();
template <> bool gemm(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, BFloat16* y, std::int64_t y_step);
/// The sums themselves.
bool gemm(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, float* y, std::int64_t y_step);
/// With a number for each column added before a sum is rounded.
bool gemm_and_add(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, const float* bias, BFloat16* y,
                  std::int64_t y_step);

}  // namespace fornax::cpu
