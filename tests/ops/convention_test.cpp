// Gradients where a function has no slope, or more than one: the conventions of design.md §4.

#include <vector>

#include <gtest/gtest.h>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/decorators/autodiff/tag.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

Interpreter& on() { return Autodiff<Cpu>::interpreter(); }

// The gradient of sum f(x).
template <class F> Numbers slope(F f, const Array& x) {
  const Array leaf = autodiff::require_grad(on(), x);
  return numbers(autodiff::backward(on(), f(leaf), Array()).find(leaf));
}
template <class F> Numbers slope(F f, const Numbers& x) { return slope(f, floats(x)); }

struct Both {
  Numbers a, b;
};
Both slopes(BinaryFn fn, const Numbers& a, const Numbers& b) {
  const Array x = autodiff::require_grad(on(), floats(a)), y = autodiff::require_grad(on(), floats(b));
  const auto gradients = autodiff::backward(on(), binary(fn, x, y), Array());
  return {numbers(gradients.find(x)), numbers(gradients.find(y))};
}

Numbers slope(UnaryFn fn, const Numbers& x) {
  return slope([fn](const Array& a) { return unary(fn, a); }, x);
}

TEST(Convention, KinksHaveSlopeZeroAtTheKink) {
  expect_same(slope(UnaryFn::Relu, {-1, 0.0, -0.0, 2}), {0.0, 0.0, 0.0, 1});
  expect_same(slope(UnaryFn::Abs, {-3, 0.0, 2}), {-1, 0.0, 1});
  for (const UnaryFn fn : {UnaryFn::Sign, UnaryFn::Floor, UnaryFn::Ceil, UnaryFn::Round, UnaryFn::Trunc})
    expect_same(slope(fn, {-1.5, 0.0, 2, kInf}), {0.0, 0.0, 0.0, 0.0}, std::string(op::Unary{fn}.name()));
}

TEST(Convention, EndsOfADomainHaveTheLimitOfTheSlope) {
  expect_same(slope(UnaryFn::Sqrt, {0.0, 4}), {kInf, 0.25});
  expect_same(slope(UnaryFn::Log, {0.0, 4}), {kInf, 0.25});
  expect_same(slope(UnaryFn::Asin, {-1, 1}), {kInf, kInf});
  expect_same(slope(UnaryFn::Acos, {-1, 1}), {-kInf, -kInf});
  expect_same(slope(UnaryFn::Acosh, {1}), {kInf});
  expect_same(slope(UnaryFn::Atanh, {1, -1}), {kInf, kInf});
}

TEST(Convention, SaturatedFunctionsHaveSlopeZeroNotNan) {
  expect_same(slope(UnaryFn::Sigmoid, {1000, -1000, kInf, -kInf}), {0.0, 0.0, 0.0, 0.0});
  expect_same(slope(UnaryFn::Tanh, {1000, -1000}), {0.0, 0.0});
  expect_same(slope(UnaryFn::Erf, {100, -100}), {0.0, 0.0});
  expect_same(slope(UnaryFn::Exp, {-1000}), {0.0});
}

TEST(Convention, ATieOfMaximumAndMinimumHalvesTheGradient) {
  for (const BinaryFn fn : {BinaryFn::Maximum, BinaryFn::Minimum}) {
    const Both g = slopes(fn, {1, 2, 5, kInf}, {2, 1, 5, kInf});
    const bool max = fn == BinaryFn::Maximum;
    expect_same(g.a, {max ? 0.0 : 1.0, max ? 1.0 : 0.0, 0.5, 0.5});
    expect_same(g.b, {max ? 1.0 : 0.0, max ? 0.0 : 1.0, 0.5, 0.5});
  }
}

TEST(Convention, ClampPassesTheGradientAtItsBounds) {
  const Scalar low(-1.0), high(2.0);
  const Numbers x = {-2, -1, 0, 2, 3, kNan};
  expect_same(slope([&](const Array& a) { return clamp(a, &low, &high); }, x), {0.0, 1, 1, 1, 0.0, 0.0});
  expect_same(slope([&](const Array& a) { return clamp(a, &low, nullptr); }, x), {0.0, 1, 1, 1, 1, 0.0});
  expect_same(slope([&](const Array& a) { return clamp(a, nullptr, &high); }, x), {1, 1, 1, 1, 0.0, 0.0});
}

TEST(Convention, PowerAtZeroHasNoNan) {
  const auto power = [](Scalar s) { return [s](const Array& a) { return pow(a, s); }; };
  expect_same(slope(power(0.0), {0, 2, -3}), {0.0, 0.0, 0.0});
  expect_same(slope(power(1.0), {0, -3}), {1, 1});
  expect_same(slope(power(2.0), {0, -3}), {0.0, -6});
  expect_same(slope(power(0.5), Numbers{0}), {kInf});
  // pow(0, 0) = 1 has gradients 0 and 0; 0^b is 0 for all b > 0; a^0 is 1 for all a.
  const Both g = slopes(BinaryFn::Pow, {0, 0, 3, 0}, {0, 2, 0, 1});
  expect_same(g.a, {0.0, 0.0, 0.0, 1});
  expect_same({g.b[0], g.b[1], g.b[3]}, {0.0, 0.0, 0.0});
  EXPECT_NEAR(g.b[2], std::log(3.0), 1e-15);
  const auto base_zero = [](const Array& a) { return with_scalar(ScalarFn::Rpow, a, 0.0); };
  expect_same(slope(base_zero, {0, 2}), {0.0, 0.0});
}

TEST(Convention, CopysignAndRemaindersAtZero) {
  const Both g = slopes(BinaryFn::Copysign, {0, 2, -2}, {1, -1, -1});
  expect_same(g.a, {0.0, -1, 1});
  expect_same(g.b, {0.0, 0.0, 0.0});
  const Both r = slopes(BinaryFn::Remainder, {7, -7}, {2, 2});
  expect_same(r.a, {1, 1});
  expect_same(r.b, {-3, 4});  // -floor(a / b)
  const Both f = slopes(BinaryFn::Fmod, {7, -7}, {2, 2});
  expect_same(f.b, {-3, 3});  // -trunc(a / b)
  const Both d = slopes(BinaryFn::FloorDiv, {7, -7}, {2, 2});
  expect_same(d.a, {0.0, 0.0});
  expect_same(d.b, {0.0, 0.0});
}

TEST(Convention, AnglesAtTheOriginHaveNoSlope) {
  const Both angle = slopes(BinaryFn::Atan2, {0, 1}, {0, 0});
  expect_same(angle.a, {kNan, 0.0});
  const Both length = slopes(BinaryFn::Hypot, {0, 3}, {0, 4});
  expect_same(length.a, {kNan, 0.6});
  expect_same(length.b, {kNan, 0.8});
}

TEST(Convention, TiesOfAReductionShareTheGradient) {
  const auto most = [](const Array& a) { return reduce_all(ReduceFn::Max, a); };
  const auto least = [](const Array& a) { return reduce_all(ReduceFn::Min, a); };
  expect_same(slope(most, {1, 5, 5, 2, 5, 5}), {0.0, 0.25, 0.25, 0.0, 0.25, 0.25});
  expect_same(slope(least, {1, 5, 1}), {0.5, 0.0, 0.5});
  expect_same(slope(most, {kNan, 1, kNan}), {0.5, 0.0, 0.5});
  const auto rows = [](const Array& a) { return reduce(ReduceFn::Max, a, 1); };
  expect_same(slope(rows, floats({1, 1, 0, 2}, Shape{2, 2})), {0.5, 0.5, 0.0, 1});
}

TEST(Convention, AProductHasExactGradientsWithZeros) {
  const auto product = [](const Array& a) { return reduce_all(ReduceFn::Prod, a); };
  expect_same(slope(product, {2, 3, 4, 5}), {60, 40, 30, 24});
  expect_same(slope(product, {2, 0.0, 4, 5}), {0.0, 40, 0.0, 0.0});
  expect_same(slope(product, {2, 0.0, 0.0, 5, 7}), {0.0, 0.0, 0.0, 0.0, 0.0});
  expect_same(slope(product, Numbers{7}), {1});
  expect_same(slope(product, Numbers{0.0}), {1});
  const auto columns = [](const Array& a) { return reduce(ReduceFn::Prod, a, 0); };
  expect_same(slope(columns, floats({2, 0, 3, 5, 4, 0}, Shape{3, 2})), {12, 0.0, 8, 0.0, 6, 0.0});
}

TEST(Convention, WhereSendsNothingToTheOtherSide) {
  const auto safe_log = [](const Array& a) {
    const Array positive = greater(a, Scalar(0.0));
    return where(positive, log(where(positive, a, 1.0)), 0.0);
  };
  expect_same(slope(safe_log, {0, -5, 2}), {0.0, 0.0, 0.5});
}

TEST(Convention, RepeatedIndicesAddTheirGradients) {
  const auto pick = [](const Array& a) { return select(a, 0, ints({2, 2, 0})); };
  expect_same(slope(pick, {1, 2, 3}), {1, 0.0, 2});
  const auto gathered = [](const Array& a) { return gather(a, 0, ints({1, 1, 1})); };
  expect_same(slope(gathered, {1, 2, 3}), {0.0, 3, 0.0});
}

}  // namespace
}  // namespace fornax::test
