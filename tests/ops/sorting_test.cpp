// Order: sorting, selection by rank, distinct elements, places in ascending rows; and the statistics made of them.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/ops/functions/sorting.hpp>
#include <fornax/ops/functions/statistics.hpp>
#include <fornax/ops/op.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

TEST(ArgSort, KeepsTheOrderOfEqualElements) {
  const Array x = ints({2, 1, 2, 1, 0, 2});
  EXPECT_EQ(integers(argsort(x, 0)), (Integers{4, 1, 3, 0, 2, 5}));
  EXPECT_EQ(integers(argsort(x, 0, true)), (Integers{0, 2, 5, 1, 3, 4}));
  EXPECT_EQ(integers(argsort(bools({1, 0, 1, 0}), -1)), (Integers{1, 3, 0, 2}));
  EXPECT_EQ(integers(argsort(floats({0.0, -0.0, 0.0}), 0)), (Integers{0, 1, 2}));
}

TEST(ArgSort, TakesNanForLargerThanEveryNumber) {
  for (const DType t : {DType::F64, DType::F32, DType::F16, DType::BF16}) {
    const Array x = floats({1, kNan, -kInf, kInf, kNan, 0}, t);
    EXPECT_EQ(integers(argsort(x, 0)), (Integers{2, 5, 0, 3, 1, 4}));
    EXPECT_EQ(integers(argsort(x, 0, true)), (Integers{1, 4, 3, 0, 5, 2}));
  }
}

TEST(ArgSort, SelectsTheFirstOfTheStableOrder) {
  Integers values;
  for (std::int64_t i = 0; i < 500; ++i) values.push_back(i * 7919 % 37);
  for (const bool descending : {false, true}) {
    const Integers all = integers(argsort(ints(values), 0, descending));
    for (const std::int64_t k : {0, 1, 17, 499, 500}) {
      const Array some = run(op::ArgSort{0, descending, k}, {ints(values)});
      EXPECT_EQ(integers(some), Integers(all.begin(), all.begin() + k)) << k;
    }
  }
}

TEST(Sort, WorksAlongAnyDimOfNothingAndOfOneElement) {
  const Array x = ints({3, 1, 2, 0, 5, 4}, Shape{2, 3});
  EXPECT_EQ(integers(sort(x, 0).values), (Integers{0, 1, 2, 3, 5, 4}));
  EXPECT_EQ(integers(sort(x, -1, true).values), (Integers{3, 2, 1, 5, 4, 0}));
  EXPECT_EQ(sort(floats({}, Shape{0, 3}), 0).values.shape(), (Shape{0, 3}));
  EXPECT_EQ(sort(floats({}, Shape{2, 0}), 1).indices.shape(), (Shape{2, 0}));
  const ValuesAndIndices one = sort(floats({7}, Shape{}), 0);
  expect_same(numbers(one.values), {7});
  EXPECT_EQ(one.indices.shape(), Shape{});
}

TEST(Sort, SendsTheGradientBack) {
  const Array x = floats({3, 1, 2});
  expect_same(gradient([](const Array& v) { return sort(v, 0).values; }, x, {1, 10, 100}), {100, 1, 10});
  expect_same(gradient([](const Array& v) { return topk(v, 2, 0).values; }, x, {1, 10}), {1, 0.0, 10});
}

TEST(TopK, GivesTheBestFirst) {
  const Array x = floats({1, 5, kNan, 3, 5}, Shape{5});
  expect_same(numbers(topk(x, 3, 0).values), {kNan, 5, 5});
  EXPECT_EQ(integers(topk(x, 3, 0).indices), (Integers{2, 1, 4}));
  EXPECT_EQ(integers(argtopk(x, 2, 0, false)), (Integers{0, 3}));
  EXPECT_EQ(topk(x, 0, 0).values.shape(), Shape{0});
  EXPECT_EQ(topk(floats({1}, Shape{}), 0, 0).values.shape(), Shape{0});
  EXPECT_EQ(message_of<ValueError>([&] { topk(x, 6, 0); }), "topk: k is 6, dim 0 of [5] has size 5");
  EXPECT_EQ(message_of<ValueError>([&] { topk(x, -1, 0); }), "topk: k is -1, dim 0 of [5] has size 5");
  EXPECT_THROW(topk(x, 1, 1), IndexError);
  EXPECT_THROW(topk(Array(), 1, 0), ValueError);
}

TEST(Unique, FindsValuesPlacesAndCounts) {
  const Unique u = unique(ints({4, 2, 2, 4, 1, 3}, Shape{2, 3}));
  EXPECT_EQ(integers(u.values), (Integers{1, 2, 3, 4}));
  EXPECT_EQ(integers(u.inverse), (Integers{3, 1, 1, 3, 0, 2}));
  EXPECT_EQ(u.inverse.shape(), (Shape{2, 3}));
  EXPECT_EQ(integers(u.counts), (Integers{1, 2, 1, 2}));
  const Unique nans = unique(floats({kNan, 1, kNan}));
  expect_same(numbers(nans.values), {1, kNan, kNan});
  EXPECT_EQ(integers(nans.inverse), (Integers{1, 0, 2}));
  const Unique none = unique(floats({}, Shape{0, 2}));
  EXPECT_EQ(none.values.shape(), Shape{0});
  EXPECT_EQ(none.inverse.shape(), (Shape{0, 2}));
  EXPECT_EQ(integers(unique(floats({5}, Shape{})).counts), (Integers{1}));
  EXPECT_EQ(integers(unique(bools({1, 0, 1})).counts), (Integers{1, 2}));
  EXPECT_THROW(unique(Array()), ValueError);
}

TEST(SearchSorted, FindsThePlaceBeforeOrAfterEqualElements) {
  const Array row = floats({1, 3, 3, 5, kNan});
  const Array values = floats({0, 1, 3, 4, 9, kNan});
  EXPECT_EQ(integers(searchsorted(row, values)), (Integers{0, 0, 1, 3, 4, 4}));
  EXPECT_EQ(integers(searchsorted(row, values, true)), (Integers{0, 1, 3, 3, 4, 5}));
  const Array rows = ints({1, 2, 3, 10, 20, 30}, Shape{2, 3});
  EXPECT_EQ(integers(searchsorted(rows, ints({2, 4, 5, 25}, Shape{2, 2}))), (Integers{1, 3, 0, 2}));
  EXPECT_EQ(integers(bucketize(ints({2, 4}, Shape{2, 1}), ints({1, 2, 4}), true)), (Integers{2, 3}));
  EXPECT_EQ(searchsorted(floats({}), floats({}, Shape{3, 0})).shape(), (Shape{3, 0}));
  EXPECT_EQ(integers(searchsorted(floats({}), floats({1, 2}))), (Integers{0, 0}));
  EXPECT_EQ(message_of<ShapeError>([&] { searchsorted(rows, ints({1})); }),
            "searchsorted: the sorted rows have shape [2, 3], the values [1]; one row, or a row for each row of the "
            "values");
  EXPECT_THROW(searchsorted(row, ints({1})), DTypeError);
  EXPECT_THROW(searchsorted(floats({1}, Shape{}), floats({1}, Shape{})), ShapeError);
  EXPECT_THROW(bucketize(row, floats({1}, Shape{1, 1})), ShapeError);
}

TEST(KthValue, CountsFromOneAndRefusesOtherRanks) {
  const Array x = floats({3, kNan, 1, 2});
  expect_same(numbers(kthvalue(x, 1, 0).values), {1});
  EXPECT_EQ(integers(kthvalue(x, 3, 0).indices), (Integers{0}));
  expect_same(numbers(kthvalue(x, 4, 0).values), {kNan});
  expect_same(gradient([](const Array& v) { return kthvalue(v, 2, 0).values; }, floats({3, 1, 2}), {7}), {0.0, 0.0, 7});
  EXPECT_EQ(message_of<ValueError>([&] { kthvalue(x, 0, 0); }), "kthvalue: k is 0, dim 0 of [4] has size 4");
  EXPECT_THROW(kthvalue(x, 5, 0), ValueError);
  EXPECT_EQ(message_of<ValueError>([] { kthvalue(floats({}), 1, 0); }), "kthvalue: dim 0 of [0] is empty");
}

TEST(Median, IsTheLowerOneAndTheFirstNan) {
  const ValuesAndIndices even = median(floats({4, 1, 3, 2}), 0);
  expect_same(numbers(even.values), {2});
  EXPECT_EQ(integers(even.indices), (Integers{3}));
  const ValuesAndIndices rows = median(floats({5, kNan, 1, kNan, 9, 7, 8, 6}, Shape{2, 4}), 1);
  expect_same(numbers(rows.values), {kNan, 7});
  EXPECT_EQ(integers(rows.indices), (Integers{1, 1}));
  EXPECT_EQ(rows.values.shape(), (Shape{2, 1}));
  EXPECT_EQ(integers(median(ints({7, 1, 1}), 0).values), (Integers{1}));
  expect_same(numbers(median(floats({7}, Shape{}), 0).values), {7});
  EXPECT_THROW(median(floats({}), 0), ValueError);
  EXPECT_THROW(median(bools({1}), 0), DTypeError);
  EXPECT_THROW(median(floats({1}), 1), IndexError);
}

// torch.mode of the same rows.
TEST(Mode, IsTheSmallestOfTheMostFrequentAtItsLastPlace) {
  const ValuesAndIndices m = mode(ints({3, 1, 3, 1, 2, 5, 4, 3, 2, 1}, Shape{2, 5}), 1);
  EXPECT_EQ(integers(m.values), (Integers{1, 1}));
  EXPECT_EQ(integers(m.indices), (Integers{3, 4}));
  expect_same(numbers(mode(floats({kNan, kNan, 2}), 0).values), {2});
  expect_same(numbers(mode(floats({7}, Shape{}), 0).values), {7});
  EXPECT_THROW(mode(floats({}), 0), ValueError);
  EXPECT_THROW(mode(bools({1}), 0), DTypeError);
  EXPECT_THROW(mode(floats({1}), -2), IndexError);
}

TEST(Quantile, LiesOnTheLineBetweenTwoElementsOrOnOneOfThem) {
  const Array x = floats({10, 0, 30, 20});
  const double q[] = {0, 0.25, 0.5, 1};  // ranks 0, 0.75, 1.5, 3
  expect_near(numbers(quantile(x, q, 0)), {0, 7.5, 15, 30}, 1e-15);
  expect_same(numbers(quantile(x, q, 0, QuantileMethod::Lower)), {0.0, 0.0, 10, 30});
  expect_same(numbers(quantile(x, q, 0, QuantileMethod::Higher)), {0.0, 10, 20, 30});
  expect_same(numbers(quantile(x, q, 0, QuantileMethod::Nearest)), {0.0, 10, 20, 30});
  expect_same(numbers(quantile(x, q, 0, QuantileMethod::Midpoint)), {0.0, 5, 15, 30});
  EXPECT_EQ(quantile(floats(Numbers(6), Shape{2, 3}), q, 1).shape(), (Shape{2, 4}));
  const double middle[] = {0.5};
  expect_same(numbers(quantile(floats({1, kNan, 2}), middle, 0)), {kNan});
  expect_same(numbers(quantile(floats({kInf, 1, kInf}), middle, 0)), {kInf});
  expect_same(numbers(quantile(floats({7}, Shape{}), middle, 0)), {7});
  expect_near(gradient([&](const Array& v) { return quantile(v, middle, 0); }, x, {1}), {0.5, 0, 0, 0.5}, 1e-15);
  const double outside[] = {1.5};
  EXPECT_EQ(message_of<ValueError>([&] { quantile(x, outside, 0); }), "quantile: the fraction 1.5 is outside [0, 1]");
  EXPECT_THROW(quantile(floats({}), middle, 0), ValueError);
  EXPECT_THROW(quantile(ints({1}), middle, 0), DTypeError);
}

TEST(BinCount, CountsOrAddsWeights) {
  EXPECT_EQ(integers(bincount(ints({1, 3, 1}))), (Integers{0, 2, 0, 1}));
  EXPECT_EQ(integers(bincount(ints({1}, DType::U8), 3)), (Integers{0, 1, 0}));
  EXPECT_EQ(integers(bincount(ints({}), 2)), (Integers{0, 0}));
  EXPECT_EQ(bincount(ints({})).shape(), Shape{0});
  expect_same(numbers(bincount(ints({1, 0, 1}), floats({1, 2, 4}), 0)), {2, 5});
  expect_same(gradient(
                  [](const Array& w) {
                    return bincount(ints({1, 0, 1}), w, 0);
                  },
                  floats({1, 2, 4}), {10, 20}),
              {20, 10, 20});
  EXPECT_EQ(message_of<ValueError>([] {
              bincount(ints({2, -1}));
            }),
            "bincount: the number -1 has no bin; numbers count from 0");
  EXPECT_THROW(bincount(ints({std::int64_t{1} << 62})), ValueError);
  EXPECT_THROW(bincount(floats({1})), DTypeError);
  EXPECT_THROW(bincount(ints({1}, Shape{1, 1})), ShapeError);
  EXPECT_THROW(bincount(ints({1}), floats({1, 2}), 0), ShapeError);
}

TEST(HistogramFunction, CountsTheUpperEdgeIntoTheLastPart) {
  const Histogram h = histogram(floats({0, 0.5, 1, 1.5, 2, -0.1, 2.1, kNan}), 2, 0, 2);
  EXPECT_EQ(integers(h.counts), (Integers{2, 3}));
  expect_same(numbers(h.edges), {0.0, 1, 2});
  EXPECT_EQ(numbers(histogram(floats({}), 3, 0.1, 0.7).edges).back(), 0.7);
  EXPECT_THROW(histogram(floats({1}), 0, 0, 1), ValueError);
  EXPECT_THROW(histogram(floats({1}), 2, 1, 1), ValueError);
  EXPECT_THROW(histogram(floats({1}), 2, 0, kInf), ValueError);
  EXPECT_THROW(histogram(ints({1}), 2, 0, 1), DTypeError);
}

// numpy.cov and numpy.corrcoef of [[1, 2, 4], [3, 1, 0]]: variances 7/3 and 7/3, covariance -13/6.
TEST(Cov, IsThatOfVariablesInRows) {
  const Array x = floats({1, 2, 4, 3, 1, 0}, Shape{2, 3});
  expect_near(numbers(cov(x)), {7.0 / 3, -13.0 / 6, -13.0 / 6, 7.0 / 3}, 1e-14);
  expect_near(numbers(cov(x, 0)), {14.0 / 9, -13.0 / 9, -13.0 / 9, 14.0 / 9}, 1e-14);
  expect_near(numbers(corrcoef(x)), {1, -13.0 / 14, -13.0 / 14, 1}, 1e-14);
  EXPECT_EQ(cov(floats({1, 2})).shape(), Shape{});
  expect_same(numbers(cov(floats({1}))), {kNan});
  EXPECT_THROW(cov(ints({1, 2})), DTypeError);
  EXPECT_THROW(cov(floats(Numbers(8), Shape{2, 2, 2})), ShapeError);
  EXPECT_THROW(corrcoef(Array()), ValueError);
}

TEST(CountNonzero, CountsNanAndTruth) {
  expect_same(numbers(count_nonzero(floats({0, -0.0, 1, kNan}), DimSet::all(1))), {2});
  EXPECT_EQ(integers(count_nonzero(bools({1, 0, 1}), DimSet::of(0))), (Integers{2}));
  EXPECT_EQ(integers(count_nonzero(floats({}), DimSet::of(0))), (Integers{0}));
  EXPECT_THROW(count_nonzero(Array(), {}), ValueError);
}

}  // namespace
}  // namespace fornax::test
