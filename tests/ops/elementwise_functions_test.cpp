// Elementwise functions composed of others.

#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/ops/functions/elementwise.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

TEST(Frac, KeepsTheSign) {
  expect_near(numbers(frac(floats({1.25, -1.25, 3}))), {0.25, -0.25, 0}, 0);
  EXPECT_EQ(gradients([](const auto& v) { return frac(v[0]); }, {floats({1.25})})[0], (Numbers{1}));
  EXPECT_THROW(frac(ints({1})), DTypeError);
}

TEST(Degrees, AndRadians) {
  expect_near(numbers(deg2rad(floats({180, -90}))), {std::numbers::pi, -std::numbers::pi / 2}, 1e-15);
  expect_near(numbers(rad2deg(floats({std::numbers::pi}))), {180}, 1e-15);
  EXPECT_THROW(deg2rad(ints({1})), DTypeError);
  EXPECT_THROW(rad2deg(Array()), ValueError);
}

// torch.clamp 1.13 with bounds [1, 3] and [2, 1]; weights 1 to 6.
TEST(ClampByTensors, SendsTheGradientToWhatWins) {
  const Array x = floats({-2, 0.5, 3, 1, -1, 5}, Shape{2, 3}), low = floats({-1, 0, 2}, Shape{1, 3}),
              high = floats({1, 4}, Shape{2, 1});
  const Composition f = [](const Inputs& a) { return clamp(a[0], a[1], a[2]); };
  expect_same(numbers(f({x, low, high})), {-1, 0.5, 1, 1, 0, 4});
  const auto g = gradients(f, {x, low, high}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(g[0], (Numbers{0, 2, 0, 4, 0, 0}));
  EXPECT_EQ(g[1], (Numbers{1, 5, 0}));
  EXPECT_EQ(g[2], (Numbers{3, 6}));
  expect_derivatives([](const Inputs& a) { return clamp(a[0] * a[0], a[1] * a[2], a[2]); },
                     Inputs{x, low * 0.3, high + 0.03});
  expect_derivatives([](const Inputs& a) { return clamp_min(a[0], a[1] * a[0]) * clamp_max(a[0], a[1] * a[1]); },
                     Inputs{x, floats({0.3, -2, 1.1})});
}

TEST(ClampByTensors, TakesIntegersAndRefusesWhatDoesNotFit) {
  EXPECT_EQ(integers(clamp(ints({-5, 5, 300}), ints({0}), ints({100, 4, 200}))), (Integers{0, 4, 200}));
  EXPECT_EQ(integers(clamp_min(ints({1, 9}), ints({4, 4}))), (Integers{4, 9}));
  EXPECT_EQ(integers(clamp_max(ints({1, 9}), ints({4, 4}))), (Integers{1, 4}));
}

TEST(FmaxAndFmin, PreferNumbersToNan) {
  const Array a = floats({1, 2, kNan, 3, 1, kNan}), b = floats({2, 1, 1, kNan, 1, kNan});
  expect_same(numbers(fmax(a, b)), {2, 2, 1, 3, 1, kNan});
  expect_same(numbers(fmin(a, b)), {1, 1, 1, 3, 1, kNan});
  auto g = gradients([](const auto& v) { return fmax(v[0], v[1]); }, {a, b});
  EXPECT_EQ(g[0], (Numbers{0, 1, 0, 1, 1, 1}));  // torch 1.13
  EXPECT_EQ(g[1], (Numbers{1, 0, 1, 0, 0, 0}));
  g = gradients([](const auto& v) { return fmin(v[0], v[1]); }, {a, b});
  EXPECT_EQ(g[0], (Numbers{1, 0, 0, 1, 1, 1}));
  EXPECT_EQ(g[1], (Numbers{0, 1, 1, 0, 0, 0}));
  EXPECT_EQ(integers(fmax(ints({1, -2}), ints({0}))), (Integers{1, 0}));
}

TEST(GcdAndLcm, AreNeverNegative) {
  const Array a = ints({12, -18, 0, 0, 7}), b = ints({18, 12, 5, 0, -13});
  EXPECT_EQ(integers(gcd(a, b)), (Integers{6, 6, 5, 0, 1}));
  EXPECT_EQ(integers(lcm(ints({4, -6, 0, 0, 7}), ints({6, 4, 5, 0, -3}))), (Integers{12, 12, 0, 0, 21}));
  EXPECT_EQ(integers(gcd(ints({200, 255}, DType::U8), ints({150}, DType::U8))), (Integers{50, 15}));
  EXPECT_EQ(integers(lcm(ints({4, 6}, DType::U8), ints({10}, DType::U8))), (Integers{20, 30}));
  constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(integers(gcd(ints({smallest, smallest}), ints({6, 0}))), (Integers{2, smallest}));
}

TEST(Logit, EndsAtItsInterval) {
  expect_near(numbers(logit(floats({0.5, 0.9, 0, 1, -1, 2}))), {0, std::log(9.0), -kInf, kInf, kNan, kNan}, 1e-14);
  expect_near(numbers(logit(floats({-1, 0.5, 2}), 0.1)), {-std::log(9.0), 0, std::log(9.0)}, 1e-14);
  expect_near(gradients([](const auto& v) { return logit(v[0]); }, {floats({0.5, 0.2})})[0], {4, 6.25}, 1e-14);
  EXPECT_THROW(logit(floats({0.5}), 0.6), ValueError);
  EXPECT_THROW(logit(floats({0.5}), kNan), ValueError);
  EXPECT_THROW(logit(ints({0})), DTypeError);
}

TEST(NanToNum, ReplacesByTheLargestOfTheDtype) {
  for (const DType t : {DType::F64, DType::F32, DType::F16, DType::BF16}) {
    const Numbers y = numbers(nan_to_num(floats({kNan, kInf, -kInf, 2}, t)));
    const double most = y[1];
    expect_same(y, {0.0, most, -most, 2});
    EXPECT_TRUE(std::isfinite(most));
    // The next number is infinite.
    EXPECT_TRUE(std::isinf(numbers(floats({most}, t) * (t == DType::BF16 ? 1.01 : 1.001))[0]));
  }
  expect_same(numbers(nan_to_num(floats({kNan, kInf, -kInf}), 1, 2, 3)), {1, 2, 3});
  EXPECT_EQ(gradients([](const auto& v) { return nan_to_num(v[0]); }, {floats({kNan, kInf, 2})})[0],
            (Numbers{0, 0, 1}));
  EXPECT_THROW(nan_to_num(ints({1})), DTypeError);
  EXPECT_THROW(nan_to_num(Array()), ValueError);
}

TEST(Xlogy, IsZeroAtZeroUnlessTheOtherIsNan) {
  const Array x = floats({0, 0, 0, 0, 2, 0});
  expect_same(numbers(xlogy(x, floats({0, -1, kInf, kNan, 1, 5}))), {0.0, 0.0, 0.0, kNan, 0.0, 0.0});
  expect_same(numbers(xlog1py(x, floats({-1, -2, kInf, kNan, 0, 5}))), {0.0, 0.0, 0.0, kNan, 0.0, 0.0});
  expect_near(numbers(xlog1py(floats({2}), floats({1e-20}))), {2e-20}, 1e-15);
  const auto g = gradients([](const auto& v) { return xlogy(v[0], v[1]); }, {floats({0, 2}), floats({0.5, 4})});
  expect_near(g[0], {std::log(0.5), std::log(4.0)}, 1e-15);
  EXPECT_EQ(g[1], (Numbers{0, 0.5}));
  EXPECT_THROW(xlogy(x, ints({1})), DTypeError);
  EXPECT_THROW(xlog1py(x, floats({1, 2})), ShapeError);
  EXPECT_THROW(xlogy(Array(), x), ValueError);
}

TEST(LogAddExp, NeitherOverflowsNorMeetsInfinities) {
  const Array a = floats({1000, -kInf, kInf, -1000, kNan}), b = floats({1000, -kInf, kInf, -1001, 1});
  expect_near(numbers(logaddexp(a, b)),
              {1000 + std::numbers::ln2, -kInf, kInf, -1000 + std::log1p(std::exp(-1.0)), kNan}, 1e-15);
  expect_near(numbers(logaddexp2(floats({1000, 3}), floats({1000, 3}))), {1001, 4}, 1e-15);
  const auto g = gradients([](const auto& v) { return logaddexp(v[0], v[1]); }, {floats({5, 0}), floats({5, -2000})});
  EXPECT_EQ(g[0], (Numbers{0.5, 1}));
  EXPECT_EQ(g[1], (Numbers{0.5, 0}));
  EXPECT_THROW(logaddexp(a, floats({1, 2})), ShapeError);
  EXPECT_THROW(logaddexp2(a, ints({1})), DTypeError);
  EXPECT_THROW(logaddexp(ints({1}), ints({1})), DTypeError);
}

TEST(Lerp, MeetsBothEnds) {
  const Array a = floats({0.1, 1e17}), b = floats({0.7, 3});
  expect_same(numbers(lerp(a, b, 0.0)), {0.1, 1e17});
  expect_same(numbers(lerp(a, b, 1.0)), {0.7, 3});
  expect_same(numbers(lerp(a, b, floats({1, 0}))), {0.7, 1e17});
  const auto g =
      gradients([](const auto& v) { return lerp(v[0], v[1], v[2]); }, {floats({1}), floats({3}), floats({0.75})});
  EXPECT_EQ(g[0], (Numbers{0.25}));
  EXPECT_EQ(g[1], (Numbers{0.75}));
  EXPECT_EQ(g[2], (Numbers{2}));
  EXPECT_THROW(lerp(a, ints({1, 2}), 0.5), DTypeError);
  EXPECT_THROW(lerp(a, floats({1, 2, 3}), 0.5), ShapeError);
  EXPECT_THROW(lerp(a, b, Array()), ValueError);
}

TEST(AddCMul, AddsScaledProductsAndQuotients) {
  expect_same(numbers(addcmul(floats({1}), floats({2, 3}), floats({4}), 0.5)), {5, 7});
  expect_same(numbers(addcdiv(floats({1}), floats({2, 3}), floats({4}), 2)), {2, 2.5});
  EXPECT_THROW(addcmul(floats({1}), ints({1}), floats({1})), DTypeError);
  EXPECT_THROW(addcdiv(floats({1}), floats({1, 2}), floats({1, 2, 3})), ShapeError);
  EXPECT_THROW(addcdiv(Array(), floats({1}), floats({1})), ValueError);
}

TEST(Div, RoundsDownOrTowardZero) {
  const Array a = floats({7, -7, 1, -1, 0}), b = floats({2, 2, 0, 0, 0});
  expect_same(numbers(div(a, b, Rounding::Floor)), {3, -4, kInf, -kInf, kNan});
  expect_same(numbers(div(a, b, Rounding::Trunc)), {3, -3, kInf, -kInf, kNan});
  expect_same(numbers(div(floats({7}), floats({2}), Rounding::None)), {3.5});
  EXPECT_EQ(integers(div(ints({7, -7, -128}, DType::I8), ints({2, 2, -1}, DType::I8), Rounding::Trunc)),
            (Integers{3, -3, -128}));
  EXPECT_EQ(integers(div(ints({7, -7}), ints({2, 2}), Rounding::Floor)), (Integers{3, -4}));
  const auto g = gradients([](const auto& v) { return div(v[0], v[1], Rounding::Trunc); }, {a, b});
  EXPECT_EQ(g[0], Numbers(5));
  EXPECT_EQ(g[1], Numbers(5));
  EXPECT_EQ(message_of<ValueError>([] { div(ints({1}), ints({0}), Rounding::Trunc); }),
            "trunc_div: integer division by zero");
  EXPECT_THROW(div(ints({1}), ints({2}), Rounding::None), DTypeError);
  EXPECT_THROW(div(a, floats({1, 2}), Rounding::Floor), ShapeError);
}

TEST(BinaryWithNumber, TakesTheArraysDtype) {
  EXPECT_EQ(integers(binary(BinaryFn::And, ints({6, 3}, DType::U8), 2)), (Integers{2, 2}));
  EXPECT_EQ(integers(binary(BinaryFn::ShiftLeft, ints({1, 3}), 4)), (Integers{16, 48}));
  EXPECT_EQ(integers(binary(BinaryFn::Xor, bools({1, 0}), true)), (Integers{0, 1}));
  EXPECT_THROW(binary(BinaryFn::And, ints({1}), 0.5), DTypeError);
  EXPECT_THROW(binary(BinaryFn::ShiftLeft, floats({1}), 1), DTypeError);
  EXPECT_THROW(binary(BinaryFn::And, Array(), 1), ValueError);
}

TEST(IsClose, IsRelativeToTheSecondAndTellsInfinitiesApart) {
  const Array a = floats({100, 0, kInf, kInf, kNan, kInf}), b = floats({101, 1e-9, kInf, -kInf, kNan, 1});
  EXPECT_EQ(integers(is_close(a, b, 0.01)), (Integers{1, 1, 1, 0, 0, 0}));
  EXPECT_EQ(integers(is_close(a, b, 0.0099, 0, true)), (Integers{0, 0, 1, 0, 1, 0}));
  EXPECT_EQ(integers(is_close(ints({100, 5}), ints({101, 5}))), (Integers{0, 1}));
  EXPECT_TRUE(all_close(floats({1, 2}), floats({1}) + floats({0, 1})));
  EXPECT_FALSE(all_close(floats({1, 2}), floats({1, 2.1})));
  EXPECT_TRUE(all_close(floats({}), floats({})));
  EXPECT_THROW(is_close(a, b, -1), ValueError);
  EXPECT_THROW(is_close(a, ints({1})), DTypeError);
  EXPECT_THROW(all_close(bools({1}), bools({1})), DTypeError);
}

}  // namespace
}  // namespace fornax::test
