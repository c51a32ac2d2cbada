// Values of reductions, of argmax and argmin, and of softmax.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/values.hpp>

namespace fornax::test {
namespace {

TEST(Reduce, AlongEverySetOfDimsAgreesWithLoops) {
  // Elements 1 to 24 in [2, 3, 4]; for each set of dims the results are summed up here by hand.
  TensorData data(Shape{2, 3, 4}, DType::F64);
  for (std::size_t i = 0; i < 24; ++i) data.values<double>()[i] = static_cast<double>(i + 1);
  const Array x = upload(data);
  for (int bits = 0; bits < 8; ++bits) {
    DimSet set;
    Shape shape = data.shape();
    for (int d = 0; d < 3; ++d) {
      if (((bits >> d) & 1) == 0) continue;
      set.add(d);
      shape = shape.with(d, 1);
    }
    Numbers sum(static_cast<std::size_t>(shape.numel())), least(sum.size(), kInf), most(sum.size(), -kInf);
    Numbers product(sum.size(), 1), count(sum.size());
    const Strides strides = contiguous_strides(shape);
    for (std::int64_t i = 0; i < 24; ++i) {
      const std::int64_t at[3] = {i / 12, i / 4 % 3, i % 4};
      std::size_t to = 0;
      for (std::size_t d = 0; d < 3; ++d)
        to += static_cast<std::size_t>(shape[static_cast<int>(d)] == 1 ? 0 : at[d] * strides[d]);
      const double v = static_cast<double>(i + 1);
      sum[to] += v, ++count[to], product[to] *= v;
      least[to] = std::min(least[to], v), most[to] = std::max(most[to], v);
    }
    SCOPED_TRACE(bits);
    EXPECT_EQ(reduce(ReduceFn::Sum, x, set).shape(), shape);
    EXPECT_EQ(numbers(reduce(ReduceFn::Sum, x, set)), sum);
    EXPECT_EQ(numbers(reduce(ReduceFn::Max, x, set)), most);
    EXPECT_EQ(numbers(reduce(ReduceFn::Min, x, set)), least);
    expect_near(numbers(reduce(ReduceFn::Prod, x, set)), product, 24 * 0x1p-52);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] /= count[i];
    expect_near(numbers(reduce(ReduceFn::Mean, x, set)), sum, 0x1p-52);
  }
}

TEST(Reduce, OfNoElements) {
  const Array none = floats({}, Shape{0, 3});
  EXPECT_EQ(numbers(reduce(ReduceFn::Sum, none, 0)), (Numbers{0, 0, 0}));
  EXPECT_EQ(numbers(reduce(ReduceFn::Prod, none, 0)), (Numbers{1, 1, 1}));
  expect_same(numbers(reduce(ReduceFn::Mean, none, 0)), {kNan, kNan, kNan});
  EXPECT_EQ(numbers(reduce_all(ReduceFn::Sum, none)), (Numbers{0}));
  EXPECT_EQ(reduce(ReduceFn::Max, none, 1).shape(), (Shape{0, 1})) << "no result at all needs no element";
  EXPECT_EQ(message_of<ValueError>([&] { reduce(ReduceFn::Max, none, 0); }), "max: dim 0 of [0, 3] is empty");
  EXPECT_EQ(message_of<ValueError>([&] { reduce(ReduceFn::Min, none, 0); }), "min: dim 0 of [0, 3] is empty");
  EXPECT_EQ(message_of<ValueError>([&] { arg_reduce(true, none, 0); }), "argmax: dim 0 of [0, 3] is empty");
  const Array no_truths = upload(TensorData(Shape{0}, DType::Bool));
  EXPECT_EQ(integers(reduce(ReduceFn::Any, no_truths, 0)), (Integers{0}));
  EXPECT_EQ(integers(reduce(ReduceFn::All, no_truths, 0)), (Integers{1}));
}

TEST(Reduce, LetsNanWinMaxAndMinAndInfinityTakePart) {
  const Array x = floats({1, kNan, 3, -kInf, -kInf, -kInf, kInf, 2, 1}, Shape{3, 3});
  expect_same(numbers(reduce(ReduceFn::Max, x, 1)), {kNan, -kInf, kInf});
  expect_same(numbers(reduce(ReduceFn::Min, x, 1)), {kNan, -kInf, 1});
  expect_same(numbers(reduce(ReduceFn::Max, x, 0)), {kInf, kNan, 3});
  expect_same(numbers(reduce(ReduceFn::Sum, x, 1)), {kNan, -kInf, kInf});
  // A NaN anywhere in a long row, in every lane and in the remainder.
  for (const std::int64_t at : {0, 1, 63, 64, 777, 1023, 1024, 2998, 2999}) {
    Numbers values(3000, 1);
    values[static_cast<std::size_t>(at)] = kNan;
    EXPECT_TRUE(std::isnan(reduce_all(ReduceFn::Max, floats(values, DType::F32)).item())) << at;
    EXPECT_TRUE(std::isnan(reduce_all(ReduceFn::Min, floats(values)).item())) << at;
    EXPECT_EQ(arg_reduce(true, floats(values), 0).item(), static_cast<double>(at));
  }
}

TEST(Reduce, OfIntegersWrapsAround) {
  EXPECT_EQ(integers(reduce_all(ReduceFn::Sum, ints({127, 1}, DType::I8))), (Integers{-128}));
  EXPECT_EQ(integers(reduce_all(ReduceFn::Prod, ints({16, 16}, DType::U8))), (Integers{0}));
  EXPECT_EQ(integers(reduce_all(ReduceFn::Sum, ints({std::numeric_limits<std::int64_t>::max(), 1}))),
            (Integers{std::numeric_limits<std::int64_t>::min()}));
  EXPECT_EQ(integers(reduce_all(ReduceFn::Max, ints({-128, -1}, DType::I8))), (Integers{-1}));
  EXPECT_EQ(integers(reduce_all(ReduceFn::Min, ints({200, 100}, DType::U8))), (Integers{100}));
}

TEST(Reduce, OfTruths) {
  const Array x = ints({0, 0, 1, 0, 1, 1}, Shape{3, 2}, DType::Bool);
  EXPECT_EQ(integers(reduce(ReduceFn::Any, x, 1)), (Integers{0, 1, 1}));
  EXPECT_EQ(integers(reduce(ReduceFn::All, x, 1)), (Integers{0, 0, 1}));
  EXPECT_EQ(integers(reduce(ReduceFn::All, x, 0)), (Integers{0, 0}));
  EXPECT_EQ(reduce(ReduceFn::Any, x, 1).dtype(), DType::Bool);
  for (const std::int64_t at : {0, 63, 64, 1500, 2499}) {
    Integers truths(2500, 0);
    truths[static_cast<std::size_t>(at)] = 1;
    EXPECT_EQ(reduce_all(ReduceFn::Any, bools(truths)).item(), 1) << at;
    for (auto& t : truths) t = 1 - t;
    EXPECT_EQ(reduce_all(ReduceFn::All, bools(truths)).item(), 0) << at;
  }
}

TEST(Reduce, OfAMillionNumbersInF32LosesNoMoreThanOneRounding) {
  // Blocks of 1024 join in double, so that only their own sums of 64 terms a lane round in f32.
  const Array tenths = broadcast_to(floats({0.1}, DType::F32), Shape{1'000'000});
  const double expected = 1e6 * static_cast<double>(0.1F);
  EXPECT_NEAR(reduce_all(ReduceFn::Sum, tenths).item(), expected, expected * 64 * 0x1p-24);
  EXPECT_NEAR(reduce_all(ReduceFn::Mean, tenths).item(), static_cast<double>(0.1F), 64 * 0x1p-24);
}

TEST(Reduce, SumsRowsAndColumnsToTheSameBits) {
  for (const DType type : {DType::F32, DType::F64}) {
    for (const std::int64_t length : {1, 7, 15, 16, 17, 63, 64, 65, 100, 255, 256, 257, 320, 1024, 1100, 5000, 20000}) {
      SCOPED_TRACE(std::string(type == DType::F32 ? "f32" : "f64") + " " + std::to_string(length));
      Numbers waves(static_cast<std::size_t>(3 * length));
      for (std::size_t i = 0; i < waves.size(); ++i) waves[i] = std::sin(static_cast<double>(i));
      const Array rows = floats(waves, Shape{3, length}, type);
      // Once through adjacent rows, once with a step between their elements.
      const Array across = swap_dims(rows, 0, 1), columns = upload(across.to_data());
      const Numbers sums = numbers(reduce(ReduceFn::Sum, rows, DimSet::of(1)));
      EXPECT_EQ(numbers(reduce(ReduceFn::Sum, columns, DimSet::of(0))), sums);
      EXPECT_EQ(numbers(reduce(ReduceFn::Sum, across, DimSet::of(0))), sums);
    }
  }
}

TEST(Reduce, TakesAProductWhosePartsLeaveTheRangeOfF32) {
  EXPECT_NEAR(reduce_all(ReduceFn::Prod, floats({1e30, 1e30, 1e-30, 1e-30}, DType::F32)).item(), 1, 1e-6);
}

TEST(Reduce, OfRankZeroIsTheElement) {
  const Array x = floats({3}, Shape{});
  for (const ReduceFn fn : {ReduceFn::Sum, ReduceFn::Mean, ReduceFn::Prod, ReduceFn::Max, ReduceFn::Min})
    EXPECT_EQ(reduce_all(fn, x).item(), 3);
  EXPECT_THROW(reduce(ReduceFn::Sum, x, 0), IndexError);
}

TEST(Reduce, RefusesADimOutOfRangeByName) {
  EXPECT_EQ(message_of<IndexError>([] { reduce(ReduceFn::Sum, floats({1}), 1); }),
            "sum: dim 1 is out of range for rank 1");
  EXPECT_EQ(message_of<IndexError>([] { reduce(ReduceFn::Max, floats({1}), -2); }),
            "max: dim -2 is out of range for rank 1");
}

// --- argmax -----------------------------------------------------------------------------------------------------------

TEST(ArgReduce, GivesTheFirstOfTiesAndTheFirstNan) {
  const Array x = floats({2, 5, 5, 1, kNan, 9, kNan, 0, -kInf, -kInf, -kInf, -kInf}, Shape{3, 4});
  EXPECT_EQ(integers(arg_reduce(true, x, 1)), (Integers{1, 0, 0}));
  EXPECT_EQ(integers(arg_reduce(false, x, 1)), (Integers{3, 0, 0}));
  EXPECT_EQ(integers(arg_reduce(true, x, 0)), (Integers{1, 1, 1, 0}));
  EXPECT_EQ(arg_reduce(true, x, 0).shape(), (Shape{1, 4}));
  EXPECT_EQ(arg_reduce(true, x, 0).dtype(), DType::I64);
  EXPECT_EQ(integers(arg_reduce(true, ints({-5, -5, -9}), 0)), (Integers{0}));
  EXPECT_EQ(integers(arg_reduce(false, ints({200, 7, 7}, DType::U8), 0)), (Integers{1}));
}

TEST(ArgReduce, FindsTheFirstOfTiesInLongRowsAndColumns) {
  // The largest stands twice; the first is wanted, wherever blocks and lanes begin.
  for (const std::int64_t first : {0, 5, 63, 64, 1000, 1023, 1024, 2000}) {
    for (const std::int64_t second : {first + 1, first + 64, first + 900}) {
      Numbers values(3000);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 13);
      values[static_cast<std::size_t>(first)] = values[static_cast<std::size_t>(second)] = 100;
      EXPECT_EQ(arg_reduce(true, floats(values, DType::F32), 0).item(), static_cast<double>(first)) << second;
      for (double& v : values) v = -v;
      EXPECT_EQ(arg_reduce(false, floats(values), 0).item(), static_cast<double>(first)) << second;
      const Array column = broadcast_to(floats(values, Shape{3000, 1}), Shape{3000, 3});
      EXPECT_EQ(integers(arg_reduce(false, column, 0)), (Integers{first, first, first}));
    }
  }
}

// --- softmax ----------------------------------------------------------------------------------------------------------

TEST(Softmax, AgreesWithScipyAlsoAtLargeMagnitudes) {
  const Array x = floats({1, 2, 3, 1000, 1001, 1002, -1000, 0, 1000}, Shape{3, 3});
  // scipy.special.softmax and log_softmax, 1.17.1
  const Numbers row = {0.09003057317038046, 0.24472847105479764, 0.6652409557748218};
  const Numbers log_row = {-2.4076059644443806, -1.4076059644443804, -0.4076059644443804};
  const Array y = softmax(x, 1), log_y = log_softmax(x, 1);
  expect_near(numbers(narrow(y, 0, 0, 1)), row, 8 * 0x1p-52);
  expect_near(numbers(narrow(y, 0, 1, 1)), row, 8 * 0x1p-52);
  expect_same(numbers(narrow(y, 0, 2, 1)), {0.0, 0.0, 1});
  expect_near(numbers(narrow(log_y, 0, 0, 1)), log_row, 8 * 0x1p-52);
  expect_near(numbers(narrow(log_y, 0, 1, 1)), log_row, 8 * 0x1p-52);
  EXPECT_EQ(numbers(narrow(log_y, 0, 2, 1)), (Numbers{-2000, -1000, 0}));
  for (const DType t : {DType::F32, DType::F16, DType::BF16}) {
    const Numbers small = numbers(softmax(cast(floats({60000, 60000, -60000}), t), 0));
    EXPECT_EQ(small, (Numbers{0.5, 0.5, 0})) << name(t);
  }
}

TEST(Softmax, OfInfinities) {
  expect_same(numbers(softmax(floats({-kInf, 0, 0}), 0)), {0.0, 0.5, 0.5});
  expect_same(numbers(log_softmax(floats({-kInf, 0}), 0)), {-kInf, 0.0});
  expect_same(numbers(softmax(floats({-kInf, -kInf}), 0)), {kNan, kNan});
  expect_same(numbers(softmax(floats({kInf, 0}), 0)), {kNan, kNan});
  expect_same(numbers(softmax(floats({kNan, 0}), 0)), {kNan, kNan});
}

TEST(Softmax, OfLongRowsSumsToOne) {
  Random random(1);
  for (const std::int64_t n : {1, 7, 1023, 1024, 1025, 5000}) {
    Numbers values(static_cast<std::size_t>(n));
    for (double& v : values) v = 20 * uniform(random) - 10;
    for (const DType t : {DType::F64, DType::F32}) {
      const Array x = floats(values, t);
      double total = 0, greatest = *std::max_element(values.begin(), values.end());
      const Numbers y = numbers(softmax(x, 0)), log_y = numbers(log_softmax(x, 0));
      for (const double v : values) total += std::exp(v - greatest);
      const double tolerance = t == DType::F64 ? 1e-13 : 1e-5;  // x of 10 is rounded to 1e-15 or 1e-6
      for (std::size_t i = 0; i < y.size(); ++i) {
        const double expected = std::exp(values[i] - greatest) / total;
        EXPECT_NEAR(y[i], expected, tolerance * expected);
        EXPECT_NEAR(log_y[i], std::log(expected), tolerance * 20);
      }
    }
  }
}

TEST(Softmax, RefusesRankZeroAndIntegers) {
  EXPECT_EQ(message_of<ShapeError>([] { softmax(floats({1}, Shape{}), 0); }),
            "softmax: a tensor of rank 0 has no dim to normalise along");
  EXPECT_THROW(log_softmax(ints({1}), 0), DTypeError);
}

}  // namespace
}  // namespace fornax::test
