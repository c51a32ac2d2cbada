// Kernels of whole rows, for every instruction set that this machine has.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/fused/stream.hpp>
#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/kernels/fold.hpp>

namespace fornax::test {
namespace {

using cpu::Isa;

// Past the caches or not, at every place of rows that begin anywhere in a line.
template <class T> void expect_same_streamed(Isa isa, std::int64_t n) {
  constexpr std::int64_t kMargin = 32;
  const auto kernel = cpu::row_kernels(dtype_v<T>, isa).softmax_less_one;
  std::vector<T> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i * 37 % 101) / T(10) - T(5);
  for (std::int64_t start = 0; start < 20; start += 3) {
    for (std::int64_t at = 0; at < n; at += 5) {
      std::vector<T> plain(static_cast<std::size_t>(n + 2 * kMargin), T(9)), streamed = plain;
      kernel(x.data(), plain.data() + start, n, {5, 1.5}, 0.25, at, false);
      kernel(x.data(), streamed.data() + start, n, {5, 1.5}, 0.25, at, true);
      cpu::finish_streams();
      ASSERT_EQ(std::memcmp(plain.data(), streamed.data(), plain.size() * sizeof(T)), 0)
          << n << " from " << start << ", place " << at;
      const auto first = static_cast<std::size_t>(start);
      EXPECT_NEAR(plain[first + static_cast<std::size_t>(at)],
                  0.25 * (std::exp(static_cast<double>(x[static_cast<std::size_t>(at)]) - 6.5) - 1), 1e-6);
      EXPECT_EQ(plain[first + x.size()], T(9));
    }
  }
}

// Likewise with the sum of the row's exponentials, computed from the row itself, which may be where the result goes.
template <class T> void expect_same_slope_streamed(Isa isa, std::int64_t n) {
  constexpr std::int64_t kMargin = 32;
  const auto kernel = cpu::row_kernels(dtype_v<T>, isa).softmax_slope;
  std::vector<T> x(static_cast<std::size_t>(n)), room(x.size());
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<T>(i * 37 % 101) / T(10) - T(5);
    sum += std::exp(static_cast<double>(x[i]));
  }
  for (std::int64_t start = 0; start < 20; start += 3) {
    const std::int64_t at = start % n;
    std::vector<T> plain(static_cast<std::size_t>(n + 2 * kMargin), T(9)), streamed = plain, in_place = plain;
    std::copy(x.begin(), x.end(), in_place.begin() + start);
    const cpu::LogSumExp of_row = kernel(x.data(), plain.data() + start, n, 0.25, at, nullptr);
    kernel(in_place.data() + start, in_place.data() + start, n, 0.25, at, nullptr);
    kernel(x.data(), streamed.data() + start, n, 0.25, at, room.data());
    cpu::finish_streams();
    ASSERT_EQ(std::memcmp(plain.data(), streamed.data(), plain.size() * sizeof(T)), 0) << n << " from " << start;
    ASSERT_EQ(std::memcmp(plain.data(), in_place.data(), plain.size() * sizeof(T)), 0) << n << " from " << start;
    EXPECT_NEAR(of_row.top + of_row.rest, std::log(sum), 1e-6);
    for (std::int64_t i = 0; i < n; ++i) {
      const double p = std::exp(static_cast<double>(x[static_cast<std::size_t>(i)])) / sum;
      EXPECT_NEAR(plain[static_cast<std::size_t>(start + i)], 0.25 * (p - (i == at ? 1 : 0)), 1e-7);
    }
    EXPECT_EQ(plain[static_cast<std::size_t>(start + n)], T(9));
  }
}

TEST(Rows, StreamGradientsOfCrossEntropyWithTheSameBits) {
  for (const Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512}) {
    if (!cpu::has_isa(isa)) continue;
    for (const std::int64_t n : {1, 7, 16, 61, 130}) {
      expect_same_streamed<float>(isa, n);
      expect_same_streamed<double>(isa, n);
      expect_same_slope_streamed<float>(isa, n);
      expect_same_slope_streamed<double>(isa, n);
    }
  }
}

// Rows of n elements with gaps between them: the sums of rows, and those of columns in one block.
template <class T> void expect_sums_of_fold(Isa isa, std::int64_t rows, std::int64_t n) {
  using Sum = cpu::Fold<ReduceFn::Sum, T>;
  const cpu::RowKernels& kernels = cpu::row_kernels(dtype_v<T>, isa);
  const std::int64_t step = n + 3;
  std::vector<T> x(static_cast<std::size_t>(rows * step));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i * 37 % 101) / T(7) - T(5);
  std::vector<T> y(static_cast<std::size_t>(rows + 1), T(9));
  kernels.sum_each(x.data(), step, rows, n, 3, y.data());
  for (std::int64_t r = 0; r < rows; ++r)
    ASSERT_EQ(y[static_cast<std::size_t>(r)], static_cast<T>(cpu::fold_row<Sum>(x.data() + r * step, n) / 3)) << r;
  EXPECT_EQ(y.back(), T(9));

  std::vector<T> lanes(static_cast<std::size_t>(Sum::lanes * step), T(9)), column(static_cast<std::size_t>(rows));
  std::vector<double> sums(static_cast<std::size_t>(n + 1), 9);
  kernels.sum_lanes(lanes.data(), step, x.data(), step, rows, n);
  kernels.join_lanes(lanes.data(), step, std::min(rows, Sum::lanes), n, sums.data());
  for (std::int64_t c = 0; c < n; ++c) {
    for (std::int64_t r = 0; r < rows; ++r)
      column[static_cast<std::size_t>(r)] = x[static_cast<std::size_t>(r * step + c)];
    ASSERT_EQ(sums[static_cast<std::size_t>(c)], 9 + static_cast<double>(cpu::fold_block<Sum>(column.data(), rows)))
        << c;
  }
  EXPECT_EQ(sums.back(), 9);
  for (std::int64_t r = 0; r < std::min(rows, Sum::lanes); ++r)
    EXPECT_EQ(lanes[static_cast<std::size_t>(r * step + n)], T(9));
}

TEST(Rows, SumRowsAndColumnsInTheOrderOfFold) {
  for (const Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512}) {
    if (!cpu::has_isa(isa)) continue;
    for (const std::int64_t rows : {1, 7, 16, 37, 256}) {
      for (const std::int64_t n : {1, 5, 16, 40, 130, 232, 256, 300}) {
        expect_sums_of_fold<float>(isa, rows, n);
        expect_sums_of_fold<double>(isa, rows, n);
      }
    }
  }
}

// Terms of a row beside its largest one, to the last units of f32.
TEST(Rows, GiveExponentialsToTheLastUnits) {
  std::vector<float> x(2000), y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = -0.04F * static_cast<float>(i);
  for (const Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512}) {
    if (!cpu::has_isa(isa)) continue;
    cpu::row_kernels(DType::F32, isa).softmax_less_one(x.data(), y.data(), 2000, {0, 0}, 1, 0, false);
    EXPECT_EQ(y[0], 0.0F);
    for (std::size_t i = 1; i < x.size(); ++i) {
      const double exact = std::exp(static_cast<double>(x[i])), n = -static_cast<double>(x[i]) / 0.6931;
      EXPECT_LE(std::abs(static_cast<double>(y[i]) - exact), exact * 0x1p-23 * (1.1 + 0.04 * n)) << x[i];
    }
  }
}

}  // namespace
}  // namespace fornax::test
