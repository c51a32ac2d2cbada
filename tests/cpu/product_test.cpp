// Products of matrices against sums in long double, on every instruction set, for sizes around those of vectors, tiles and blocks.

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/isa/product.hpp>

namespace fornax::test {
namespace {

using Size = std::int64_t;

constexpr cpu::Isa kSets[] = {cpu::Isa::Portable, cpu::Isa::Avx2, cpu::Isa::Avx512};

// Reproducible numbers in [-1, 1).
template <class T> std::vector<T> numbers(Size n, std::uint64_t seed) {
  std::vector<T> x(static_cast<std::size_t>(n));
  std::uint64_t state = seed;
  for (T& v : x) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    v = static_cast<T>(static_cast<double>(state >> 11) * 0x1p-52 - 1);
  }
  return x;
}

// How a matrix lies: rows or columns adjacent, or neither.
enum class Lies { ByRows, ByColumns, Spread };
struct Steps {
  Size row, column, size;
};
Steps steps(Lies how, Size rows, Size columns) {
  if (how == Lies::ByRows && columns == 1) return {1, 1, rows};  // a vector
  switch (how) {
    case Lies::ByRows: return {columns + 3, 1, rows * (columns + 3)};
    case Lies::ByColumns: return {1, rows + 2, columns * (rows + 2)};
    default: return {2 * columns, 2, 2 * rows * columns};
  }
}

template <class T> class Products : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Products, Types);

template <class T> void expect_product(Size rows, Size columns, Size depth, Lies left, Lies right, cpu::Isa isa) {
  const Steps a_at = steps(left, rows, depth), b_at = steps(right, depth, columns);
  const auto a = numbers<T>(a_at.size, 1), b = numbers<T>(b_at.size, 2);
  const Size y_row = columns + 5;
  const T untouched = 77;
  std::vector<T> y(static_cast<std::size_t>(rows * y_row), untouched);
  const cpu::Product p{a.data(), b.data(),    y.data(), rows,        columns, depth,
                       a_at.row, a_at.column, b_at.row, b_at.column, y_row};
  const cpu::ProductKernels& kernels = cpu::product_kernels(dtype_v<T>, isa);
  std::vector<T> scratch(static_cast<std::size_t>(kernels.scratch_size(p)), std::numeric_limits<T>::quiet_NaN());
  kernels.multiply(p, scratch.data());
  double worst = 0;
  for (Size i = 0; i < rows; ++i) {
    for (Size j = 0; j < columns; ++j) {
      long double sum = 0;
      for (Size k = 0; k < depth; ++k)
        sum += static_cast<long double>(a[static_cast<std::size_t>(i * a_at.row + k * a_at.column)]) *
               static_cast<long double>(b[static_cast<std::size_t>(k * b_at.row + j * b_at.column)]);
      const double error =
          std::abs(static_cast<double>(y[static_cast<std::size_t>(i * y_row + j)]) - static_cast<double>(sum));
      worst = error <= worst ? worst : error;  // NaN counts
    }
    for (Size j = columns; j < y_row; ++j) ASSERT_EQ(y[static_cast<std::size_t>(i * y_row + j)], untouched);
  }
  const double allowed = static_cast<double>(std::numeric_limits<T>::epsilon()) * (2 + static_cast<double>(depth));
  EXPECT_LE(worst, allowed) << rows << " x " << columns << ", depth " << depth << ", left " << static_cast<int>(left)
                            << ", right " << static_cast<int>(right);
}

TYPED_TEST(Products, OfAnySizeAndLayoutAreRight) {
  constexpr Lies all[] = {Lies::ByRows, Lies::ByColumns, Lies::Spread};
  for (const auto isa : kSets) {
    if (!cpu::has_isa(isa)) continue;
    for (const Size rows : {1, 5, 6, 7, 13})
      for (const Size columns : {1, 4, 15, 16, 33, 64, 71})
        for (const Size depth : {0, 1, 17, 40})
          for (const Lies left : all)
            for (const Lies right : all) expect_product<TypeParam>(rows, columns, depth, left, right, isa);
    // More than rows that a panel is not copied for, than a block of depth, and than a block of rows.
    for (const Lies left : all)
      for (const Lies right : all) {
        // Few rows or columns, that dot products or the transposed product are made of.
        for (const Size columns : {1, 3, 10}) expect_product<TypeParam>(37, columns, 301, left, right, isa);
        for (const Size rows : {2, 4, 20}) expect_product<TypeParam>(rows, 21, 130, left, right, isa);
        expect_product<TypeParam>(131, 70, 30, left, right, isa);
        expect_product<TypeParam>(8, 66, 1031, left, right, isa);
      }
    expect_product<TypeParam>(521, 66, 3, Lies::ByColumns, Lies::ByColumns, isa);
    // Rows of the right factor that are a page long: copied by the first rows that pass over them, for more than 24.
    for (const Lies left : all)
      for (const Size rows : {3, 7, 25})
        for (const Size depth : {2, 32, 75}) expect_product<TypeParam>(rows, 1034, depth, left, Lies::ByRows, isa);
  }
}

TYPED_TEST(Products, CarryInfinitiesAndNaNToTheirRowsAndColumnsAlone) {
  constexpr Size n = 70;
  const auto place = [](Size i, Size j) { return static_cast<std::size_t>(i * n + j); };
  for (const auto isa : kSets) {
    if (!cpu::has_isa(isa)) continue;
    auto a = numbers<TypeParam>(n * n, 3), b = numbers<TypeParam>(n * n, 4);
    a[place(3, 5)] = std::numeric_limits<TypeParam>::infinity();
    b[place(7, 69)] = std::numeric_limits<TypeParam>::quiet_NaN();
    std::vector<TypeParam> y(static_cast<std::size_t>(n * n));
    const cpu::Product p{a.data(), b.data(), y.data(), n, n, n, n, 1, n, 1, n};
    const cpu::ProductKernels& kernels = cpu::product_kernels(dtype_v<TypeParam>, isa);
    std::vector<TypeParam> scratch(static_cast<std::size_t>(kernels.scratch_size(p)));
    kernels.multiply(p, scratch.data());
    for (Size i = 0; i < n; ++i)
      for (Size j = 0; j < n; ++j) EXPECT_EQ(std::isfinite(y[place(i, j)]), i != 3 && j != 69) << i << ", " << j;
    EXPECT_TRUE(std::isinf(y[place(3, 0)]));
    EXPECT_TRUE(std::isnan(y[place(0, 69)]));
  }
}

}  // namespace
}  // namespace fornax::test
