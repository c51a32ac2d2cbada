// Products of few rows against sums in long double, on every instruction set, for columns around those of vectors and strips.

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/isa/few_rows.hpp>

namespace fornax::test {
namespace {

using Size = std::int64_t;

// The element of a matrix whose row begins at `at`.
float number(Size at, Size column) { return static_cast<float>((at * 37 + column * 11) % 19 - 9) / 8; }

void expect_product(Size rows, Size columns, Size depth, bool left_by_columns, cpu::Isa isa) {
  const Size a_row = left_by_columns ? 1 : depth + 2, a_column = left_by_columns ? rows + 1 : 1;
  const Size b_row = columns == 1 && depth % 2 == 1 ? 1 : columns + 3,
             y_row = columns + 5;  // a vector without gaps too
  // They end where their last element does, so that whatever reads further is seen by the sanitizers.
  std::vector<float> a(static_cast<std::size_t>((rows - 1) * a_row + (depth - 1) * a_column + 1));
  std::vector<float> b(static_cast<std::size_t>((depth - 1) * b_row + columns));
  std::vector<float> y(static_cast<std::size_t>((rows - 1) * y_row + columns), 77.0F);
  for (Size i = 0; i < rows; ++i)
    for (Size k = 0; k < depth; ++k) a[static_cast<std::size_t>(i * a_row + k * a_column)] = number(i, k);
  for (Size k = 0; k < depth; ++k) {
    for (Size j = 0; j < columns; ++j) b[static_cast<std::size_t>(k * b_row + j)] = number(k + 5, j);
    for (Size j = columns; j < b_row && k + 1 < depth; ++j)  // what no product may take up
      b[static_cast<std::size_t>(k * b_row + j)] = std::numeric_limits<float>::quiet_NaN();
  }
  cpu::few_rows_kernel(isa)(a.data(), a_row, a_column, rows, b.data(), b_row, columns, depth, y.data(), y_row);
  for (Size i = 0; i < rows; ++i) {
    for (Size j = 0; j < columns; ++j) {
      long double sum = 0;
      for (Size k = 0; k < depth; ++k)
        sum += static_cast<long double>(number(i, k)) * static_cast<long double>(number(k + 5, j));
      ASSERT_NEAR(y[static_cast<std::size_t>(i * y_row + j)], static_cast<double>(sum),
                  1e-6 * (2.0 + static_cast<double>(depth)))
          << rows << " x " << columns << ", depth " << depth << ", at " << i << ", " << j;
    }
    for (Size j = columns; j < y_row && i + 1 < rows; ++j) ASSERT_EQ(y[static_cast<std::size_t>(i * y_row + j)], 77.0F);
  }
}

TEST(FewRows, OfAnyColumnsAndDepthAreRight) {
  for (const auto isa : {cpu::Isa::Portable, cpu::Isa::Avx2, cpu::Isa::Avx512}) {
    if (!cpu::has_isa(isa)) continue;
    for (Size rows = 1; rows <= cpu::kFewRows; ++rows)
      for (const Size columns : {1, 2, 3, 4, 7, 8, 10, 16, 17, 31, 33, 63, 64, 65, 130})
        for (const Size depth : {1, 3, 4, 5, 8, 9, 50})
          for (const bool left_by_columns : {false, true}) expect_product(rows, columns, depth, left_by_columns, isa);
  }
}

}  // namespace
}  // namespace fornax::test
