#pragma once
// One block of a matrix product, computed by the calling thread.

#include <cstdint>

namespace fornax::cpu {

/// Elements at data[i * row_step + j * column_step].
template <class T>
struct Matrix {
  const T* data;
  std::int64_t row_step, column_step;

  Matrix block(std::int64_t row, std::int64_t column) const {
    return {data + row * row_step + column * column_step, row_step, column_step};
  }
};

/// y[i * y_step + j] = sum of a(i, k) b(k, j) over k < depth, for i < rows, j < columns. Integers wrap around.
/// Returns false if a library refused its task.
///
/// For f32 one step of a and one of b is 1 and the other at least as long as what it steps over.
template <class T>
bool gemm(const Matrix<T>& a, const Matrix<T>& b, T* y, std::int64_t y_step, std::int64_t rows, std::int64_t columns,
          std::int64_t depth);

}  // namespace fornax::cpu
