#include <fornax/cpu/kernels/gemm.hpp>

#include <algorithm>
#include <type_traits>

#include <fornax/cpu/kernels/arithmetic.hpp>

#if defined(FORNAX_WITH_ONEDNN)
#include <dnnl.h>
#endif

namespace fornax::cpu {

namespace {

// A tile of b: 32 KiB of doubles, which stay in L1 while all rows of a pass over them.
constexpr std::int64_t kDepth = 32, kWidth = 128;

/// y += a b for R rows of a, `depth` rows of b and `width` columns. Four rows of b are taken at once, so that y is
/// loaded and stored a fourth as often; the loop over columns is the one that vectorises.
template <int R, class T>
void add_rows(const Matrix<T>& a, const T* b, std::int64_t b_step, T* __restrict y, std::int64_t y_step,
              std::int64_t depth, std::int64_t width) {
  std::int64_t k = 0;
  for (; k + 4 <= depth; k += 4) {
    T f[R][4];
    for (int r = 0; r < R; ++r)
      for (int s = 0; s < 4; ++s) f[r][s] = a.data[r * a.row_step + (k + s) * a.column_step];
    const T *b0 = b + k * b_step, *b1 = b0 + b_step, *b2 = b1 + b_step, *b3 = b2 + b_step;
    for (std::int64_t j = 0; j < width; ++j)
      for (int r = 0; r < R; ++r) {
        const T sum = add(add(mul(f[r][0], b0[j]), mul(f[r][1], b1[j])), add(mul(f[r][2], b2[j]), mul(f[r][3], b3[j])));
        y[r * y_step + j] = add(y[r * y_step + j], sum);
      }
  }
  for (; k < depth; ++k)
    for (int r = 0; r < R; ++r) {
      const T factor = a.data[r * a.row_step + k * a.column_step];
      for (std::int64_t j = 0; j < width; ++j) y[r * y_step + j] = add(y[r * y_step + j], mul(factor, b[k * b_step + j]));
    }
}

/// The product without a library.
template <class T>
void multiply(const Matrix<T>& a, const Matrix<T>& b, T* y, std::int64_t y_step, std::int64_t rows, std::int64_t columns,
              std::int64_t depth) {
  alignas(64) T tile[kDepth * kWidth];
  // Copying a tile pays if it is read more than a few times, and always if its rows are not adjacent.
  const bool in_place = b.column_step == 1 && rows < 8;
  for (std::int64_t i = 0; i < rows; ++i) std::fill_n(y + i * y_step, columns, T(0));
  for (std::int64_t column = 0; column < columns; column += kWidth) {
    const std::int64_t width = std::min(kWidth, columns - column);
    for (std::int64_t start = 0; start < depth; start += kDepth) {
      const std::int64_t part = std::min(kDepth, depth - start);
      const Matrix<T> from = b.block(start, column);
      if (!in_place)
        for (std::int64_t k = 0; k < part; ++k)
          for (std::int64_t j = 0; j < width; ++j) tile[k * kWidth + j] = from.data[k * from.row_step + j * from.column_step];
      const T* read = in_place ? from.data : tile;
      const std::int64_t read_step = in_place ? from.row_step : kWidth;
      std::int64_t i = 0;
      for (; i + 2 <= rows; i += 2)
        add_rows<2>(a.block(i, start), read, read_step, y + i * y_step + column, y_step, part, width);
      if (i < rows) add_rows<1>(a.block(i, start), read, read_step, y + i * y_step + column, y_step, part, width);
    }
  }
}

#if defined(FORNAX_WITH_ONEDNN)
bool library_multiply(const Matrix<float>& a, const Matrix<float>& b, float* y, std::int64_t y_step, std::int64_t rows,
                      std::int64_t columns, std::int64_t depth) {
  const auto step = [](const Matrix<float>& m) { return m.column_step == 1 ? m.row_step : m.column_step; };
  const auto order = [](const Matrix<float>& m) { return m.column_step == 1 ? 'N' : 'T'; };
  return dnnl_sgemm(order(a), order(b), rows, columns, depth, 1, a.data, step(a), b.data, step(b), 0, y, y_step) ==
         dnnl_success;
}
#endif

}  // namespace

template <class T>
bool gemm(const Matrix<T>& a, const Matrix<T>& b, T* y, std::int64_t y_step, std::int64_t rows, std::int64_t columns,
          std::int64_t depth) {
#if defined(FORNAX_WITH_ONEDNN)
  // Below, the call itself costs more than the arithmetic.
  constexpr std::int64_t small = 16 * 16 * 16;
  if constexpr (std::is_same_v<T, float>)
    if (rows * columns * depth > small) return library_multiply(a, b, y, y_step, rows, columns, depth);
#endif
  multiply(a, b, y, y_step, rows, columns, depth);
  return true;
}

template bool gemm(const Matrix<double>&, const Matrix<double>&, double*, std::int64_t, std::int64_t, std::int64_t, std::int64_t);
template bool gemm(const Matrix<float>&, const Matrix<float>&, float*, std::int64_t, std::int64_t, std::int64_t, std::int64_t);
template bool gemm(const Matrix<std::int64_t>&, const Matrix<std::int64_t>&, std::int64_t*, std::int64_t, std::int64_t, std::int64_t, std::int64_t);
template bool gemm(const Matrix<std::int32_t>&, const Matrix<std::int32_t>&, std::int32_t*, std::int64_t, std::int64_t, std::int64_t, std::int64_t);
template bool gemm(const Matrix<std::int16_t>&, const Matrix<std::int16_t>&, std::int16_t*, std::int64_t, std::int64_t, std::int64_t, std::int64_t);
template bool gemm(const Matrix<std::int8_t>&, const Matrix<std::int8_t>&, std::int8_t*, std::int64_t, std::int64_t, std::int64_t, std::int64_t);
template bool gemm(const Matrix<std::uint8_t>&, const Matrix<std::uint8_t>&, std::uint8_t*, std::int64_t, std::int64_t, std::int64_t, std::int64_t);

}  // namespace fornax::cpu
