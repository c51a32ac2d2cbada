// Pools as functions.

#include <fornax/functional/pool.hpp>

#include <vector>

#include <gtest/gtest.h>

#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

namespace fn = functional;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

// 1 to 12 in three rows.
Array rows() { return floats({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {1, 1, 3, 4}); }

// Values: PyTorch 1.13.1, float64.

TEST(MaxPool, TakesTheFirstOfTies) {
  const fn::Pooled y = fn::max_pool1d_with_indices(floats({2, 7, 7, 1, 3}, {1, 1, 5}), 3, {.stride = 2, .padding = 1});
  EXPECT_EQ(numbers(y.values), (Numbers{7, 7, 3}));
  EXPECT_EQ(integers(y.indices), (Integers{1, 1, 4}));
}

TEST(MaxPool, LetsNanWinAndTakesInfinitiesAsNumbers) {
  const Array x = floats({1, kNan, 3, 4, 5, -kInf, kInf, kNan, 9}, {1, 1, 3, 3});
  const fn::Pooled y = fn::max_pool2d_with_indices(x, 2, {.stride = 1});
  expect_same(numbers(y.values), Numbers(4, kNan));
  EXPECT_EQ(integers(y.indices), (Integers{1, 1, 7, 7}));
  // Padding is -inf: it never wins over an element, not even over -inf.
  const fn::Pooled low = fn::max_pool1d_with_indices(floats({-kInf, -kInf}, {1, 1, 2}), 2, {.stride = 1, .padding = 1});
  expect_same(numbers(low.values), Numbers(3, -kInf));
  EXPECT_EQ(integers(low.indices), (Integers{0, 0, 1}));
}

TEST(MaxPool, GivesTheWholeGradientToTheElementItTook) {
  const Composition f = [](const std::vector<Array>& x) { return fn::max_pool1d(x[0], 2, {.stride = 1}); };
  const Array g =
      gradients_of(first_tape(), f, {floats({1, 5, 5, 2}, {1, 1, 4})}, {floats({1, 10, 100}, {1, 1, 3})})[0];
  EXPECT_EQ(numbers(g), (Numbers{0, 11, 100, 0}));
}

TEST(MaxPool, TakesIntegersAndOnePictureWithoutABatch) {
  const fn::Pooled y =
      fn::max_pool2d_with_indices(ints({5, 1, 2, 9, 3, 4}, {1, 2, 3}, DType::I16), {2, 2}, {.stride = 1});
  EXPECT_EQ(y.values.dtype(), DType::I16);
  EXPECT_EQ(y.values.shape(), (Shape{1, 1, 2}));
  EXPECT_EQ(integers(y.values), (Integers{9, 4}));
  EXPECT_EQ(integers(y.indices), (Integers{3, 5}));
}

TEST(AvgPool, DividesAsTorchDoes) {
  const fn::AvgPoolOptions<2> padded{.stride = 2, .padding = 1, .ceil_mode = true};
  expect_near(numbers(fn::avg_pool2d(rows(), 2, padded)), {0.25, 1.25, 1, 3.5, 8.5, 5}, 1e-15);
  fn::AvgPoolOptions<2> without = padded;
  without.count_include_pad = false;
  expect_near(numbers(fn::avg_pool2d(rows(), 2, without)), {1, 2.5, 4, 7, 8.5, 10}, 1e-15);
  expect_near(numbers(fn::avg_pool2d(rows(), {3, 2}, {.stride = 1, .divisor = 4})), {8.25, 9.75, 11.25}, 1e-15);
}

TEST(AvgPool, KeepsItsAccuracyOverALargePlane) {
  // 2^20 times 0.1 in f32: added up in f32 one after the other, the mean would be 0.09999... in the third digit.
  const Array x = broadcast_to(floats({0.1}, {1, 1, 1, 1}, DType::F32), {1, 1, 1024, 1024});
  EXPECT_EQ(numbers(fn::avg_pool2d(x, 1024)), (Numbers{static_cast<double>(0.1F)}));
}

TEST(AdaptivePool, CoversTheDimWithTheGivenNumberOfWindows) {
  EXPECT_EQ(numbers(fn::adaptive_avg_pool2d(rows(), {2, 3})), (Numbers{3.5, 4.5, 5.5, 7.5, 8.5, 9.5}));
  const fn::Pooled y = fn::adaptive_max_pool2d_with_indices(rows(), {2, 3});
  EXPECT_EQ(numbers(y.values), (Numbers{6, 7, 8, 10, 11, 12}));
  EXPECT_EQ(integers(y.indices), (Integers{5, 6, 7, 9, 10, 11}));
  EXPECT_EQ(numbers(fn::adaptive_avg_pool1d(floats({1, 2}, {1, 1, 2}), 4)), (Numbers{1, 1, 2, 2}));
  EXPECT_EQ(fn::adaptive_avg_pool3d(drawn({2, 3, 4, 5, 6}, 1), {1, 0, 2}).shape(), (Shape{2, 3, 1, 0, 2}));
}

TEST(LpPool, AgreesWithTorch) {
  expect_near(numbers(fn::lp_pool2d(rows(), 3.0, 2)), {7.0472987320648667, 9.816659}, 1e-6);
  // sqrt(1 + 4 + 25 + 36) and its neighbours
  expect_near(
      numbers(fn::lp_pool2d(rows(), 2.0, 2, {.stride = 1})),
      {std::sqrt(66.0), std::sqrt(98.0), std::sqrt(138.0), std::sqrt(242.0), std::sqrt(306.0), std::sqrt(378.0)},
      1e-14);
  EXPECT_EQ(numbers(fn::lp_pool2d(rows(), 1.0, 2)), (Numbers{14, 22}));
  const Composition f = [](const std::vector<Array>& x) { return fn::lp_pool1d(x[0], 2.0, 2); };
  const Array zero = floats({0, 0, 3, 4}, {1, 1, 4});
  // No slope where all elements are zero.
  expect_near(numbers(gradients_of(first_tape(), f, {zero}, {floats({1, 1}, {1, 1, 2})})[0]), {0, 0, 0.6, 0.8}, 1e-15);
}

TEST(Pools, HaveTheGradientsOfTheirDifferences) {
  const Array x = different({2, 2, 5, 4}, 1), line = different({2, 7}, 2), block = different({1, 2, 3, 3, 4}, 3);
  const std::vector<std::pair<const char*, std::pair<Composition, Array>>> all = {
      {"max_pool2d",
       {[](const auto& a) {
          return fn::max_pool2d(a[0], {3, 2}, {.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true});
        },
        x}},
      {"max_pool3d",
       {[](const auto& a) {
          return fn::max_pool3d(a[0], 2, {.stride = {1, 2, 1}});
        },
        block}},
      {"avg_pool1d",
       {[](const auto& a) {
          return fn::avg_pool1d(a[0], 3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false});
        },
        line}},
      {"avg_pool3d",
       {[](const auto& a) {
          return fn::avg_pool3d(a[0], {2, 1, 3}, {.stride = 1});
        },
        block}},
      {"adaptive_avg_pool2d",
       {[](const auto& a) {
          return fn::adaptive_avg_pool2d(a[0], {3, 6});
        },
        x}},
      {"adaptive_max_pool2d",
       {[](const auto& a) {
          return fn::adaptive_max_pool2d(a[0], {2, 3});
        },
        x}},
      {"lp_pool2d", {[](const auto& a) { return fn::lp_pool2d(a[0], 2.0, 2, {.ceil_mode = true}); }, x}},
      {"lp_pool1d", {[](const auto& a) { return fn::lp_pool1d(exp(a[0]), 2.5, 3, {.stride = 1}); }, line}},
  };
  for (const auto& [what, pool] : all) expect_derivatives(pool.first, {pool.second}, {.what = what});
}

TEST(Pools, TakeEmptyBatches) {
  const Array none = drawn({0, 3, 5, 5}, 1);
  EXPECT_EQ(fn::max_pool2d(none, 2).shape(), (Shape{0, 3, 2, 2}));
  EXPECT_EQ(fn::avg_pool2d(none, 2).shape(), (Shape{0, 3, 2, 2}));
  EXPECT_EQ(fn::adaptive_max_pool2d(none, 4).shape(), (Shape{0, 3, 4, 4}));
  EXPECT_EQ(fn::lp_pool2d(none, 2.0, 2).shape(), (Shape{0, 3, 2, 2}));
}

TEST(Pools, AreMethodsOfTypedTensors) {
  const auto x = Tensor<Autodiff<Cpu>, 3>::from_data({{{1.0, 4.0, 2.0, 3.0}}}).require_grad();
  const auto [y, at] = fn::max_pool1d_with_indices(x, 2);
  EXPECT_EQ(numbers(y.array()), (Numbers{4, 3}));
  EXPECT_EQ(integers(at.array()), (Integers{1, 3}));
  const auto gradients = (y.sum() + fn::avg_pool1d(x, 4).sum()).backward();
  EXPECT_EQ(numbers(x.grad(gradients)->array()), (Numbers{0.25, 1.25, 0.25, 1.25}));
  EXPECT_EQ(fn::adaptive_avg_pool1d(x, 3).shape(), (Shape{1, 1, 3}));
}

TEST(MaxPool, RefusesWhatDoesNotFit) {
  const Array x = drawn({1, 2, 5, 4}, 1);
  const auto value = static_cast<ValueError*>(nullptr);
  const auto shape = static_cast<ShapeError*>(nullptr);
  const auto refuses = [&]<class E>(E*, const char* what, PerDim<2> kernel, const fn::MaxPoolOptions<2>& o) {
    expect_refused<E>([&] { fn::max_pool2d(x, kernel, o); }, "max_pool2d", what);
  };
  refuses(value, "zero stride", 2, {.stride = 0});
  refuses(value, "zero kernel", {2, 0}, {.stride = 1});
  refuses(value, "negative kernel", -2, {});
  refuses(value, "negative padding", 2, {.padding = -1});
  refuses(value, "padding beyond half a window", 3, {.padding = 2});
  refuses(value, "dilation 2^62", 3, {.dilation = kHuge});
  refuses(value, "zero dilation", 2, {.dilation = 0});
  refuses(shape, "a window larger than x", {6, 1}, {});
  refuses(shape, "a kernel of 2^62", kHuge, {.stride = 1});
  refuses(value, "stride 2^63 - 1, rounded up", 1,
          {
              .stride = (kHuge - 1) * 2 + 1,
              .ceil_mode = true,
          });
  expect_refused<ShapeError>([&] { fn::max_pool2d(drawn({1, 2, 0, 4}, 1), 1); }, "max_pool2d", "no elements");
  expect_refused<ShapeError>([&] { fn::max_pool1d(x, 1); }, "max_pool1d", "another rank");
  expect_refused<DTypeError>([&] { fn::max_pool2d(cast(x, DType::Bool), 1); }, "max_pool2d", "Bool");
  expect_refused<ValueError>([&] { fn::max_pool2d(Array(), 1); }, "max_pool2d", "an empty handle");
  expect_refused<ValueError>(
      [] {
        fn::max_pool1d(drawn({1, 1, 1}, 1), 2, {.stride = 1, .padding = 2, .dilation = 3});
      },
      "max_pool1d", "a window that misses every element");
}

TEST(AvgPool, RefusesWhatDoesNotFit) {
  const Array x = drawn({1, 2, 5, 4}, 1);
  expect_refused<ValueError>([&] { fn::avg_pool2d(x, 2, {.divisor = 0}); }, "avg_pool2d", "divisor 0");
  expect_refused<ValueError>([&] { fn::avg_pool2d(x, 2, {.stride = -1}); }, "avg_pool2d", "negative stride");
  expect_refused<ShapeError>([&] { fn::avg_pool2d(x, 6); }, "avg_pool2d", "a window larger than x");
  expect_refused<DTypeError>([&] { fn::avg_pool2d(cast(x, DType::I32), 2); }, "avg_pool2d", "integers");
  expect_refused<ValueError>([&] { fn::adaptive_avg_pool2d(x, {2, -1}); }, "avg_pool2d", "a negative number");
  expect_refused<ValueError>([&] { fn::adaptive_avg_pool2d(x, kHuge); }, "avg_pool2d", "2^62 windows");
  expect_refused<ShapeError>([&] { fn::adaptive_max_pool1d(x, 2); }, "max_pool1d", "another rank");
  expect_refused<ValueError>([&] { fn::lp_pool2d(x, 0.0, 2); }, "lp_pool2d", "p = 0");
  expect_refused<ValueError>([&] { fn::lp_pool2d(x, kInf, 2); }, "lp_pool2d", "p = inf");
  expect_refused<ShapeError>([&] { fn::lp_pool1d(x, 2.0, 2); }, "lp_pool1d", "another rank");
}

}  // namespace
}  // namespace fornax::test
