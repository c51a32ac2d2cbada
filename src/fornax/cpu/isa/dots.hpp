// Products of few rows with a right factor whose columns are what is adjacent (x Wᵀ): sums along columns as they lie. A copy of the factor
// would cost more than the product. For product.cpp.
#pragma once

#include <algorithm>

#include <fornax/cpu/isa/product.hpp>
#include <fornax/cpu/isa/vec.hpp>

namespace fornax::cpu::FORNAX_ISA {

// Of a tile of the result, whose sums, a vector for each, stay in registers.
inline constexpr int kDotRows = 3;
template <class T> inline constexpr int kDotColumns = std::min<int>(kVectorBytes == 64 ? 8 : 4, kLanes<T>);

/// The steps of a dot product, of a vector each; the last may have fewer lanes.
template <class T> std::int64_t dot_steps(std::int64_t depth) { return (depth + kLanes<T> - 1) / kLanes<T>; }

/// The sums of the lanes of n vectors to lanes [i, i + 1) * kLanes / n of v[0] each, halving both at a time.
template <int n, int half, class V> FORNAX_INLINE void fold(V* v) {
  if constexpr (n > 1) {
    constexpr int lanes = sizeof(V) / sizeof(v[0][0]);
#pragma GCC unroll 8
    for (int i = 0; i < n / 2; ++i) {
      swap_corners<half>(v[i], v[i + n / 2], std::make_integer_sequence<int, lanes>());
      v[i] += v[i + n / 2];
    }
    fold<n / 2, half / 2>(v);
  }
}

/// R rows of the result, `width` columns of it. a: for each step a vector of each row, of the last one as many lanes as are left at least.
template <int R, class T>
FORNAX_INLINE void add_dots(const T* a, const T* b, std::int64_t b_column, std::int64_t width, std::int64_t depth, T* y,
                            std::int64_t y_row, std::int64_t y_column) {
  constexpr int C = kDotColumns<T>;
  constexpr std::int64_t lanes = kLanes<T>;
  const T* from[C];
#pragma GCC unroll 8
  for (int c = 0; c < C; ++c) from[c] = b + std::min<std::int64_t>(c, width - 1) * b_column;
  Vec<T> sum[R][C] = {};
  const auto add = [&](std::int64_t k, const auto& read) {
    Vec<T> x[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) x[r] = read(a + (k * R + r * lanes));
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      Vec<T> w = read(from[c] + k);
      keep_in_register(w);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) sum[r][c] += x[r] * w;
    }
  };
  std::int64_t k = 0;
  for (; k + lanes <= depth; k += lanes) add(k, [](const T* x) { return load(x); });
  if (k < depth) add(k, [n = depth - k](const T* x) { return load_first(x, n); });
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    fold<C, static_cast<int>(lanes) / 2>(sum[r]);
    T parts[lanes];
    store<T>(parts, sum[r][0]);
    for (std::int64_t c = 0; c < width; ++c) {
      T all = parts[c * (lanes / C)];
      for (std::int64_t l = 1; l < lanes / C; ++l) all += parts[c * (lanes / C) + l];
      y[r * y_row + c * y_column] = all;
    }
  }
}

/// Calls f(R, i) for rows [i, i + R), as many of a tile as of any other or one less.
template <class F> FORNAX_INLINE void for_dot_rows(std::int64_t rows, F&& f) {
  std::int64_t tiles = (rows + kDotRows - 1) / kDotRows;
  for (std::int64_t i = 0; i < rows; --tiles) {
    const std::int64_t n = (rows - i + tiles - 1) / tiles;
    switch (n) {
      case 3: f(std::integral_constant<int, 3>(), i); break;
      case 2: f(std::integral_constant<int, 2>(), i); break;
      default: f(std::integral_constant<int, 1>(), i); break;
    }
    i += n;
  }
}

/// The product, of which b_row is 1, with columns of y that are `y_column` apart. Scratch: rows times dot_steps vectors.
template <class T> void multiply_dots(const Product& p, std::int64_t y_column, T* scratch) {
  constexpr std::int64_t lanes = kLanes<T>;
  const auto *a = static_cast<const T*>(p.a), *b = static_cast<const T*>(p.b);
  const std::int64_t steps = dot_steps<T>(p.depth);
  for_dot_rows(p.rows, [&]<int R>(std::integral_constant<int, R>, std::int64_t i) {
    T* to = scratch + i * steps * lanes;
    for (std::int64_t k = 0; k < p.depth; k += lanes)
      for (int r = 0; r < R; ++r, to += lanes) {
        const T* const from = a + (i + r) * p.a_row + k * p.a_column;
        const std::int64_t n = std::min(lanes, p.depth - k);
        if (p.a_column == 1) {
          store<T>(to, n < lanes ? load_first(from, n) : load(from));
        } else {
          for (std::int64_t l = 0; l < lanes; ++l) to[l] = l < n ? from[l * p.a_column] : T(0);
        }
      }
  });
  for (std::int64_t j = 0; j < p.columns; j += kDotColumns<T>) {
    const std::int64_t width = std::min<std::int64_t>(kDotColumns<T>, p.columns - j);
    for_dot_rows(p.rows, [&]<int R>(std::integral_constant<int, R>, std::int64_t i) {
      add_dots<R>(scratch + i * steps * lanes, b + j * p.b_column, p.b_column, width, p.depth,
                  static_cast<T*>(p.y) + i * p.y_row + j * y_column, p.y_row, y_column);
    });
  }
}

}  // namespace fornax::cpu::FORNAX_ISA
