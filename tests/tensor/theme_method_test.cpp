// The methods that stand in bases by theme reach the functions that their names say. The functions' own values are in
// tests/ops.

#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>

namespace fornax::test {
namespace {

using Floats = Tensor<Cpu, 1>;
using Ints = Tensor<Cpu, 1, Int>;
using Bools = Tensor<Cpu, 1, Bool>;
using Matrix = Tensor<Cpu, 2>;
using Numbers = std::vector<double>;
using Integers = std::vector<std::int64_t>;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Floats f64(std::initializer_list<double> values) { return Floats::from_data(values, {}, DType::F64); }
Ints i64(std::initializer_list<std::int64_t> values) { return Ints::from_data(values); }
template <class T> Numbers numbers(const T& t) { return t.to_data().template to_vector<double>(); }
template <class T> Integers integers(const T& t) { return t.to_data().template to_vector<std::int64_t>(); }

TEST(ThemeMethod, BasesAddNothingToTheHandle) { EXPECT_EQ(sizeof(Tensor<Autodiff<Cpu>, 3>), sizeof(Array)); }

TEST(ThemeMethod, Sorting) {
  const Floats x = f64({3, 1, 2});
  EXPECT_EQ(numbers(x.sort(0)), (Numbers{1, 2, 3}));
  EXPECT_EQ(numbers(x.sort_descending(-1)), (Numbers{3, 2, 1}));
  EXPECT_EQ(integers(x.sort_with_indices(0).second), (Integers{1, 2, 0}));
  EXPECT_EQ(integers(x.sort_descending_with_indices(0).second), (Integers{0, 2, 1}));
  EXPECT_EQ(integers(x.argsort(0)), (Integers{1, 2, 0}));
  EXPECT_EQ(integers(x.argsort_descending(0)), (Integers{0, 2, 1}));
  EXPECT_EQ(numbers(x.topk(2, 0)), (Numbers{3, 2}));
  EXPECT_EQ(numbers(x.topk(2, 0, false)), (Numbers{1, 2}));
  EXPECT_EQ(integers(x.topk_with_indices(1, 0).second), (Integers{0}));
  EXPECT_EQ(integers(x.argtopk(1, 0, false)), (Integers{1}));
  EXPECT_EQ(integers(i64({2, 1, 2}).unique()), (Integers{1, 2}));
  const auto u = i64({2, 1, 2}).unique_with_counts();
  EXPECT_EQ(integers(u.inverse), (Integers{1, 0, 1}));
  EXPECT_EQ(integers(u.counts), (Integers{1, 2}));
  const Matrix values = f64({0, 1, 2, 9}).reshape({2, 2});
  EXPECT_EQ(integers(f64({1, 2, 3}).searchsorted(values)), (Integers{0, 0, 1, 3}));
  EXPECT_EQ(integers(values.bucketize(f64({1, 2, 3}), true)), (Integers{0, 1, 2, 3}));
}

TEST(ThemeMethod, Scanning) {
  const Floats x = f64({2, 3, 1});
  EXPECT_EQ(numbers(x.cumsum(0)), (Numbers{2, 5, 6}));
  EXPECT_EQ(numbers(x.cumprod(0)), (Numbers{2, 6, 6}));
  EXPECT_EQ(numbers(x.cummax(0)), (Numbers{2, 3, 3}));
  EXPECT_EQ(numbers(x.cummin(0)), (Numbers{2, 2, 1}));
  EXPECT_EQ(integers(x.cummax_with_indices(0).second), (Integers{0, 1, 1}));
  EXPECT_EQ(integers(x.cummin_with_indices(0).second), (Integers{0, 0, 2}));
  EXPECT_NEAR(numbers(x.logcumsumexp(0))[1], std::log(std::exp(2) + std::exp(3)), 1e-14);
  EXPECT_EQ(numbers(x.diff(0)), (Numbers{1, -2}));
  EXPECT_EQ(numbers(x.diff(0, 2)), (Numbers{-3}));
  EXPECT_EQ(numbers(x.trapezoid(0, 2)), (Numbers{9}));
  EXPECT_EQ(integers(i64({1, 2}).cumsum(0)), (Integers{1, 3}));
}

TEST(ThemeMethod, BoundsAndPairs) {
  const Floats x = f64({-1, 2, kNan}), low = f64({0}), high = f64({1, 3, 1});
  EXPECT_EQ(numbers(x.narrow(0, 0, 2).clamp(low, high.narrow(0, 0, 2))), (Numbers{0, 2}));
  EXPECT_EQ(numbers(x.narrow(0, 0, 2).clamp_min(low)), (Numbers{0, 2}));
  EXPECT_EQ(numbers(x.narrow(0, 0, 2).clamp_max(f64({1}))), (Numbers{-1, 1}));
  EXPECT_EQ(integers(i64({5, -5}).clamp(i64({0}), i64({3}))), (Integers{3, 0}));
  EXPECT_EQ(numbers(x.fmax(high)), (Numbers{1, 3, 1}));
  EXPECT_EQ(numbers(x.fmin(high)), (Numbers{-1, 2, 1}));
  EXPECT_EQ(integers(i64({12, -4}).gcd(i64({18, 6}))), (Integers{6, 2}));
  EXPECT_EQ(integers(i64({12, -4}).lcm(i64({18, 6}))), (Integers{36, 12}));
}

TEST(ThemeMethod, Indexing) {
  const Tensor<Cpu, 2, Int> x = i64({1, 2, 3, 4}).reshape({2, 2});
  EXPECT_EQ(integers(x.take(i64({-1, 0}))), (Integers{4, 1}));
  const Tensor<Cpu, 3, Int> taken = x.take(1, i64({1, 0}).reshape({2, 1}));
  EXPECT_EQ(taken.shape(), (Shape{2, 2, 1}));
  EXPECT_EQ(integers(x.gather_nd<1>(i64({0, 1, 1, 0}).reshape({2, 2}))), (Integers{2, 3}));
  EXPECT_THROW(x.gather_nd<2>(i64({0, 1}).reshape({1, 2})), ShapeError);
  EXPECT_EQ(integers(x.scatter_nd(i64({0, 1}).reshape({1, 2}), i64({9}), Update::Mul)), (Integers{1, 18, 3, 4}));
  const auto row = i64({5, 6}).reshape({1, 2}), zeros = i64({0, 0}).reshape({1, 2});
  EXPECT_EQ(integers(x.scatter(0, zeros, row, Update::Max)), (Integers{5, 6, 3, 4}));
  EXPECT_EQ(integers(x.select_assign(0, i64({1}), row, Update::Min)), (Integers{1, 2, 3, 4}));
  EXPECT_EQ(integers(x.scatter_reduce(0, zeros, row, Combine::Prod)), (Integers{5, 12, 3, 4}));
  EXPECT_EQ(integers(x.index_reduce(0, i64({1}), row, Combine::Sum)), (Integers{1, 2, 8, 10}));
  EXPECT_EQ(integers(x.scatter_reduce(0, zeros, row, Combine::Prod, false)), (Integers{5, 6, 3, 4}));
  EXPECT_EQ(integers(x.index_reduce(0, i64({1}), row, Combine::Min, false)), (Integers{1, 2, 5, 6}));
  EXPECT_EQ(integers(x.index_add(0, i64({1}), row)), (Integers{1, 2, 8, 10}));
  EXPECT_EQ(integers(x.index_copy(0, i64({1}), row)), (Integers{1, 2, 5, 6}));
  EXPECT_EQ(integers(x.index_fill(1, i64({0}), 7)), (Integers{7, 2, 7, 4}));
  EXPECT_EQ(integers(x.mask_select(x.greater(2))), (Integers{3, 4}));
  EXPECT_EQ(integers(x.greater(2).argwhere()), (Integers{1, 0, 1, 1}));
  const auto [rows, columns] = x.greater(1).nonzero();
  EXPECT_EQ(integers(rows), (Integers{0, 1, 1}));
  EXPECT_EQ(integers(columns), (Integers{1, 0, 1}));
}

TEST(ThemeMethod, Statistics) {
  const Floats x = f64({3, 1, 2, 1});
  EXPECT_EQ(numbers(x.kthvalue(3, 0)), (Numbers{2}));
  EXPECT_EQ(integers(x.kthvalue_with_indices(3, 0).second), (Integers{2}));
  EXPECT_EQ(numbers(x.median(0)), (Numbers{1}));
  EXPECT_EQ(integers(x.median_with_indices(0).second), (Integers{3}));
  EXPECT_EQ(numbers(x.mode(0)), (Numbers{1}));
  EXPECT_EQ(integers(x.mode_with_indices(0).second), (Integers{3}));
  EXPECT_EQ(numbers(x.quantile(0.5, 0)), (Numbers{1.5}));
  EXPECT_EQ(numbers(x.quantile({0, 0.5, 1}, 0, QuantileMethod::Higher)), (Numbers{1, 2, 3}));
  EXPECT_EQ(integers(f64({0, 1, kNan}).count_nonzero()), (Integers{2}));
  EXPECT_EQ(integers(f64({0, 1, 2, 0}).reshape({2, 2}).count_nonzero_dim(1)), (Integers{1, 1}));
  EXPECT_EQ(integers(i64({1, 1}).bincount(3)), (Integers{0, 2, 0}));
  const auto [counts, edges] = x.histogram(2, 1, 3);
  EXPECT_EQ(integers(counts), (Integers{2, 2}));
  EXPECT_EQ(numbers(edges), (Numbers{1, 2, 3}));
  const Matrix m = f64({1, 2, 2, 0}).reshape({2, 2});
  EXPECT_EQ(numbers(m.cov()), (Numbers{0.5, -1, -1, 2}));
  EXPECT_NEAR(numbers(m.corrcoef())[1], -1, 1e-15);
  EXPECT_TRUE(f64({1, kNan}).contains_nan().into_scalar());
  EXPECT_FALSE(f64({1, kInf}).contains_nan().into_scalar());
}

// mpmath 1.3 at 0.7.
TEST(ThemeMethod, SpecialFunctions) {
  struct Row {
    const char* name;
    std::function<Floats(const Floats&)> f;
    double expected;
  };
#define ROW(call, expected)                                 \
  Row {                                                     \
#call, [](const Floats& x) { return x.call; }, expected \
  }
  const Row rows[] = {
      ROW(erfinv(), 0.7328690779592167),
      ROW(lgamma(), 0.26086724653166654),
      ROW(digamma(), -1.2200235536979347),
      ROW(polygamma(2), -6.4349928741909235),
      ROW(sinc(), 0.36788301057177425),
      ROW(i0(), 1.1263030183068092),
      ROW(i0e(), 0.5593055265070683),
      ROW(i1(), 0.37187967777700864),
      ROW(i1e(), 0.18466998276274732),
      ROW(exp2(), std::exp2(0.7)),
      ROW(frac(), 0.7),
      ROW(deg2rad(), 0.7 * std::numbers::pi / 180),
      ROW(rad2deg(), 0.7 * 180 / std::numbers::pi),
      ROW(logit(), std::log(0.7 / 0.3)),
      ROW(logit(0.4), std::log(0.6 / 0.4)),
      ROW(nan_to_num(), 0.7),
      ROW(nan_to_num(1, 2, 3), 0.7),
      ROW(xlogy(f64({2})), 0.7 * std::log(2)),
      ROW(xlog1py(f64({2})), 0.7 * std::log(3)),
      ROW(logaddexp(f64({2})), std::log(std::exp(0.7) + std::exp(2))),
      ROW(logaddexp2(f64({2})), std::log2(std::exp2(0.7) + 4)),
      ROW(lerp(f64({1.7}), 0.5), 1.2),
      ROW(lerp(f64({1.7}), f64({0.25})), 0.95),
      ROW(addcmul(f64({2}), f64({3}), 0.5), 3.7),
      ROW(addcdiv(f64({3}), f64({2}), 0.5), 1.45),
      ROW(trunc_div(f64({-0.4})), -1),
  };
#undef ROW
  for (const Row& r : rows)
    EXPECT_NEAR(numbers(r.f(f64({0.7})))[0], r.expected, 1e-15 * std::abs(r.expected) * 8) << r.name;
}

TEST(ThemeMethod, Comparison) {
  const Floats x = f64({1, kNan});
  EXPECT_EQ(integers(x.is_close(f64({1.000001, kNan}))), (Integers{1, 0}));
  EXPECT_TRUE(x.all_close(x, 0, 0, true));
  EXPECT_FALSE(x.all_close(x));
  EXPECT_TRUE(i64({100000}).all_close(i64({100001})));
}

TEST(ThemeMethod, IntegersWithNumbers) {
  const Ints x = i64({6, 3});
  EXPECT_EQ(integers(x.bitwise_and_scalar(2)), (Integers{2, 2}));
  EXPECT_EQ(integers(x.bitwise_or_scalar(1)), (Integers{7, 3}));
  EXPECT_EQ(integers(x.bitwise_xor_scalar(1)), (Integers{7, 2}));
  EXPECT_EQ(integers(x.bitwise_left_shift_scalar(1)), (Integers{12, 6}));
  EXPECT_EQ(integers(x.bitwise_right_shift_scalar(1)), (Integers{3, 1}));
  EXPECT_EQ(integers(x.trunc_div(-4)), (Integers{-1, 0}));
}

TEST(ThemeMethod, ShapesOfSeveralDims) {
  const auto x = Tensor<Cpu, 4>::ones({2, 1, 3, 1});
  EXPECT_EQ(x.squeeze_dims({1, -1}).shape(), (Shape{2, 3}));
  EXPECT_EQ(x.squeeze_dims({3}).unsqueeze_dims({0, -1}).shape(), (Shape{1, 2, 1, 3, 1}));
  EXPECT_THROW(x.squeeze_dims({0}), ShapeError);
  EXPECT_THROW(x.squeeze_dims({1, 1}), IndexError);
  EXPECT_THROW(x.squeeze_dims({4}), IndexError);
  EXPECT_THROW(x.unsqueeze_dims({0, 0}), IndexError);
  EXPECT_THROW(x.unsqueeze_dims({6}), IndexError);

  const Ints row = i64({1, 2, 3, 4, 5});
  const auto parts = row.split_with_sizes({2, 0, 3}, 0);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(integers(parts[0]), (Integers{1, 2}));
  EXPECT_EQ(parts[1].shape(), Shape{0});
  EXPECT_EQ(integers(parts[2]), (Integers{3, 4, 5}));
  EXPECT_THROW(row.split_with_sizes({2, 2}, 0), ShapeError);
  EXPECT_THROW(row.split_with_sizes({9}, 0), ShapeError);
  EXPECT_THROW(row.split_with_sizes({6, -1}, 0), ShapeError);
  EXPECT_THROW(row.split_with_sizes({5}, 1), IndexError);
  EXPECT_EQ(row.iter_dim(0).size(), 5U);
  EXPECT_EQ(integers(row.iter_dim(0)[3]), Integers{4});
}

TEST(ThemeMethod, ReductionsOfMagnitudesAndSeveralDims) {
  const auto x = Tensor<Cpu, 2>::from_data({{-3.0, 2.0}, {1.0, -4.0}}, {}, DType::F64);
  EXPECT_EQ(numbers(x.max_abs()), Numbers{4});
  EXPECT_EQ(numbers(x.max_abs_dim(1)), (Numbers{3, 4}));
  EXPECT_EQ(numbers(x.max_abs_dims({0, 1})), Numbers{4});
  EXPECT_EQ(numbers(x.prod_dims({0, 1})), Numbers{24});
  EXPECT_EQ(x.sum_dims_squeeze({0}).shape(), Shape{2});
  EXPECT_EQ(numbers(x.sum_dims_squeeze({0})), (Numbers{-2, -2}));
  const auto [var, mean] = x.var_mean(1);
  EXPECT_EQ(numbers(var), (Numbers{12.5, 12.5}));
  EXPECT_EQ(numbers(mean), (Numbers{-0.5, -1.5}));
  EXPECT_EQ(numbers(x.var_mean_bias(1).first), (Numbers{6.25, 6.25}));
}

TEST(ThemeMethod, MasksOfDiagonals) {
  using Mask = Tensor<Cpu, 2, Bool>;
  EXPECT_EQ(integers(Mask::tril_mask({2, 3})), (Integers{0, 1, 1, 0, 0, 1}));
  EXPECT_EQ(integers(Mask::triu_mask({2, 3})), (Integers{0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(integers(Mask::diag_mask({2, 3}, 1)), (Integers{1, 0, 1, 1, 1, 0}));
  EXPECT_EQ((Tensor<Cpu, 3, Bool>::tril_mask({2, 2, 2}, -1).shape()), (Shape{2, 2, 2}));
  EXPECT_EQ(integers(Mask::diag_mask({2, 2}, 7)), (Integers{1, 1, 1, 1}));
}

TEST(ThemeMethod, OneHotWithOtherValuesAlongAnyDim) {
  const Ints x = i64({1, 0});
  EXPECT_EQ(integers(x.one_hot_fill(3, 5, -1)), (Integers{-1, 5, -1, 5, -1, -1}));
  const auto columns = x.one_hot_fill(3, 5, -1, 0);
  EXPECT_EQ(columns.shape(), (Shape{3, 2}));
  EXPECT_EQ(integers(columns), (Integers{-1, 5, 5, -1, -1, -1}));
  EXPECT_THROW(x.one_hot_fill(1, 5, -1), IndexError);
  EXPECT_THROW(x.one_hot_fill(0, 5, -1), ValueError);
  EXPECT_THROW(x.one_hot_fill(3, 5, -1, 2), IndexError);
}

TEST(ThemeMethod, OnAutodiffHasGradients) {
  using B = Autodiff<Cpu>;
  const auto x = Tensor<B, 1>::from_data({3.0, 1.0, 2.0}, {}, DType::F64).require_grad();
  const auto loss = (x.sort(0) * x.cumsum(0)).sum() + x.topk(1, 0) + x.mask_select(x.lower(1.5));
  const auto gradients = loss.backward();
  // sorted (b, c, a) times (a, a + b, a + b + c), and a, and b, at a = 3, b = 1, c = 2.
  EXPECT_EQ(numbers(*x.grad(gradients)), (Numbers{1 + 2 + 3 + 6 + 1, 3 + 2 + 3 + 1, 4 + 3}));
}

TEST(ThemeMethod, OfAnEmptyTensorIsRefused) {
  const Floats none;
  EXPECT_THROW(none.sort(0), ValueError);
  EXPECT_THROW(none.cumsum(0), ValueError);
  EXPECT_THROW(none.take(i64({0})), ValueError);
  EXPECT_THROW(none.median(0), ValueError);
  EXPECT_THROW(none.lgamma(), ValueError);
  EXPECT_THROW(none.sum(), ValueError);
  EXPECT_THROW(none.reshape({1}), ValueError);
  EXPECT_THROW(none.mask_select(Bools::from_data({true})), ValueError);
}

}  // namespace
}  // namespace fornax::test
