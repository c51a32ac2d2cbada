// Kernels of whole rows, for every instruction set that this machine has.

#include <cmath>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/fused/stream.hpp>
#include <fornax/cpu/isa/rows.hpp>

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

TEST(Rows, StreamGradientsOfCrossEntropyWithTheSameBits) {
  for (const Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512}) {
    if (!cpu::has_isa(isa)) continue;
    for (const std::int64_t n : {1, 7, 16, 61, 130}) {
      expect_same_streamed<float>(isa, n);
      expect_same_streamed<double>(isa, n);
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
