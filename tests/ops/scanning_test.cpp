// Running results, differences and areas.

#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/ops/functions/scanning.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

TEST(CumSum, RunsFromEitherEndAndWraps) {
  const Array x = ints({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  EXPECT_EQ(integers(cumsum(x, 0)), (Integers{1, 2, 3, 5, 7, 9}));
  EXPECT_EQ(integers(cumsum(x, -1, true)), (Integers{6, 5, 3, 15, 11, 6}));
  EXPECT_EQ(integers(cumsum(ints({100, 100}, DType::I8), 0)), (Integers{100, -56}));
  expect_same(numbers(cumsum(floats({1, kNan, 2}), 0)), {1, kNan, kNan});
  expect_same(numbers(cumsum(floats({7}, Shape{}), -1)), {7});
  EXPECT_EQ(cumsum(floats({}, Shape{0, 2}), 0).shape(), (Shape{0, 2}));
}

TEST(CumSum, OfF32IsSummedInF64) {
  const Array x = full_like(floats(Numbers(20000), DType::F32), 0.1);
  const double last = numbers(cumsum(x, 0)).back();
  EXPECT_EQ(last, static_cast<double>(static_cast<float>(20000 * static_cast<double>(0.1F))));
}

// y = (a, ab, abc, abcd): the derivatives written out.
TEST(CumProd, HasExactGradientsWithZeros) {
  const auto f = [](const Array& v) { return cumprod(v, 0); };
  expect_same(numbers(cumprod(floats({2, 0, 3, -1}), 0)), {2, 0.0, 0.0, -0.0});
  expect_same(gradient(f, floats({2, 0, 3, 5}), {1, 1, 1, 1}), {1, 2 + 6 + 30, 0.0, 0.0});
  expect_same(gradient(f, floats({2, 0, 0, 5}), {1, 1, 1, 1}), {1, 2, 0.0, 0.0});
  expect_same(gradient(f, floats({0, 4, 3, 5}), {1, 1, 1, 1}), {1 + 4 + 12 + 60, 0.0, 0.0, 0.0});
  EXPECT_EQ(integers(cumprod(ints({2, 3, 4}), 0)), (Integers{2, 6, 24}));
}

// d/dx of the gradient's sum: of abc with b = c = 0 the mixed second derivative d²/dbdc = a is all that is left.
TEST(CumProd, HasExactSecondDerivativesWithZeros) {
  Interpreter& outer = Autodiff<Autodiff<Cpu>>::interpreter();
  Interpreter& inner = *outer.inner();
  const Array lower = autodiff::require_grad(inner, floats({2, 0, 0}));
  const Array leaf = autodiff::require_grad(outer, lower);
  const Array first = autodiff::backward(outer, narrow(cumprod(leaf, 0), 0, 2, 1), Array()).find(leaf);
  expect_same(numbers(first), {0.0, 0.0, 0.0});
  expect_same(numbers(autodiff::backward(inner, first, Array()).find(lower)), {0.0, 2, 2});
}

TEST(LogCumSumExp, NeitherOverflowsNorMeetsInfinities) {
  const auto f = [](const Array& v) { return logcumsumexp(v, 0); };
  const double ln2 = std::log(2.0);
  expect_near(numbers(f(floats({1000, 1000, -1000}))), {1000, 1000 + ln2, 1000 + ln2}, 1e-15);
  expect_near(numbers(f(floats({-1000, -1000, 0}))), {-1000, -1000 + ln2, 0}, 1e-15);
  expect_same(numbers(f(floats({-kInf, -kInf, 0, kInf, kInf, 1}))), {-kInf, -kInf, 0.0, kInf, kInf, kInf});
  expect_same(numbers(f(floats({0, kNan, 1}))), {0.0, kNan, kNan});
  expect_near(gradient(f, floats({1000, 1000}), {1, 1}), {1.5, 0.5}, 1e-12);  // 1000 + log 2 is rounded
  expect_near(gradient(f, floats({0, -kInf, 0}), {1, 1, 1}), {2.5, 0, 0.5}, 1e-15);
  // Weights of 0 have a derivative too: the second gradient with respect to the cotangent is not lost there.
  expect_near(gradient(f, floats({0, 0}), {0, -2}), {-1, -1}, 1e-15);
}

TEST(CumMax, TakesTheLastOfTiesAndTheLastNan) {
  const ValuesAndIndices most = cummax(floats({1, 3, 3, 2, kNan, 5, kNan, 0}), 0);
  expect_same(numbers(most.values), {1, 3, 3, 3, kNan, kNan, kNan, kNan});
  EXPECT_EQ(integers(most.indices), (Integers{0, 1, 2, 2, 4, 4, 6, 6}));
  const ValuesAndIndices least = cummin(ints({3, 1, 2, 1, 5, 4}, Shape{3, 2}), 0);
  EXPECT_EQ(integers(least.values), (Integers{3, 1, 2, 1, 2, 1}));
  EXPECT_EQ(integers(least.indices), (Integers{0, 0, 1, 1, 1, 1}));
  expect_same(gradient([](const Array& v) { return cummax(v, 0).values; }, floats({1, 3, 3, 2}), {1, 1, 1, 1}),
              {1, 1, 2, 0.0});
  expect_same(numbers(cummin(floats({4}, Shape{}), 0).values), {4});
}

TEST(RecurrenceFunction, IsThatOfItsDefinition) {
  expect_same(numbers(recurrence(floats({9, 2, 3}), floats({1, 1, 1}), 0)), {1, 3, 10});
  expect_same(numbers(recurrence(floats({1, 2, 0, 2}), floats({kInf, 1, 5, 1}), 0)), {kInf, kInf, 5, 11});
  expect_same(numbers(recurrence(floats({2, 3, kNan}), floats({1, 1, 1}), 0, true)), {9, 4, 1});
}

TEST(Scans, RefuseWhatTheyCannotRunAlong) {
  EXPECT_EQ(message_of<IndexError>([] { cumsum(floats({1}), 1); }).substr(0, 7), "cumsum:");
  EXPECT_THROW(cumsum(floats({1}, Shape{}), 1), IndexError);
  EXPECT_EQ(message_of<DTypeError>([] { cumsum(bools({1}), 0); }), "cumsum: takes float or int elements, got bool");
  EXPECT_EQ(message_of<DTypeError>([] { logcumsumexp(ints({1}), 0); }), "logcumsumexp: takes float elements, got i64");
  EXPECT_THROW(cumprod(Array(), 0), ValueError);
  EXPECT_THROW(cummax(bools({1}), 0), DTypeError);
  EXPECT_THROW(cummin(floats({1}), -2), IndexError);
  EXPECT_THROW(recurrence(floats({1}), floats({1, 2}), 0), ShapeError);
  EXPECT_THROW(recurrence(ints({1}), ints({1}), 0), DTypeError);
  EXPECT_THROW(recurrence(floats({1}, Shape{}), floats({1}, Shape{}), 0), ShapeError);
}

TEST(Diff, RepeatsAndEndsAtNothing) {
  const Array x = floats({1, 4, 9, 16});
  expect_same(numbers(diff(x, 0)), {3, 5, 7});
  expect_same(numbers(diff(x, 0, 2)), {2, 2});
  expect_same(numbers(diff(x, 0, 0)), {1, 4, 9, 16});
  EXPECT_EQ(diff(x, 0, 4).shape(), Shape{0});
  EXPECT_EQ(diff(x, 0, std::int64_t{1} << 62).shape(), Shape{0});
  EXPECT_EQ(diff(floats({}), 0).shape(), Shape{0});
  EXPECT_EQ(integers(diff(bools({1, 0, 0}), 0)), (Integers{1, 0}));
  EXPECT_THROW(diff(x, 1), IndexError);
  EXPECT_THROW(diff(x, 0, -1), ValueError);
  EXPECT_THROW(diff(floats({1}, Shape{}), 0), ShapeError);
}

TEST(Trapezoid, IsTheAreaBelowTheLine) {
  expect_same(numbers(trapezoid(floats({1, 3, 2}), 0, 0.5)), {2.25});
  expect_same(numbers(trapezoid(floats({1}), 0)), {0.0});
  expect_same(numbers(trapezoid(floats({}), 0)), {0.0});
  EXPECT_THROW(trapezoid(ints({1, 2}), 0), DTypeError);
  EXPECT_THROW(trapezoid(floats({1}), 1), IndexError);
  EXPECT_THROW(trapezoid(floats({1}, Shape{}), 0), ShapeError);
}

}  // namespace
}  // namespace fornax::test
