// 16-bit floats, and conversion between dtypes.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include <fornax/array/convert.hpp>
#include <fornax/array/error.hpp>

namespace fornax {
namespace {

template <class T> void every_pattern_survives() {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    T x;
    x.bits = static_cast<std::uint16_t>(bits);
    const float wide = static_cast<float>(x);
    const T back(wide);
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(back)));
    } else {
      ASSERT_EQ(back.bits, x.bits);
    }
  }
}

TEST(Half, EveryPatternSurvivesTheWayThroughFloat) { every_pattern_survives<Half>(); }
TEST(BFloat16, EveryPatternSurvivesTheWayThroughFloat) { every_pattern_survives<BFloat16>(); }

TEST(Half, RoundsToNearestTiesToEven) {
  EXPECT_EQ(Half(1.0f).bits, 0x3c00);
  EXPECT_EQ(Half(1.0f + 0x1p-11f).bits, 0x3c00) << "a tie, 1.0 is even";
  EXPECT_EQ(Half(1.0f + 3 * 0x1p-11f).bits, 0x3c02) << "a tie, the upper neighbour is even";
  EXPECT_EQ(Half(65504.0f).bits, 0x7bff) << "the largest finite half";
  EXPECT_EQ(Half(65519.0f).bits, 0x7bff);
  EXPECT_EQ(Half(65520.0f).bits, 0x7c00) << "rounds to infinity";
  EXPECT_EQ(Half(0x1p-24f).bits, 0x0001) << "the smallest subnormal";
  EXPECT_EQ(Half(0x1p-25f).bits, 0x0000) << "a tie with zero, zero is even";
  EXPECT_EQ(Half(-0.0f).bits, 0x8000);
}

TEST(BFloat16, RoundsToNearestTiesToEven) {
  EXPECT_EQ(BFloat16(std::bit_cast<float>(0x3f808000u)).bits, 0x3f80) << "a tie, the lower neighbour is even";
  EXPECT_EQ(BFloat16(std::bit_cast<float>(0x3f818000u)).bits, 0x3f82) << "a tie, the upper neighbour is even";
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::max()).bits, 0x7f80) << "rounds to infinity";
}

template <class From, class To> To converted(From value) {
  To out{};
  convert_elements(reinterpret_cast<const std::byte*>(&value), dtype_v<From>, reinterpret_cast<std::byte*>(&out),
                   dtype_v<To>, 1);
  return out;
}

TEST(Convert, FloatToIntTruncatesAndSaturates) {
  EXPECT_EQ((converted<double, std::int32_t>(-2.9)), -2);
  EXPECT_EQ((converted<double, std::int8_t>(1e300)), 127);
  EXPECT_EQ((converted<float, std::int64_t>(-std::numeric_limits<float>::infinity())),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ((converted<double, std::uint8_t>(-3.0)), 0);
  EXPECT_EQ((converted<double, std::int16_t>(std::nan(""))), 0);
  EXPECT_EQ((converted<double, std::int64_t>(0x1p63)), std::numeric_limits<std::int64_t>::max());
}

TEST(Convert, IntToNarrowerIntWraps) { EXPECT_EQ((converted<std::int64_t, std::int8_t>(257)), 1); }
TEST(Convert, NanIsTrue) { EXPECT_TRUE((converted<double, bool>(std::nan("")))); }

TEST(DType, IsParsedByItsName) {
  EXPECT_EQ(parse_dtype("bf16"), DType::BF16);
  EXPECT_THROW(parse_dtype("float"), ValueError);
}

}  // namespace
}  // namespace fornax
