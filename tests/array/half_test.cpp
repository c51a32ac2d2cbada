// Every 16-bit float against its definition, and rounding to it between every two neighbours.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include <fornax/array/convert.hpp>

namespace fornax::test {
namespace {

// A binary float of this layout by its definition: sign, biased exponent, mantissa.
double by_definition(std::uint32_t bits, int exponent_bits, int mantissa_bits) {
  const std::uint32_t mantissa = bits & ((1u << mantissa_bits) - 1);
  const int exponent = static_cast<int>((bits >> mantissa_bits) & ((1u << exponent_bits) - 1));
  const double sign = (bits >> 15) != 0 ? -1 : 1;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == (1 << exponent_bits) - 1)
    return mantissa != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + (1u << mantissa_bits), exponent - bias - mantissa_bits);
}

template <class T> struct Layout;
template <> struct Layout<Half> {
  static constexpr int exponent = 5, mantissa = 10;
  static constexpr std::uint16_t infinity = 0x7c00;
};
template <> struct Layout<BFloat16> {
  static constexpr int exponent = 8, mantissa = 7;
  static constexpr std::uint16_t infinity = 0x7f80;
};

template <class T> double value_of(std::uint32_t bits) {
  return by_definition(bits, Layout<T>::exponent, Layout<T>::mantissa);
}

template <class T> std::uint16_t from_double(double v) {
  T out{};
  convert_elements(reinterpret_cast<const std::byte*>(&v), DType::F64, reinterpret_cast<std::byte*>(&out), dtype_v<T>,
                   1);
  return out.bits;
}
template <class T> std::uint16_t from_float(float v) { return T(v).bits; }

template <class T> class SixteenBits : public testing::Test {};
using Types = testing::Types<Half, BFloat16>;
TYPED_TEST_SUITE(SixteenBits, Types);

TYPED_TEST(SixteenBits, MeanWhatTheirLayoutSays) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    TypeParam x;
    x.bits = static_cast<std::uint16_t>(bits);
    const double wide = static_cast<double>(static_cast<float>(x)), expected = value_of<TypeParam>(bits);
    ASSERT_TRUE(wide == expected || (std::isnan(wide) && std::isnan(expected))) << bits;
    ASSERT_TRUE(std::isnan(expected) || std::signbit(wide) == (bits >> 15 != 0)) << bits;
    const double read = read_element(reinterpret_cast<const std::byte*>(&x), dtype_v<TypeParam>);
    ASSERT_TRUE(read == expected || (std::isnan(read) && std::isnan(expected))) << bits;
  }
}

// Between each two neighbours: below the middle goes down, above it up, the middle to the even one. Above the largest
// finite number the next step would be where infinity stands.
TYPED_TEST(SixteenBits, AreRoundedToNearestEvenBetweenEveryTwoNeighbours) {
  for (std::uint32_t low = 0; low < Layout<TypeParam>::infinity; ++low) {
    const double a = value_of<TypeParam>(low);
    const double b =
        low + 1 < Layout<TypeParam>::infinity ? value_of<TypeParam>(low + 1) : a + (a - value_of<TypeParam>(low - 1));
    const double middle = (a + b) / 2;
    const auto even = static_cast<std::uint16_t>(low % 2 == 0 ? low : low + 1);
    for (const std::uint32_t sign : {0x0000u, 0x8000u}) {
      const double s = sign != 0 ? -1 : 1;
      const auto expect = [&](double v, std::uint32_t bits) {
        ASSERT_EQ(from_double<TypeParam>(s * v), bits | sign) << v;
        if (static_cast<double>(static_cast<float>(v)) != v) return;
        ASSERT_EQ(from_float<TypeParam>(static_cast<float>(s * v)), bits | sign) << v;
      };
      expect(a, low);
      expect(middle, even);
      expect(std::nextafter(middle, 0), low);
      expect(std::nextafter(middle, 1e300), low + 1);
      expect(static_cast<double>(std::nextafterf(static_cast<float>(middle), 0)), low);
      if (middle < static_cast<double>(std::numeric_limits<float>::max()))
        expect(static_cast<double>(std::nextafterf(static_cast<float>(middle), HUGE_VALF)), low + 1);
    }
  }
}

TYPED_TEST(SixteenBits, TakeNanInfinityAndWhatIsTooLargeOrTooSmall) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double v : {inf, 1e300, std::numeric_limits<double>::max()}) {
    EXPECT_EQ(from_double<TypeParam>(v), Layout<TypeParam>::infinity);
    EXPECT_EQ(from_double<TypeParam>(-v), Layout<TypeParam>::infinity | 0x8000);
  }
  EXPECT_EQ(from_double<TypeParam>(1e-300), 0);
  EXPECT_EQ(from_double<TypeParam>(-1e-300), 0x8000);
  EXPECT_EQ(from_double<TypeParam>(-0.0), 0x8000);
  const std::uint16_t nan = from_double<TypeParam>(std::nan(""));
  EXPECT_TRUE(std::isnan(value_of<TypeParam>(nan)));
  // A NaN whose payload would be cut off stays a NaN.
  const float thin = std::bit_cast<float>(0x7f800001u);
  EXPECT_TRUE(std::isnan(value_of<TypeParam>(from_float<TypeParam>(thin))));
}

// --- Between all dtypes -----------------------------------------------------------------------------------------------

TEST(Convert, CarriesSmallNumbersBetweenAllDtypes) {
  for (int from = 0; from < kDTypeCount; ++from) {
    for (int to = 0; to < kDTypeCount; ++to) {
      const auto a = static_cast<DType>(from), b = static_cast<DType>(to);
      const double values[4] = {0, 1, 2, 100};
      for (const double v : values) {
        std::byte first[8], second[8];
        convert_elements(reinterpret_cast<const std::byte*>(&v), DType::F64, first, a, 1);
        convert_elements(first, a, second, b, 1);
        const double expected = a == DType::Bool || b == DType::Bool ? (v != 0 ? 1 : 0) : v;
        EXPECT_EQ(read_element(second, b), expected) << name(a) << " to " << name(b) << ": " << v;
      }
    }
  }
}

TEST(Convert, FromIntegersToFloatsRounds) {
  const auto converted = [](std::int64_t v, DType to) {
    std::byte out[8];
    convert_elements(reinterpret_cast<const std::byte*>(&v), DType::I64, out, to, 1);
    return read_element(out, to);
  };
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(converted(kMax, DType::F64), 0x1p63);
  EXPECT_EQ(converted((1 << 24) + 1, DType::F32), 0x1p24);
  EXPECT_EQ(converted((1 << 24) + 3, DType::F32), 0x1p24 + 4);
  EXPECT_EQ(converted(2049, DType::F16), 2048);
  EXPECT_EQ(converted(1 << 20, DType::F16), std::numeric_limits<double>::infinity());
  EXPECT_EQ(converted(257, DType::BF16), 256);
  // By way of f32 this would be a tie, which goes down.
  EXPECT_EQ(converted((std::int64_t{1} << 40) + (std::int64_t{1} << 32) + 1, DType::BF16), 0x1p40 + 0x1p33);
}

TEST(Convert, TakesNoElementsAndUnalignedOnes) {
  convert_elements(nullptr, DType::F32, nullptr, DType::F64, 0);
  SUCCEED();
}

}  // namespace
}  // namespace fornax::test
