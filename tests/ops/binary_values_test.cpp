// Values of the elementwise functions of two arrays and of an array and a number.

#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/values.hpp>

namespace fornax::test {
namespace {

constexpr double kF64 = 4 * 0x1p-52;
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min(), kMax = std::numeric_limits<std::int64_t>::max();

Numbers real(BinaryFn fn, const Numbers& a, const Numbers& b) { return numbers(binary(fn, floats(a), floats(b))); }
Integers whole(BinaryFn fn, const Integers& a, const Integers& b, DType t = DType::I64) {
  return integers(binary(fn, ints(a, t), ints(b, t)));
}
Numbers real(ScalarFn fn, const Numbers& x, Scalar s) { return numbers(with_scalar(fn, floats(x), s)); }
Integers whole(ScalarFn fn, const Integers& x, Scalar s, DType t = DType::I64) {
  return integers(with_scalar(fn, ints(x, t), s));
}

// --- Float ------------------------------------------------------------------------------------------------------------

TEST(BinaryValues, OfFloatsAgreeWithMpmath) {
  // mpmath 1.4.1, 30 digits
  expect_near(real(BinaryFn::Pow, {2.0, 10.0, 0.3, -2.0, 1.0000001}, {0.5, -3.7, 12.5, 3.0, 1e7}),
              {1.4142135623730951, 0.00019952623149688788, 2.9108222368310285e-07, -8.0, 2.7182816941320818}, kF64);
  expect_near(real(BinaryFn::Atan2, {1.0, -1.0, 1.0, -1.0, 1e-10}, {2.0, 2.0, -2.0, -2.0, 3.0}),
              {0.4636476090008061, -0.4636476090008061, 2.677945044588987, -2.677945044588987, 3.3333333333333335e-11},
              kF64);
  expect_near(real(BinaryFn::Hypot, {3.0, 1e-200, 1e200, 1.0}, {4.0, 1e-200, 1e200, 1e-10}),
              {5.0, 1.414213562373095e-200, 1.414213562373095e+200, 1.0}, kF64);
  expect_near(real(ScalarFn::Pow, {0.5, 2, 3}, 1.7), {0.3077861033362291, 3.249009585424942, 6.473007839923779}, kF64);
  expect_near(real(ScalarFn::Rpow, {-2, 0.5, 3}, 1.7), {0.34602076124567477, 1.3038404810405297, 4.912999999999999},
              kF64);
}

TEST(BinaryValues, OfFloatsAtTheirSpecialPoints) {
  expect_same(real(BinaryFn::Add, {1.5, kInf, 1e308, -0.0}, {2, -kInf, 1e308, -0.0}), {3.5, kNan, kInf, -0.0});
  expect_same(real(BinaryFn::Sub, {1.5, kInf, 0.0}, {2, kInf, 0.0}), {-0.5, kNan, 0.0});
  expect_same(real(BinaryFn::Mul, {-0.0, 0.0, 1e200, kNan}, {3, kInf, 1e200, 0}), {-0.0, kNan, kInf, kNan});
  expect_same(real(BinaryFn::Div, {1, -1, 0, 1, kInf}, {0.0, 0.0, 0.0, kInf, kInf}), {kInf, -kInf, kNan, 0.0, kNan});
  // C17, F.10.4.4
  expect_same(real(BinaryFn::Pow, {0, kNan, 1, -8, 0.0, 2, -1}, {0, 0, kNan, 1.0 / 3, -1, 1024, kInf}),
              {1, 1, 1, kNan, kInf, kInf, 1});
  expect_same(real(BinaryFn::Maximum, {1, kNan, 2, -kInf}, {2, 1, kNan, 5}), {2, kNan, kNan, 5});
  expect_same(real(BinaryFn::Minimum, {1, kNan, 2, -kInf}, {2, 1, kNan, 5}), {1, kNan, kNan, -kInf});
  expect_same(real(BinaryFn::Atan2, {0.0, -0.0, 0.0, kInf}, {-1, -1, 1, -kInf}),
              {std::numbers::pi, -std::numbers::pi, 0.0, 3 * std::numbers::pi / 4});
  expect_same(real(BinaryFn::Hypot, {kInf, -kInf, kNan}, {kNan, 1, 1}), {kInf, kInf, kNan});
  expect_same(real(BinaryFn::Copysign, {1, 1, -2, 0.0}, {-0.0, 5, 1, -3}), {-1, 1, 2, -0.0});
}

TEST(BinaryValues, OfFloatDivisionWithRemainder) {
  // NumPy 2.4.6: remainder, fmod and floor_divide
  const Numbers a = {5.5, -5.5, 5.5, -5.5}, b = {2, 2, -2, -2};
  expect_same(real(BinaryFn::Remainder, a, b), {1.5, 0.5, -0.5, -1.5});
  expect_same(real(BinaryFn::Fmod, a, b), {1.5, -1.5, 1.5, -1.5});
  expect_same(real(BinaryFn::FloorDiv, a, b), {2, -3, -3, 2});
  // 1 / 0.1 rounds to 10, but 0.1 is a little above a tenth.
  expect_same(real(BinaryFn::FloorDiv, {1.0, 0.3, -1.0, 1e300}, {0.1, 0.1, 0.1, 1e-10}), {9, 2, -10, kInf});
  expect_same(real(BinaryFn::Remainder, {-1, 1, kInf, 1}, {kInf, -kInf, 1, 0}), {kInf, -kInf, kNan, kNan});
  expect_same(real(BinaryFn::Fmod, {-1, 1, kInf, 1, -0.0}, {kInf, -kInf, 1, 0, 1}), {-1, 1, kNan, kNan, -0.0});
  expect_same(real(BinaryFn::FloorDiv, {1, -1, 0, kInf, -1, 1}, {0.0, 0.0, 0.0, 1, kInf, -kInf}),
              {kInf, -kInf, kNan, kNan, -1, -1});
  expect_same(real(ScalarFn::Remainder, a, 2.0), {1.5, 0.5, 1.5, 0.5});
  expect_same(real(ScalarFn::Fmod, a, 2.0), {1.5, -1.5, 1.5, -1.5});
}

TEST(BinaryValues, OfComparisonsAreFalseForNan) {
  const Numbers a = {1, 2, 2, kNan, 1, kNan, -0.0}, b = {2, 1, 2, 1, kNan, kNan, 0.0};
  EXPECT_EQ(real(BinaryFn::Equal, a, b), (Numbers{0, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(real(BinaryFn::NotEqual, a, b), (Numbers{1, 1, 0, 1, 1, 1, 0}));
  EXPECT_EQ(real(BinaryFn::Less, a, b), (Numbers{1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(real(BinaryFn::LessEqual, a, b), (Numbers{1, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(real(BinaryFn::Greater, a, b), (Numbers{0, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(real(BinaryFn::GreaterEqual, a, b), (Numbers{0, 1, 1, 0, 0, 0, 1}));
  const Numbers x = {1, 2, 3, kNan};
  EXPECT_EQ(real(ScalarFn::Equal, x, 2), (Numbers{0, 1, 0, 0}));
  EXPECT_EQ(real(ScalarFn::NotEqual, x, 2), (Numbers{1, 0, 1, 1}));
  EXPECT_EQ(real(ScalarFn::Less, x, 2), (Numbers{1, 0, 0, 0}));
  EXPECT_EQ(real(ScalarFn::LessEqual, x, 2), (Numbers{1, 1, 0, 0}));
  EXPECT_EQ(real(ScalarFn::Greater, x, 2), (Numbers{0, 0, 1, 0}));
  EXPECT_EQ(real(ScalarFn::GreaterEqual, x, 2), (Numbers{0, 1, 1, 0}));
}

TEST(BinaryValues, WithANumber) {
  const Numbers x = {1, -2, 4};
  expect_same(real(ScalarFn::Add, x, 0.5), {1.5, -1.5, 4.5});
  expect_same(real(ScalarFn::Rsub, x, 0.5), {-0.5, 2.5, -3.5});
  expect_same(real(ScalarFn::Mul, x, 0.5), {0.5, -1, 2});
  expect_same(real(ScalarFn::Div, x, 0.5), {2, -4, 8});
  expect_same(real(ScalarFn::Rdiv, x, 0.5), {0.5, -0.25, 0.125});
  expect_same(numbers(floats(x) - Scalar(0.5)), {0.5, -2.5, 3.5});
  // Whole powers of a negative number have a value; others have none.
  expect_same(real(ScalarFn::Pow, {-2, 3}, 2), {4, 9});
  expect_same(real(ScalarFn::Pow, {-2, 3}, 3), {-8, 27});
  expect_same(real(ScalarFn::Pow, {-2, 0}, 0), {1, 1});
  expect_same(real(ScalarFn::Pow, {-2, 0.0}, -1), {-0.5, kInf});
  expect_same(real(ScalarFn::Pow, {-2, 4}, 0.5), {kNan, 2});
  expect_same(real(ScalarFn::Rpow, {-1, 0, 3}, 0), {kInf, 1, 0.0});
}

TEST(BinaryValues, TakeANumberInTheTensorsDtype) {
  // 0.1 in f32 is what the tensor holds too, so the difference is 0.
  EXPECT_EQ(numbers(floats({0.1}, DType::F32) - Scalar(0.1)), (Numbers{0}));
  EXPECT_EQ(with_scalar(ScalarFn::Mul, ints({2}, DType::I8), Scalar(3)).dtype(), DType::I8);
  EXPECT_EQ(with_scalar(ScalarFn::Add, floats({2}, DType::BF16), Scalar(1)).dtype(), DType::BF16);
}

// --- Int --------------------------------------------------------------------------------------------------------------

TEST(BinaryValues, OfIntegersWrapAround) {
  EXPECT_EQ(whole(BinaryFn::Add, {kMax, 5}, {1, -7}), (Integers{kMin, -2}));
  EXPECT_EQ(whole(BinaryFn::Sub, {kMin, 5}, {1, 7}), (Integers{kMax, -2}));
  EXPECT_EQ(whole(BinaryFn::Mul, {std::int64_t{1} << 62, -3}, {4, 7}), (Integers{0, -21}));
  EXPECT_EQ(whole(BinaryFn::Add, {127, -128}, {1, -1}, DType::I8), (Integers{-128, 127}));
  EXPECT_EQ(whole(BinaryFn::Sub, {0, 10}, {1, 20}, DType::U8), (Integers{255, 246}));
  EXPECT_EQ(whole(BinaryFn::Mul, {300, -300}, {300, 300}, DType::I16), (Integers{24464, -24464}));  // 90000 mod 65536
  EXPECT_EQ(whole(BinaryFn::Mul, {1 << 20}, {1 << 12}, DType::I32), (Integers{0}));
  EXPECT_EQ(whole(ScalarFn::Add, {kMax}, 1), (Integers{kMin}));
  EXPECT_EQ(whole(ScalarFn::Rsub, {kMin}, 0), (Integers{kMin}));
  EXPECT_EQ(integers(ints({5}) - Scalar(kMin)), (Integers{kMin + 5})) << "5 + 2^63 wraps";
}

TEST(BinaryValues, OfIntegerDivisionGoTowardZeroOrDown) {
  const Integers a = {7, -7, 7, -7, 6}, b = {3, 3, -3, -3, -3};
  EXPECT_EQ(whole(BinaryFn::Div, a, b), (Integers{2, -2, -2, 2, -2}));
  // NumPy 2.4.6: floor_divide, remainder, fmod
  EXPECT_EQ(whole(BinaryFn::FloorDiv, a, b), (Integers{2, -3, -3, 2, -2}));
  EXPECT_EQ(whole(BinaryFn::Remainder, a, b), (Integers{1, 2, -2, -1, 0}));
  EXPECT_EQ(whole(BinaryFn::Fmod, a, b), (Integers{1, -1, 1, -1, 0}));
  EXPECT_EQ(whole(ScalarFn::Div, a, -3), (Integers{-2, 2, -2, 2, -2}));
  EXPECT_EQ(whole(ScalarFn::Remainder, a, -3), (Integers{-2, -1, -2, -1, 0}));
  EXPECT_EQ(whole(ScalarFn::Fmod, a, -3), (Integers{1, -1, 1, -1, 0}));
  EXPECT_EQ(whole(ScalarFn::Rdiv, {3, -3, 100}, 7), (Integers{2, -2, 0}));
  EXPECT_EQ(whole(BinaryFn::Div, {200, 255}, {7, 255}, DType::U8), (Integers{28, 1}));
}

TEST(BinaryValues, OfTheSmallestIntegerOverMinusOneWrap) {
  for (const DType t : {DType::I64, DType::I32, DType::I16, DType::I8}) {
    const std::int64_t least = t == DType::I64 ? kMin : -(std::int64_t{1} << (8 * size_of(t) - 1));
    EXPECT_EQ(whole(BinaryFn::Div, {least}, {-1}, t), (Integers{least})) << name(t);
    EXPECT_EQ(whole(BinaryFn::FloorDiv, {least}, {-1}, t), (Integers{least})) << name(t);
    EXPECT_EQ(whole(BinaryFn::Remainder, {least}, {-1}, t), (Integers{0})) << name(t);
    EXPECT_EQ(whole(BinaryFn::Fmod, {least}, {-1}, t), (Integers{0})) << name(t);
    EXPECT_EQ(whole(ScalarFn::Div, {least}, -1, t), (Integers{least})) << name(t);
  }
}

TEST(BinaryValues, OfIntegerDivisionByZeroAreRefused) {
  for (const DType t : {DType::I64, DType::I32, DType::I16, DType::I8, DType::U8}) {
    for (const BinaryFn fn : {BinaryFn::Div, BinaryFn::FloorDiv, BinaryFn::Remainder, BinaryFn::Fmod})
      EXPECT_EQ(message_of<ValueError>([&] {
                  whole(fn, {1, 2, 3}, {1, 0, 3}, t);
                }),
                std::string(name(fn)) + ": integer division by zero");
    for (const ScalarFn fn : {ScalarFn::Div, ScalarFn::Remainder, ScalarFn::Fmod})
      EXPECT_THROW(whole(fn, {1}, 0, t), ValueError);
    EXPECT_EQ(message_of<ValueError>([&] { whole(ScalarFn::Rdiv, {1, 0}, 5, t); }), "div: integer division by zero");
  }
  // A zero in a part that a view does not show is nobody's divisor.
  const Array b = narrow(ints({0, 2, 0}), 0, 1, 1);
  EXPECT_EQ(integers(binary(BinaryFn::Div, ints({9}), b)), (Integers{4}));
}

TEST(BinaryValues, OfIntegerPowers) {
  EXPECT_EQ(whole(BinaryFn::Pow, {2, -2, 2, 1, -1, -1, 0, 0, 7}, {10, 3, -1, -5, -3, -2, 0, 5, 1}),
            (Integers{1024, -8, 0, 1, -1, 1, 1, 0, 7}));
  EXPECT_EQ(whole(BinaryFn::Pow, {2, 3}, {64, 41}),
            (Integers{0, -420491770248316829}));  // Python: 3**41 wrapped to 64 bits
  EXPECT_EQ(whole(BinaryFn::Pow, {2, 3}, {7, 5}, DType::I8), (Integers{-128, -13}));  // 128 and 243 mod 256
  EXPECT_EQ(whole(ScalarFn::Pow, {-3, 4}, 2), (Integers{9, 16}));
  EXPECT_EQ(whole(ScalarFn::Pow, {-3, 4, 1}, -1), (Integers{0, 0, 1}));
  EXPECT_EQ(whole(ScalarFn::Rpow, {0, 5, -1}, 2), (Integers{1, 32, 0}));
}

TEST(BinaryValues, OfBitsAndShifts) {
  EXPECT_EQ(whole(BinaryFn::And, {12, -1}, {10, 5}), (Integers{8, 5}));
  EXPECT_EQ(whole(BinaryFn::Or, {12, -8}, {10, 5}), (Integers{14, -3}));
  EXPECT_EQ(whole(BinaryFn::Xor, {12, -1}, {10, 5}), (Integers{6, -6}));
  EXPECT_EQ(integers(binary(BinaryFn::And, bools({0, 0, 1, 1}), bools({0, 1, 0, 1}))), (Integers{0, 0, 0, 1}));
  EXPECT_EQ(integers(binary(BinaryFn::Or, bools({0, 0, 1, 1}), bools({0, 1, 0, 1}))), (Integers{0, 1, 1, 1}));
  EXPECT_EQ(integers(binary(BinaryFn::Xor, bools({0, 0, 1, 1}), bools({0, 1, 0, 1}))), (Integers{0, 1, 1, 0}));
  EXPECT_EQ(whole(BinaryFn::ShiftLeft, {1, 1, 3, -1, 5}, {0, 63, 2, 4, 1}), (Integers{1, kMin, 12, -16, 10}));
  EXPECT_EQ(whole(BinaryFn::ShiftRight, {12, -12, -1, kMin}, {2, 2, 63, 63}), (Integers{3, -3, -1, -1}));
}

TEST(BinaryValues, OfShiftsOutOfRangeHaveAMeaning) {
  EXPECT_EQ(whole(BinaryFn::ShiftLeft, {1, 1, 1}, {64, -1, kMax}), (Integers{0, 0, 0}));
  EXPECT_EQ(whole(BinaryFn::ShiftRight, {5, -5, 5, -5}, {64, 64, -1, kMin}), (Integers{0, -1, 0, -1}));
  EXPECT_EQ(whole(BinaryFn::ShiftLeft, {1, 1, 1}, {7, 8, 100}, DType::I8), (Integers{-128, 0, 0}));
  EXPECT_EQ(whole(BinaryFn::ShiftRight, {-128, 64, -1}, {7, 8, 100}, DType::I8), (Integers{-1, 0, -1}));
  EXPECT_EQ(whole(BinaryFn::ShiftLeft, {1, 255}, {7, 8}, DType::U8), (Integers{128, 0}));
  EXPECT_EQ(whole(BinaryFn::ShiftRight, {200, 200}, {3, 200}, DType::U8), (Integers{25, 0}));
}

TEST(BinaryValues, OfComparisonsWithANumberThatTheDtypeCannotHold) {
  // As numbers: 255 is not -1, and every u8 is below 300.
  EXPECT_EQ(whole(ScalarFn::Equal, {255, 0}, -1, DType::U8), (Integers{0, 0}));
  EXPECT_EQ(whole(ScalarFn::Greater, {255, 0}, -1, DType::U8), (Integers{1, 1}));
  EXPECT_EQ(whole(ScalarFn::Less, {255, 0}, 300, DType::U8), (Integers{1, 1}));
  EXPECT_EQ(whole(ScalarFn::NotEqual, {44, 0}, 300, DType::U8), (Integers{1, 1}));
  EXPECT_EQ(whole(ScalarFn::LessEqual, {127, -128}, 1000, DType::I8), (Integers{1, 1}));
  EXPECT_EQ(whole(ScalarFn::GreaterEqual, {32767, 5}, 65536 + 5, DType::I16), (Integers{0, 0}));
  EXPECT_EQ(integers(with_scalar(ScalarFn::Equal, bools({0, 1}), true)), (Integers{0, 1}));
}

TEST(BinaryValues, MixingKindsIsRefused) {
  EXPECT_EQ(message_of<DTypeError>([] { with_scalar(ScalarFn::Add, ints({1}), 1.5); }),
            "add: the number 1.5 is a float, the tensor is i64; cast the tensor to Float first");
  EXPECT_EQ(message_of<DTypeError>([] { binary(BinaryFn::Add, ints({1}), floats({1})); }),
            "add: dtypes differ: lhs i64, rhs f64; cast() one of them");
  EXPECT_EQ(message_of<DTypeError>([] { binary(BinaryFn::Add, bools({1}), bools({1})); }),
            "add: takes float or int elements, got bool");
  EXPECT_EQ(message_of<DTypeError>([] { binary(BinaryFn::And, floats({1}), floats({1})); }),
            "logical_and: takes int elements, got f64");
}

}  // namespace
}  // namespace fornax::test
