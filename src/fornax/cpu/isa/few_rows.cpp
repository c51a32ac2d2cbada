#include <fornax/cpu/isa/few_rows.hpp>

#include <fornax/cpu/isa/dots.hpp>
#include <fornax/cpu/isa/vec.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

constexpr std::int64_t kDepth =
    8;  // rows of b that are read side by side: with more, their ends meet in one set of the cache

constexpr std::int64_t kNarrow = 64;  // columns, below which a row of b is too short for that

struct Strip {
  const float *a, *b;
  float* y;
  std::int64_t a_row, a_column, b_row, y_row, depth;
  bool first;  // y holds nothing yet
};

/// V vectors of each row of y; the last of them has `width` columns if V is 1.
template <int R, int V> FORNAX_INLINE void add_strip(const Strip& s, std::int64_t j, std::int64_t width) {
  constexpr std::int64_t lanes = kLanes<float>;
  const bool part = V == 1 && width < lanes;
  const auto read = [&](const float* from) { return part ? load_first(from, width) : load(from); };
  Vec<float> sum[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[r][v] = s.first ? Vec<float>{} : read(s.y + r * s.y_row + j + v * lanes);
  for (std::int64_t k = 0; k < s.depth; ++k) {
    Vec<float> row[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) row[v] = read(s.b + k * s.b_row + j + v * lanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const float factor = s.a[r * s.a_row + k * s.a_column];
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[r][v] += factor * row[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      float* const to = s.y + r * s.y_row + j + v * lanes;
      if (part)
        store_first<float>(to, sum[r][v], width);
      else
        store<float>(to, sum[r][v]);
    }
}

template <int R> void multiply_rows(Strip s, std::int64_t columns, std::int64_t depth) {
  constexpr int kVectors = kVectorBytes == 64 ? 4 : 2;  // what the registers hold beside a row of b
  constexpr std::int64_t lanes = kLanes<float>, wide = kVectors * lanes;
  const float *const a = s.a, *const b = s.b;
  for (std::int64_t k = 0; k == 0 || k < depth; k += kDepth) {
    s.a = a + k * s.a_column, s.b = b + k * s.b_row, s.first = k == 0;
    s.depth = depth - k < kDepth ? depth - k : kDepth;
    std::int64_t j = 0;
    for (; j + wide <= columns; j += wide) add_strip<R, kVectors>(s, j, wide);
    for (; j < columns; j += lanes) add_strip<R, 1>(s, j, columns - j);
  }
}

/// Few columns: their sums stay in registers, at least four, for additions to one wait for one another.
template <int R> void multiply_narrow(const Strip& s, std::int64_t columns, std::int64_t depth) {
  constexpr std::int64_t lanes = kLanes<float>;
  constexpr int sums = R == 1 ? 4 : 2;
  if (columns == 1 && s.b_row == 1 && s.a_column == 1) return add_dots<1>(s.b, s.a, s.a_row, R, depth, s.y, 0, s.y_row);
  for (std::int64_t j = 0; j < columns; j += lanes) {
    const std::int64_t width = columns - j < lanes ? columns - j : lanes;
    Vec<float> sum[R][sums] = {};
    const auto add = [&](std::int64_t k, int d) {
      const float* const from = s.b + k * s.b_row + j;
      const Vec<float> row = width < lanes ? load_first(from, width) : load(from);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) sum[r][d] += s.a[r * s.a_row + k * s.a_column] * row;
    };
    std::int64_t k = 0;
    for (; k + sums <= depth; k += sums)
#pragma GCC unroll 8
      for (int d = 0; d < sums; ++d) add(k + d, d);
    for (; k < depth; ++k) add(k, 0);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      Vec<float> all = sum[r][0];
#pragma GCC unroll 8
      for (int d = 1; d < sums; ++d) all += sum[r][d];
      float* const y = s.y + r * s.y_row + j;
      width < lanes ? store_first<float>(y, all, width) : store<float>(y, all);
    }
  }
}

template <int R> void multiply(const Strip& s, std::int64_t columns, std::int64_t depth) {
  return columns < kNarrow ? multiply_narrow<R>(s, columns, depth) : multiply_rows<R>(s, columns, depth);
}

void multiply(const float* a, std::int64_t a_row, std::int64_t a_column, std::int64_t rows, const float* b,
              std::int64_t b_row, std::int64_t columns, std::int64_t depth, float* y, std::int64_t y_row) {
  const Strip s{a, b, y, a_row, a_column, b_row, y_row, 0, true};
  switch (rows) {
    case 1: return multiply<1>(s, columns, depth);
    case 2: return multiply<2>(s, columns, depth);
    case 3: return multiply<3>(s, columns, depth);
    case 4: return multiply<4>(s, columns, depth);
    default: return;
  }
}

}  // namespace

FewRows few_rows_kernel();
FewRows few_rows_kernel() { return multiply; }

}  // namespace fornax::cpu::FORNAX_ISA
