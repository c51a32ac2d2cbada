// Every method reaches the function that its name says, and temporaries give what named tensors give. The functions'
// own values are in tests/ops.

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>

namespace fornax::test {
namespace {

using Floats = Tensor<Cpu, 1>;
using Ints = Tensor<Cpu, 1, Int>;
using Bools = Tensor<Cpu, 1, Bool>;

Floats f64(std::initializer_list<double> values) { return Floats::from_data(values, {}, DType::F64); }

// At 0.7, or where the function has its domain; the standard library's f64 is the reference.
TEST(Method, OfOneTensorReachesItsFunction) {
  struct Row {
    const char* name;
    std::function<Floats(const Floats&)> named;
    std::function<Floats(Floats&&)> given;
    double at, expected;
  };
#define ROW(method, at, expected)                                                                                 \
  Row {                                                                                                           \
#method, [](const Floats& x) { return x.method(); }, [](Floats && x) { return std::move(x).method(); }, at,   \
                                                                                                         expected \
  }
  const Row rows[] = {
      ROW(neg, 0.7, -0.7),
      ROW(abs, -0.7, 0.7),
      ROW(sign, -0.7, -1),
      ROW(square, 0.7, 0.7 * 0.7),
      ROW(exp, 0.7, std::exp(0.7)),
      ROW(expm1, 0.7, std::expm1(0.7)),
      ROW(log, 0.7, std::log(0.7)),
      ROW(log1p, 0.7, std::log1p(0.7)),
      ROW(log2, 0.7, std::log2(0.7)),
      ROW(log10, 0.7, std::log10(0.7)),
      ROW(sqrt, 0.7, std::sqrt(0.7)),
      ROW(rsqrt, 0.7, 1 / std::sqrt(0.7)),
      ROW(recip, 0.7, 1 / 0.7),
      ROW(sin, 0.7, std::sin(0.7)),
      ROW(cos, 0.7, std::cos(0.7)),
      ROW(tan, 0.7, std::tan(0.7)),
      ROW(asin, 0.7, std::asin(0.7)),
      ROW(acos, 0.7, std::acos(0.7)),
      ROW(atan, 0.7, std::atan(0.7)),
      ROW(sinh, 0.7, std::sinh(0.7)),
      ROW(cosh, 0.7, std::cosh(0.7)),
      ROW(tanh, 0.7, std::tanh(0.7)),
      ROW(asinh, 0.7, std::asinh(0.7)),
      ROW(acosh, 1.7, std::acosh(1.7)),
      ROW(atanh, 0.7, std::atanh(0.7)),
      ROW(erf, 0.7, std::erf(0.7)),
      ROW(erfc, 0.7, std::erfc(0.7)),
      ROW(sigmoid, 0.7, 1 / (1 + std::exp(-0.7))),
      ROW(relu, -0.7, 0),
      ROW(floor, -0.7, -1),
      ROW(ceil, 0.2, 1),
      ROW(round, 0.7, 1),
      ROW(trunc, -0.7, 0),
  };
#undef ROW
  for (const Row& r : rows) {
    const Floats x = f64({r.at});
    EXPECT_NEAR(r.named(x).into_scalar(), r.expected, 4e-16 * std::abs(r.expected)) << r.name;
    EXPECT_EQ(x.into_scalar(), r.at) << r.name;
    EXPECT_EQ(r.given(f64({r.at})).into_scalar(), r.named(x).into_scalar()) << r.name;
  }
}

TEST(Method, OfTwoTensorsReachesItsFunction) {
  struct Row {
    const char* name;
    std::function<Floats(const Floats&, const Floats&)> f;
    double expected;  // at (7, -2)
  };
#define ROW(method, expected)                                                       \
  Row {                                                                             \
#method, [](const Floats& a, const Floats& b) { return a.method(b); }, expected \
  }
  // clang-format off
  const Row rows[] = {
      ROW(add, 5),         ROW(sub, 9),       ROW(mul, -14),       ROW(div, -3.5),
      ROW(remainder, -1),  ROW(fmod, 1),      ROW(powf, 1.0 / 49), ROW(max_pair, 7),
      ROW(min_pair, -2),   ROW(copysign, -7), ROW(floor_div, -4),  ROW(hypot, std::sqrt(53)),
      ROW(atan2, std::atan2(7, -2)),
  };
  // clang-format on
#undef ROW
  for (const Row& r : rows) EXPECT_NEAR(r.f(f64({7}), f64({-2})).into_scalar(), r.expected, 1e-14) << r.name;
}

TEST(Method, OfATensorAndANumberReachesItsFunction) {
  const Floats x = f64({7});
  EXPECT_EQ(x.add_scalar(-2).into_scalar(), 5);
  EXPECT_EQ(x.sub_scalar(-2).into_scalar(), 9);
  EXPECT_EQ(x.mul_scalar(-2).into_scalar(), -14);
  EXPECT_EQ(x.div_scalar(-2).into_scalar(), -3.5);
  EXPECT_EQ(x.remainder_scalar(-2).into_scalar(), -1);
  EXPECT_EQ(x.fmod_scalar(-2).into_scalar(), 1);
  EXPECT_EQ(x.powf_scalar(2).into_scalar(), 49);
  EXPECT_EQ(x.powi_scalar(2).into_scalar(), 49);
  EXPECT_EQ(x.powi(2).into_scalar(), 49);
  EXPECT_EQ(x.max_pair(9).into_scalar(), 9);
  EXPECT_EQ(x.min_pair(9).into_scalar(), 7);
  EXPECT_EQ(x.floor_div(-2).into_scalar(), -4);
  EXPECT_EQ(x.clamp(0, 3).into_scalar(), 3);
  EXPECT_EQ(x.clamp_min(8).into_scalar(), 8);
  EXPECT_EQ(x.clamp_max(6).into_scalar(), 6);
}

TEST(Operator, TakesTensorsAndNumbersOnEitherSide) {
  const Floats x = f64({7}), y = f64({2});
  EXPECT_EQ((x + y).into_scalar(), 9);
  EXPECT_EQ((x - y).into_scalar(), 5);
  EXPECT_EQ((x * y).into_scalar(), 14);
  EXPECT_EQ((x / y).into_scalar(), 3.5);
  EXPECT_EQ((x % y).into_scalar(), 1);
  EXPECT_EQ((-x).into_scalar(), -7);
  EXPECT_EQ((x + 1).into_scalar(), 8);
  EXPECT_EQ((1 + x).into_scalar(), 8);
  EXPECT_EQ((x - 1).into_scalar(), 6);
  EXPECT_EQ((1 - x).into_scalar(), -6);
  EXPECT_EQ((x * 2.5).into_scalar(), 17.5);
  EXPECT_EQ((2.5F * x).into_scalar(), 17.5);
  EXPECT_EQ((x / 2).into_scalar(), 3.5);
  EXPECT_EQ((14 / x).into_scalar(), 2);
  EXPECT_EQ((x % 4).into_scalar(), 3);
  EXPECT_EQ((x - true).into_scalar(), 6) << "a bool is the number 0 or 1";
}

TEST(Operator, GivesTheSameForEveryMixOfNamedAndTemporaryOperands) {
  const auto a = [] { return f64({1, 2, 3, 4, 5}); };
  const auto b = [] { return f64({10, 20, 30, 40, 50}); };
  const Floats x = a(), y = b();
  const TensorData expected = (x - y).to_data();
  EXPECT_EQ((a() - y).to_data(), expected);
  EXPECT_EQ((x - b()).to_data(), expected);
  EXPECT_EQ((a() - b()).to_data(), expected);
  EXPECT_EQ((x - y).to_data(), expected);
  Floats z = a();
  EXPECT_EQ((std::move(z) * std::move(z)).to_data(), (x * x).to_data()) << "one tensor as both operands";
  EXPECT_EQ(x.to_data(), a().to_data());
  EXPECT_EQ(y.to_data(), b().to_data());
}

TEST(Operator, OfIntegersAndTruths) {
  const Ints x = Ints::from_data({12}), y = Ints::from_data({10});
  EXPECT_EQ((x & y).into_scalar(), 8);
  EXPECT_EQ((x | y).into_scalar(), 14);
  EXPECT_EQ((x ^ y).into_scalar(), 6);
  EXPECT_EQ(x.bitwise_and(10).into_scalar(), 8);
  EXPECT_EQ(x.bitwise_or(y).into_scalar(), 14);
  EXPECT_EQ(x.bitwise_xor(y).into_scalar(), 6);
  EXPECT_EQ(x.bitwise_not().into_scalar(), -13);
  EXPECT_EQ(x.bitwise_left_shift(2).into_scalar(), 48);
  EXPECT_EQ(x.bitwise_right_shift(2).into_scalar(), 3);
  EXPECT_EQ((x / 5).into_scalar(), 2);
  EXPECT_EQ((x % -5).into_scalar(), -3);
  const Bools t = Bools::from_data({true}), f = Bools::from_data({false});
  EXPECT_FALSE((t & f).into_scalar());
  EXPECT_TRUE((t | f).into_scalar());
  EXPECT_TRUE((t ^ f).into_scalar());
  EXPECT_FALSE(t.bool_and(f).into_scalar());
  EXPECT_TRUE(t.bool_or(f).into_scalar());
  EXPECT_FALSE(t.bool_xor(t).into_scalar());
  EXPECT_FALSE(t.bool_not().into_scalar());
}

TEST(Method, OfComparisonsReachesItsFunction) {
  const Floats x = f64({1, 2, 3}), y = f64({3, 2, 1});
  const auto bits = [](const Bools& t) {
    const TensorData d = t.to_data();
    return static_cast<int>(100 * d[0] + 10 * d[1] + d[2]);
  };
  EXPECT_EQ(bits(x.equal(y)), 10);
  EXPECT_EQ(bits(x.not_equal(y)), 101);
  EXPECT_EQ(bits(x.lower(y)), 100);
  EXPECT_EQ(bits(x.lower_equal(y)), 110);
  EXPECT_EQ(bits(x.greater(y)), 1);
  EXPECT_EQ(bits(x.greater_equal(y)), 11);
  EXPECT_EQ(bits(x.equal_elem(2)), 10);
  EXPECT_EQ(bits(x.not_equal_elem(2)), 101);
  EXPECT_EQ(bits(x.lower_elem(2)), 100);
  EXPECT_EQ(bits(x.lower_equal_elem(2)), 110);
  EXPECT_EQ(bits(x.greater_elem(2)), 1);
  EXPECT_EQ(bits(x.greater_equal_elem(2)), 11);
  const double nan = std::nan("");
  EXPECT_EQ(bits(f64({1, nan, INFINITY}).is_nan()), 10);
  EXPECT_EQ(bits(f64({1, nan, INFINITY}).is_inf()), 1);
  EXPECT_EQ(bits(f64({1, nan, INFINITY}).is_finite()), 100);
}

TEST(Method, OfReductionsReachesItsFunction) {
  const auto x = Tensor<Cpu, 2>::from_data({{1.0, 5.0, 3.0}, {4.0, 2.0, 6.0}});
  EXPECT_EQ(x.sum().into_scalar(), 21);
  EXPECT_EQ(x.prod().into_scalar(), 720);
  EXPECT_EQ(x.mean().into_scalar(), 3.5);
  EXPECT_EQ(x.max().into_scalar(), 6);
  EXPECT_EQ(x.min().into_scalar(), 1);
  EXPECT_EQ(x.sum_dim(1).to_data(), TensorData({{9.0F}, {12.0F}}));
  EXPECT_EQ(x.sum_dim(-2).to_data(), TensorData({{5.0F, 7.0F, 9.0F}}));
  EXPECT_EQ(x.prod_dim(1).to_data(), TensorData({{15.0F}, {48.0F}}));
  EXPECT_EQ(x.mean_dim(1).to_data(), TensorData({{3.0F}, {4.0F}}));
  EXPECT_EQ(x.sum_dims({0, 1}).to_data(), TensorData({{21.0F}}));
  EXPECT_EQ(x.mean_dims({0, -1}).to_data(), TensorData({{3.5F}}));
  EXPECT_EQ(x.max_dims({0}).to_data(), TensorData({{4.0F, 5.0F, 6.0F}}));
  EXPECT_EQ(x.min_dims({0, 1}).to_data(), TensorData({{1.0F}}));
  EXPECT_EQ(x.argmax(1).to_data(), TensorData({{std::int64_t{1}}, {std::int64_t{2}}}));
  EXPECT_EQ(x.argmin(0).to_data(), TensorData({{std::int64_t{0}, std::int64_t{1}, std::int64_t{0}}}));
  EXPECT_EQ(x.max_dim(1).to_data(), TensorData({{5.0F}, {6.0F}}));
  EXPECT_EQ(x.min_dim(1).to_data(), TensorData({{1.0F}, {2.0F}}));
  const auto [most, where_most] = x.max_dim_with_indices(0);
  EXPECT_EQ(most.to_data(), TensorData({{4.0F, 5.0F, 6.0F}}));
  EXPECT_EQ(where_most.to_data(), TensorData({{std::int64_t{1}, std::int64_t{0}, std::int64_t{1}}}));
  const auto [least, where_least] = x.min_dim_with_indices(1);
  EXPECT_EQ(least.to_data(), TensorData({{1.0F}, {2.0F}}));
  EXPECT_EQ(where_least.to_data(), TensorData({{std::int64_t{0}}, {std::int64_t{1}}}));
  // NumPy 2.4.6: var([1, 2, 4, 8], ddof=1) = 9.583333333333334, ddof=0: 7.1875
  EXPECT_NEAR(f64({1, 2, 4, 8}).var(0).into_scalar(), 9.583333333333334, 1e-14);
  EXPECT_EQ(f64({1, 2, 4, 8}).var_bias(0).into_scalar(), 7.1875);
  EXPECT_EQ(f64({1, 3, 5}).stddev(0).into_scalar(), 2);
  EXPECT_EQ(f64({1000, 1000}).logsumexp(0).into_scalar(), 1000 + std::log(2.0));
  EXPECT_TRUE(std::isnan(f64({1}).var(0).into_scalar()));
  const auto truths = Tensor<Cpu, 2, Bool>::from_data({{true, false}, {false, false}});
  EXPECT_TRUE(truths.any().into_scalar());
  EXPECT_FALSE(truths.all().into_scalar());
  EXPECT_EQ(truths.any_dim(1).to_data(), TensorData({{true}, {false}}));
  EXPECT_EQ(truths.all_dim(0).to_data(), TensorData({{false, false}}));
}

TEST(Method, OfMaxDimGivesItsGradientToTheNamedPosition) {
  const auto x = Tensor<Autodiff<Cpu>, 1>::from_data({5.0, 5.0, 1.0}).require_grad();
  EXPECT_EQ(x.grad(x.max_dim(0).backward())->to_data(), TensorData({1.0F, 0.0F, 0.0F}));
  EXPECT_EQ(x.grad(x.max().backward())->to_data(), TensorData({0.5F, 0.5F, 0.0F}));
  EXPECT_EQ(x.grad(x.max_dims({0}).backward())->to_data(), TensorData({0.5F, 0.5F, 0.0F}));
}

TEST(Method, OfConversionsReachesItsKind) {
  const auto x = f64({-1.7, 0.0, 300.9});
  EXPECT_EQ(x.to_int().to_data(), TensorData(std::vector<std::int64_t>{-1, 0, 300}));
  EXPECT_EQ(x.to_int(DType::U8).to_data(), TensorData(std::vector<std::uint8_t>{0, 0, 255}));
  EXPECT_EQ(x.to_bool().to_data(), TensorData({true, false, true}));
  EXPECT_EQ(x.to_bool().to_float().to_data(), TensorData({1.0F, 0.0F, 1.0F}));
  EXPECT_EQ(x.cast(DType::F32).dtype(), DType::F32);
  EXPECT_THROW(x.cast(DType::I32), DTypeError);
  EXPECT_THROW(x.to_int(DType::F32), DTypeError);
}

TEST(Method, OfProducts) {
  EXPECT_EQ(f64({1, 2, 3}).dot(f64({4, 5, 6})).into_scalar(), 32);
  const auto a = Tensor<Cpu, 2, Int>::from_data({{1, 2}, {3, 4}});
  EXPECT_EQ(a.matmul(a).to_data(), (Tensor<Cpu, 2, Int>::from_data({{7, 10}, {15, 22}}).to_data()));
  const auto y = f64({0, std::log(3.0)}).softmax(0);
  EXPECT_NEAR(y.slice({1}).into_scalar(), 0.75, 1e-15);
  EXPECT_NEAR(f64({0, std::log(3.0)}).log_softmax(0).slice({0}).into_scalar(), std::log(0.25), 1e-15);
}

}  // namespace
}  // namespace fornax::test
