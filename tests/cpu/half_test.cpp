// Conversions and products of 16-bit floats against arithmetic in double, on every instruction set.

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/isa/half.hpp>
#include <fornax/cpu/tag.hpp>
#include <fornax/cpu/threads.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax::test {
namespace {

std::vector<cpu::Isa> sets() {
  std::vector<cpu::Isa> all;
  for (const auto isa : {cpu::Isa::Portable, cpu::Isa::Avx2, cpu::Isa::Avx512})
    if (cpu::has_isa(isa)) all.push_back(isa);
  return all;
}

template <class To, class From> std::vector<To> converted(const std::vector<From>& x, cpu::Isa isa) {
  std::vector<To> y(x.size());
  const auto* from = reinterpret_cast<const std::byte*>(x.data());
  cpu::half_kernel(dtype_v<From>, dtype_v<To>, isa)(reinterpret_cast<std::byte*>(y.data()), &from,
                                                    static_cast<std::int64_t>(x.size()), nullptr);
  return y;
}

template <class T> class HalfKernels : public testing::Test {};
using Types = testing::Types<Half, BFloat16>;
TYPED_TEST_SUITE(HalfKernels, Types);

TYPED_TEST(HalfKernels, WidenEveryNumberAsItsTypeDoes) {
  std::vector<TypeParam> x(65536);
  for (std::uint32_t i = 0; i < 65536; ++i) x[i].bits = static_cast<std::uint16_t>(i);
  for (const auto isa : sets()) {
    const auto y = converted<float>(x, isa);
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]), std::bit_cast<std::uint32_t>(static_cast<float>(x[i]))) << i;
    }
  }
}

// tests/array/half_test.cpp holds the types themselves against their definition.
TYPED_TEST(HalfKernels, RoundAsTheirTypeDoesOverAllExponents) {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 40503)
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  // Halfway between neighbours of either type, and one beside.
  for (std::uint32_t high = 0; high < 65536; high += 7)
    for (const std::uint32_t low : {0x7fffU, 0x8000U, 0x8001U, 0x0fffU, 0x1000U, 0x1001U})
      x.push_back(std::bit_cast<float>((high << 16) | low));
  x.resize(x.size() - x.size() % 8 + 5);  // a tail that is no whole vector
  for (const auto isa : sets()) {
    const auto y = converted<TypeParam>(x, isa);
    for (std::size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(y[i].bits, TypeParam(x[i]).bits) << std::bit_cast<std::uint32_t>(x[i]);
  }
}

// --- Products ---------------------------------------------------------------------------------------------------------

using T3 = Tensor<Cpu, 3>;

double element(std::int64_t i) { return std::sin(static_cast<double>(i) * 0.7) * 2; }

T3 filled(const Shape& shape, DType dtype) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < shape.numel(); ++i) values.push_back(element(i));
  return T3::from_data(TensorData(values, shape)).cast(dtype);
}

// The sum over k is formed in f32 and rounded once: within half a unit of the type and what f32 loses on the way.
void expect_product(DType dtype, double unit, std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k,
                    bool ta, bool tb) {
  const T3 a = filled(ta ? Shape{batch, k, m} : Shape{batch, m, k}, dtype);
  const T3 b = filled(tb ? Shape{batch, n, k} : Shape{batch, k, n}, dtype);
  const Array y = matmul(a.array(), b.array(), ta, tb);
  ASSERT_EQ(y.dtype(), dtype);
  const auto va = a.to_data().template to_vector<double>(), vb = b.to_data().template to_vector<double>();
  const auto vy = T3::unchecked(y).to_data().template to_vector<double>();
  for (std::int64_t s = 0; s < batch; ++s)
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0, size = 0;
        for (std::int64_t d = 0; d < k; ++d) {
          const double p = va[static_cast<std::size_t>(s * m * k + (ta ? d * m + i : i * k + d))] *
                           vb[static_cast<std::size_t>(s * k * n + (tb ? j * k + d : d * n + j))];
          sum += p;
          size += std::abs(p);
        }
        ASSERT_NEAR(vy[static_cast<std::size_t>((s * m + i) * n + j)], sum,
                    std::abs(sum) * unit + size * static_cast<double>(k) * 0x1p-24)
            << batch << " of " << m << " x " << k << " x " << n << (ta ? ", lhs" : "") << (tb ? ", rhs turned" : "");
      }
}

TEST(HalfProducts, AreSumsInSinglePrecisionRoundedOnce) {
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      for (const auto& [dtype, unit] : {std::pair(DType::BF16, 0x1p-8), std::pair(DType::F16, 0x1p-11)}) {
        expect_product(dtype, unit, 1, 3, 5, 7, ta, tb);
        expect_product(dtype, unit, 1, 33, 47, 65, ta, tb);
        expect_product(dtype, unit, 1, 1, 130, 257, ta, tb);
        expect_product(dtype, unit, 1, 130, 1, 257, ta, tb);
        expect_product(dtype, unit, 3, 40, 24, 31, ta, tb);
        expect_product(dtype, unit, 1, 150, 130, 64, ta, tb);
      }
}

TEST(HalfProducts, AreTheSameBitsOnOneThreadAndOnTwo) {
  const T3 a = filled({2, 300, 200}, DType::BF16), b = filled({2, 200, 260}, DType::BF16);
  const int before = num_threads();
  const auto bits = [&](int threads) {
    set_num_threads(threads);
    return a.matmul(b).to_data().template to_vector<float>();
  };
  const auto one = bits(1), two = bits(2);
  set_num_threads(before);
  EXPECT_EQ(one, two);
}

// Views: every second row, columns in the middle of longer rows, rows that all batches share.
TEST(HalfProducts, ReadViewsWithoutGapsOrWith) {
  const T3 whole = filled({1, 80, 100}, DType::BF16), b = filled({1, 40, 50}, DType::BF16);
  const T3 part = whole.narrow(1, 3, 60).narrow(2, 20, 40);
  const T3 copied = T3::from_data(part.to_data());
  EXPECT_EQ(part.matmul(b).to_data().template to_vector<float>(),
            copied.matmul(b).to_data().template to_vector<float>());
}

}  // namespace
}  // namespace fornax::test
