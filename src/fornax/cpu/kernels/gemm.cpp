#include <fornax/cpu/kernels/gemm.hpp>

#include <algorithm>
#include <type_traits>

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/isa/product.hpp>
#include <fornax/cpu/kernels/arithmetic.hpp>

namespace fornax::cpu {

namespace {

// A tile of b: 32 KiB of doubles, which stay in L1 while all rows of a pass over them.
constexpr std::int64_t kDepth = 32, kWidth = 128;

/// y += a b for R rows of a and the `width` adjacent columns at b. Four rows of b are taken at once, so that y is loaded
/// and stored a fourth as often; the loop over columns is the one that vectorises.
template <int R, class T>
void add_rows(const Matrix<T>& a, const T* b, std::int64_t b_step, T* __restrict y, std::int64_t y_step,
              std::int64_t width) {
  std::int64_t k = 0;
  for (; k + 4 <= a.columns; k += 4) {
    T f[R][4];
    for (int r = 0; r < R; ++r)
      for (int s = 0; s < 4; ++s) f[r][s] = a.data[r * a.row_step + (k + s) * a.column_step];
    const T *b0 = b + k * b_step, *b1 = b0 + b_step, *b2 = b1 + b_step, *b3 = b2 + b_step;
    for (std::int64_t j = 0; j < width; ++j) {
      for (int r = 0; r < R; ++r) {
        const T sum = add(add(mul(f[r][0], b0[j]), mul(f[r][1], b1[j])), add(mul(f[r][2], b2[j]), mul(f[r][3], b3[j])));
        y[r * y_step + j] = add(y[r * y_step + j], sum);
      }
    }
  }
  for (; k < a.columns; ++k) {
    for (int r = 0; r < R; ++r) {
      const T f = a.data[r * a.row_step + k * a.column_step];
      for (std::int64_t j = 0; j < width; ++j) y[r * y_step + j] = add(y[r * y_step + j], mul(f, b[k * b_step + j]));
    }
  }
}

/// For integers, and for little.
template <class T> void multiply(const Matrix<T>& a, const Matrix<T>& b, T* y, std::int64_t y_step) {
  alignas(64) T tile[kDepth * kWidth];
  // Copying a tile pays if it is read more than a few times, and always if its rows are not adjacent.
  const bool in_place = b.column_step == 1 && a.rows < 8;
  for (std::int64_t i = 0; i < a.rows; ++i) std::fill_n(y + i * y_step, b.columns, T(0));
  for (std::int64_t column = 0; column < b.columns; column += kWidth) {
    for (std::int64_t k = 0; k < b.rows; k += kDepth) {
      const Matrix<T> part = b.block(k, column, kDepth, kWidth);
      if (!in_place) {
        for (std::int64_t i = 0; i < part.rows; ++i)
          for (std::int64_t j = 0; j < part.columns; ++j)
            tile[i * kWidth + j] = part.data[i * part.row_step + j * part.column_step];
      }
      const T* from = in_place ? part.data : tile;
      const std::int64_t from_step = in_place ? part.row_step : kWidth;
      std::int64_t i = 0;
      for (; i + 2 <= a.rows; i += 2)
        add_rows<2>(a.block(i, k, 2, kDepth), from, from_step, y + i * y_step + column, y_step, part.columns);
      if (i < a.rows)
        add_rows<1>(a.block(i, k, 1, kDepth), from, from_step, y + i * y_step + column, y_step, part.columns);
    }
  }
}

}  // namespace

template <class T> bool gemm(const Matrix<T>& a, const Matrix<T>& b, T* y, std::int64_t y_step) {
  // Below, copying costs more than our slower arithmetic.
  constexpr std::int64_t small = std::int64_t{6} * 6 * 6;
  if constexpr (std::is_floating_point_v<T>) {
    if (a.rows * b.columns * a.columns > small) {
      const ProductKernels& kernels = product_kernels(dtype_v<T>, isa());
      const Product p{a.data,     b.data,        y,          a.rows,        b.columns, a.columns,
                      a.row_step, a.column_step, b.row_step, b.column_step, y_step};
      constexpr std::int64_t little = 4096;
      const std::int64_t size = kernels.scratch_size(p);
      if (size <= little) {
        alignas(64) T scratch[little];
        kernels.multiply(p, scratch);
      } else {
        const Array scratch = cpu_empty("matmul", Shape{size}, dtype_v<T>);
        kernels.multiply(p, dense(scratch).data);
      }
      return true;
    }
  }
  multiply(a, b, y, y_step);
  return true;
}

template bool gemm(const Matrix<double>&, const Matrix<double>&, double*, std::int64_t);
template bool gemm(const Matrix<float>&, const Matrix<float>&, float*, std::int64_t);
template bool gemm(const Matrix<std::int64_t>&, const Matrix<std::int64_t>&, std::int64_t*, std::int64_t);
template bool gemm(const Matrix<std::int32_t>&, const Matrix<std::int32_t>&, std::int32_t*, std::int64_t);
template bool gemm(const Matrix<std::int16_t>&, const Matrix<std::int16_t>&, std::int16_t*, std::int64_t);
template bool gemm(const Matrix<std::int8_t>&, const Matrix<std::int8_t>&, std::int8_t*, std::int64_t);
template bool gemm(const Matrix<std::uint8_t>&, const Matrix<std::uint8_t>&, std::uint8_t*, std::int64_t);

}  // namespace fornax::cpu
