// Products of small matrices that lie in the first caches: y += a b or y = a b, where rows of b and y are whole vectors; and copies of b
// that lie so. For the sources of this folder that are compiled with -ffp-contract=fast.
#pragma once

#include <type_traits>

#include <fornax/cpu/isa/vec.hpp>

namespace fornax::cpu::FORNAX_ISA {

/// Elements at data[i * row + k * column].
template <class T> struct Left {
  const T* data;
  std::int64_t row, column;
};

// What the registers hold: kTileRows rows of y, kTileVectors vectors wide; beside them the vectors of a row of b and one
// element of a.
inline constexpr int kTileRows = 6, kTileVectors = kVectorBytes == 64 ? 4 : 2;

template <class T> inline constexpr std::int64_t kLine = 64 / static_cast<std::int64_t>(sizeof(T));  // of the caches
inline constexpr std::int64_t kRowsAhead = 8;  // are asked for while another is copied: they are far from each other

/// Columns [0, width) of b [depth, width], any way it lies, in rows of `step` elements, whole vectors; zeros behind.
template <class T>
inline void pack_panel(const T* b, std::int64_t b_row, std::int64_t b_column, std::int64_t depth, std::int64_t width,
                       T* __restrict to, std::int64_t step) {
  constexpr std::int64_t lanes = kLanes<T>, usual = kTileVectors * lanes;
  if (b_column == 1) {
    for (std::int64_t k = 0; k < depth; ++k, b += b_row, to += step) {
      for (std::int64_t j = 0; j < width; j += kLine<T>) expect(b, kRowsAhead * b_row + j);
      std::int64_t j = 0;
      if (width == usual)  // spares a call of memcpy, which g++ makes of the next line
        for (; j < usual; j += lanes) store<T>(to + j, load(b + j));
      for (; j + lanes <= width; j += lanes) store<T>(to + j, load(b + j));
      if (j < width) store<T>(to + j, load_first(b + j, width - j)), j += lanes;
      for (; j < step; j += lanes) store<T>(to + j, Vec<T>{});
    }
    return;
  }
  std::int64_t first = 0;
  if (b_row == 1) {
    const std::int64_t whole = width / lanes * lanes;
    for (; first + lanes <= depth; first += lanes)
      for (std::int64_t j = 0; j < whole; j += lanes) {
        Vec<T> v[lanes];
        for (std::int64_t l = 0; l < lanes; ++l) {
          const T* const from = b + first + (j + l) * b_column;
          expect_later(from, kLine<T>);
          v[l] = load(from);
        }
        transpose<static_cast<int>(lanes) / 2>(v);
        for (std::int64_t l = 0; l < lanes; ++l) store<T>(to + (first + l) * step + j, v[l]);
      }
    // The columns that are left.
    for (std::int64_t k = 0; k < first; ++k)
      for (std::int64_t j = whole; j < step; ++j) to[k * step + j] = j < width ? b[k + j * b_column] : T(0);
  }
  for (std::int64_t k = first; k < depth; ++k)
    for (std::int64_t j = 0; j < step; ++j) to[k * step + j] = j < width ? b[k * b_row + j * b_column] : T(0);
}

/// `read` gets each row of b, V vectors, in turn.
template <int R, int V, class T, class F>
FORNAX_INLINE void add_tile(Left<T> a, const T* __restrict b, std::int64_t b_step, T* __restrict y, std::int64_t y_step,
                            std::int64_t depth, bool fresh, F&& read) {
  // Unrolled early, all of them, or g++ takes the sums through memory.
  Vec<T> sum[R][V];
  const T* from[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    from[r] = a.data + r * a.row;
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[r][v] = fresh ? Vec<T>{} : load(y + r * y_step + v * kLanes<T>);
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    Vec<T> row[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) row[v] = load(b + k * b_step + v * kLanes<T>);
    read(row);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const T factor = from[r][k * a.column];
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[r][v] += factor * row[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store<T>(y + r * y_step + v * kLanes<T>, sum[r][v]);
}

template <int R, int V, class T>
FORNAX_INLINE void add_tile(Left<T> a, const T* b, std::int64_t b_step, T* y, std::int64_t y_step, std::int64_t depth,
                            bool fresh) {
  add_tile<R, V>(a, b, b_step, y, y_step, depth, fresh, [](const Vec<T>*) {});
}

/// f(R, i) for rows [i, i + R), of which R, a constant, are a tile.
template <class F> FORNAX_INLINE void for_tiles(std::int64_t rows, F&& f) {
  std::int64_t i = 0;
  for (; i + kTileRows <= rows; i += kTileRows) f(std::integral_constant<int, kTileRows>(), i);
  switch (rows - i) {
    case 5: return f(std::integral_constant<int, 5>(), i);
    case 4: return f(std::integral_constant<int, 4>(), i);
    case 3: return f(std::integral_constant<int, 3>(), i);
    case 2: return f(std::integral_constant<int, 2>(), i);
    case 1: return f(std::integral_constant<int, 1>(), i);
    default: return;
  }
}

template <int V, class T>
FORNAX_INLINE void add_panel(Left<T> a, const T* b, std::int64_t b_step, T* y, std::int64_t y_step, std::int64_t rows,
                             std::int64_t depth, bool fresh = false) {
  for_tiles(rows, [&]<int R>(std::integral_constant<int, R>, std::int64_t i) {
    add_tile<R, V>(Left<T>{a.data + i * a.row, a.row, a.column}, b, b_step, y + i * y_step, y_step, depth, fresh);
  });
}

/// y [rows, columns] += a [rows, depth] b [depth, columns], or y = a b if it is `fresh`; columns is a multiple of the lanes.
template <class T>
inline void add_product(Left<T> a, const T* b, std::int64_t b_step, T* y, std::int64_t y_step, std::int64_t rows,
                        std::int64_t columns, std::int64_t depth, bool fresh = false) {
  constexpr std::int64_t whole = kTileVectors * kLanes<T>;
  std::int64_t j = 0;
  for (; j + whole <= columns; j += whole) add_panel<kTileVectors>(a, b + j, b_step, y + j, y_step, rows, depth, fresh);
  switch ((columns - j) / kLanes<T>) {
    case 3:
      if constexpr (kTileVectors > 3) add_panel<3>(a, b + j, b_step, y + j, y_step, rows, depth, fresh);
      return;
    case 2:
      if constexpr (kTileVectors > 2) add_panel<2>(a, b + j, b_step, y + j, y_step, rows, depth, fresh);
      return;
    case 1: return add_panel<1>(a, b + j, b_step, y + j, y_step, rows, depth, fresh);
    default: return;
  }
}

}  // namespace fornax::cpu::FORNAX_ISA
