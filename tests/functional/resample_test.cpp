// Resizing and sampling of pictures.

#include <fornax/functional/resample.hpp>

#include <vector>

#include <gtest/gtest.h>

#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

namespace fn = functional;
using Mode = fn::InterpolateMode;
using Sample = fn::SampleMode;
using Padding = fn::SamplePadding;

Array rows() { return floats({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {1, 1, 3, 4}); }
Array line() { return floats({1, 2, 4, 8}, {1, 1, 4}); }

// Values: PyTorch 1.13.1, float64.

TEST(Interpolate, AgreesWithTorchAlongOneDim) {
  const auto resized = [](std::int64_t size, Mode mode) {
    return numbers(fn::interpolate(line(), {.size = {size}, .mode = mode}));
  };
  EXPECT_EQ(resized(7, Mode::Nearest), (Numbers{1, 1, 2, 2, 4, 4, 8}));
  EXPECT_EQ(resized(3, Mode::Nearest), (Numbers{1, 2, 4}));
  EXPECT_EQ(resized(7, Mode::NearestExact), (Numbers{1, 1, 2, 4, 4, 8, 8}));
  EXPECT_EQ(resized(3, Mode::NearestExact), (Numbers{1, 4, 8}));
  expect_near(resized(7, Mode::Linear),
              {1, 1.3571428571428572, 1.9285714285714284, 3, 4.285714285714285, 6.571428571428571, 8}, 1e-14);
  expect_near(resized(3, Mode::Linear), {1.1666666666666665, 3, 7.333333333333332}, 1e-14);
  EXPECT_EQ(resized(7, Mode::Area), (Numbers{1, 1.5, 2, 3, 4, 6, 8}));
  EXPECT_EQ(resized(3, Mode::Area), (Numbers{1.5, 3, 6}));
  expect_near(numbers(fn::interpolate(line(), {.size = {7}, .mode = Mode::Linear, .align_corners = true})),
              {1, 1.5, 2, 3, 4, 6, 8}, 1e-14);
}

TEST(Interpolate, AgreesWithTorchInPictures) {
  expect_near(numbers(fn::interpolate(rows(), {.size = {4, 5}, .mode = Mode::Bicubic})),
              {0.6521406250000003, 1.3236406250000003, 2.212890625,  3.102140624999999,  3.7736406250000023,
               3.058390625000002,  3.729890624999999,  4.619140625,  5.508390624999999,  6.179890625000004,
               6.820109375000004,  7.491609374999999,  8.380859375,  9.270109375,        9.941609375000008,
               9.226359375000007,  9.897859375,        10.787109375, 11.676359374999999, 12.34785937500001},
              1e-14);
  expect_near(numbers(fn::interpolate(rows(), {.scale_factor = {1.5, 0.5}, .mode = Mode::Bilinear})),
              {1.5, 3.5, 3.5, 5.5, 37.0 / 6, 49.0 / 6, 53.0 / 6, 65.0 / 6}, 1e-14);
}

TEST(Interpolate, OfTheSameSizeIsTheSamePicture) {
  const Array x = floats({1, kInf, kNan, 4}, {1, 1, 2, 2});
  for (const Mode mode : {Mode::Nearest, Mode::NearestExact, Mode::Bilinear, Mode::Bicubic})
    expect_same(numbers(fn::interpolate(x, {.size = {2}, .mode = mode})), numbers(x));
}

TEST(Interpolate, HasTheGradientsOfItsDifferences) {
  for (const Mode mode : {Mode::Nearest, Mode::NearestExact, Mode::Linear, Mode::Cubic, Mode::Area}) {
    for (const bool corners : {false, true}) {
      const Composition f = [&](const std::vector<Array>& x) {
        return fn::interpolate(x[0], {.size = {5, 2}, .mode = mode, .align_corners = corners});
      };
      const std::string what = "mode " + std::to_string(static_cast<int>(mode));
      expect_derivatives(f, {drawn({2, 1, 3, 4}, 1)}, {.what = what});
    }
  }
}

TEST(Interpolate, TakesIntegersEmptyBatchesAndTypedTensors) {
  EXPECT_EQ(integers(fn::interpolate(ints({3, 9}, {1, 1, 2}), {.scale_factor = {2.0}})), (Integers{3, 3, 9, 9}));
  EXPECT_EQ(fn::interpolate(drawn({0, 2, 3}, 1), {.size = {5}, .mode = Mode::Linear}).shape(), (Shape{0, 2, 5}));
  const auto x = Tensor<Cpu, 4>::ones({1, 1, 2, 2});
  EXPECT_EQ(fn::interpolate(x, {.size = {3}, .mode = Mode::Bilinear}).shape(), (Shape{1, 1, 3, 3}));
  EXPECT_EQ(fn::interpolate(drawn({1, 1, 2, 2, 2}, 1), {.size = {3, 1, 2}, .mode = Mode::Trilinear}).shape(),
            (Shape{1, 1, 3, 1, 2}));
}

TEST(Interpolate, RefusesWhatDoesNotFit) {
  const auto refuses = [](const char* what, const fn::InterpolateOptions& o) {
    expect_refused<ValueError>([&] { fn::interpolate(rows(), o); }, "interpolate", what);
  };
  refuses("neither size nor factor", {});
  refuses("both", {.size = {2}, .scale_factor = {2.0}});
  refuses("size 0", {.size = {2, 0}});
  refuses("a negative size", {.size = {-1}});
  refuses("three sizes", {.size = {1, 2, 3}});
  refuses("factor 0", {.scale_factor = {0.0}});
  refuses("a factor that leaves nothing", {.scale_factor = {0.1}});
  refuses("a factor of NaN", {.scale_factor = {kNan}});
  refuses("an infinite factor", {.scale_factor = {kInf}});
  expect_refused<ShapeError>([] { fn::interpolate(drawn({3, 4}, 1), {.size = {2}}); }, "interpolate", "rank 2");
  expect_refused<ShapeError>([] { fn::interpolate(drawn({1, 1, 0}, 1), {.size = {2}}); }, "interpolate", "no pixels");
  expect_refused<DTypeError>(
      [] {
        fn::interpolate(ints({1, 2}, {1, 1, 2}), {.size = {3}, .mode = Mode::Linear});
      },
      "interpolate", "integers between which there is nothing");
  EXPECT_THROW(fn::interpolate(rows(), {.size = {std::int64_t{1} << 62}}), ShapeError);
}

// A corner, the middle, between pixels, and beyond the picture.
Array places() { return floats({-1, -1, 0, 0, 0.5, -0.25, 1.3, 0.2, -3.7, 5.1, 1, 1}, {1, 1, 6, 2}); }

TEST(GridSample, AgreesWithTorchInEveryModeAndPadding) {
  const auto sampled = [](Sample mode, Padding padding) {
    return numbers(fn::grid_sample(rows(), places(), {.mode = mode, .padding = padding}));
  };
  const double tight = 1e-13;
  expect_near(sampled(Sample::Bilinear, Padding::Zeros), {0.25, 6.5, 6, 0, 0, 3}, tight, "", tight);
  expect_near(sampled(Sample::Nearest, Padding::Zeros), {1, 7, 7, 0, 0, 0}, tight);
  expect_near(sampled(Sample::Bicubic, Padding::Zeros),
              {0.015625, 6.5, 6.5481719970703125, -0.6150329999999963, 0, 3.234375}, tight, "", tight);
  expect_near(sampled(Sample::Bilinear, Padding::Border), {1, 6.5, 6, 9.2, 9, 12}, tight);
  expect_near(sampled(Sample::Nearest, Padding::Border), {1, 7, 7, 8, 9, 12}, tight);
  expect_near(sampled(Sample::Bicubic, Padding::Border),
              {0.53125, 6.5, 5.712890625, 9.556999999999993, 8.999999999999998, 12.46875}, tight);
  expect_near(sampled(Sample::Bilinear, Padding::Reflection), {1, 6.5, 6, 9.1, 11.1, 12}, tight);
  expect_near(sampled(Sample::Nearest, Padding::Reflection), {1, 7, 7, 8, 11, 12}, tight);
  expect_near(sampled(Sample::Bicubic, Padding::Reflection),
              {0.0625, 6.5, 5.712890625, 9.481749999999993, 11.825250000000002, 12.9375}, tight);
}

TEST(GridSample, ReadsThePixelsAtTheirCentres) {
  const Array x = drawn({2, 3, 4, 5}, 1);
  const Array same = broadcast_to(floats({1, 0, 0, 0, 1, 0}, {1, 2, 3}), {2, 2, 3});
  for (const bool corners : {false, true}) {
    const Array grid = fn::affine_grid(same, x.shape(), corners);
    expect_near(numbers(fn::grid_sample(x, grid, {.align_corners = corners})), numbers(x), 1e-13, "", 1e-13);
  }
}

TEST(GridSample, ReadsNothingBeyondThePicture) {
  // A neighbour that has no weight, or lies outside, may be anything.
  const Array x = floats({kNan, 5, 7, kInf}, {1, 1, 2, 2});
  const Array at = floats({1, -1, -1, 1}, {1, 1, 2, 2});
  const Array far = floats({9, 9, -1e30, 1e30}, {1, 1, 2, 2});
  for (const Padding padding : {Padding::Border, Padding::Reflection})
    EXPECT_EQ(numbers(fn::grid_sample(x, at, {.mode = Sample::Nearest, .padding = padding})), (Numbers{5, 7}));
  EXPECT_EQ(numbers(fn::grid_sample(x, far)), (Numbers{0, 0}));
  const Array lost = floats({kNan, 0, kInf, 0}, {1, 1, 2, 2});
  EXPECT_EQ(numbers(fn::grid_sample(rows(), lost, {.mode = Sample::Nearest})), (Numbers{0, 0}));
  EXPECT_EQ(numbers(fn::grid_sample(rows(), lost, {.padding = Padding::Border})), (Numbers{5, 8}));
}

TEST(GridSample, HasTheGradientsOfItsDifferences) {
  const Array x = drawn({2, 2, 3, 4}, 1);
  // No position lies on a pixel or half-way, where slopes jump: multiples of 1/64, and a little more.
  const Array grid = drawn({2, 2, 3, 2}, 2) * 0.7 + 0.0123;
  for (const Sample mode : {Sample::Bilinear, Sample::Nearest, Sample::Bicubic}) {
    for (const Padding padding : {Padding::Zeros, Padding::Border, Padding::Reflection}) {
      for (const bool corners : {false, true}) {
        const Composition f = [&](const std::vector<Array>& a) {
          return fn::grid_sample(a[0], a[1], {.mode = mode, .padding = padding, .align_corners = corners});
        };
        expect_derivatives(f, {x, grid},
                           {.what = "mode " + std::to_string(static_cast<int>(mode)) + ", padding " +
                                    std::to_string(static_cast<int>(padding))});
      }
    }
  }
  const Composition volume = [](const std::vector<Array>& a) { return fn::grid_sample(a[0], a[1]); };
  const std::vector<Array> inputs = {drawn({1, 2, 2, 3, 2}, 3), drawn({1, 1, 2, 2, 3}, 4) * 0.6 + 0.0123};
  expect_derivatives(volume, inputs, {.what = "three dims"});
}

TEST(GridSample, TakesEmptyBatchesAndTypedTensors) {
  EXPECT_EQ(fn::grid_sample(drawn({0, 2, 3, 4}, 1), drawn({0, 5, 6, 2}, 2)).shape(), (Shape{0, 2, 5, 6}));
  EXPECT_EQ(fn::grid_sample(drawn({1, 2, 3, 4}, 1), drawn({1, 0, 6, 2}, 2)).shape(), (Shape{1, 2, 0, 6}));
  const auto theta = Tensor<Cpu, 3>::from_data({{{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}}});
  const auto grid = fn::affine_grid(theta, {1, 1, 2, 2});
  EXPECT_EQ(fn::grid_sample(Tensor<Cpu, 4>::ones({1, 1, 2, 2}), grid).shape(), (Shape{1, 1, 2, 2}));
}

TEST(GridSample, FindsPixelsOfLargePicturesInSixteenBits) {
  // bf16 has no whole numbers between 256 and 258; positions are computed in f32.
  Numbers values(301);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 2);
  const Array x = floats(values, {1, 1, 1, 301}, DType::BF16), centre = floats({0.71875, 0}, {1, 1, 1, 2}, DType::BF16);
  // (0.71875 + 1) / 2 * 300 = 257.8125: between an odd pixel and an even one, nearer to the even.
  EXPECT_EQ(numbers(fn::grid_sample(x, centre, {.align_corners = true})), (Numbers{0.1875}));
}

TEST(GridSample, RefusesWhatDoesNotFit) {
  const Array x = drawn({2, 3, 4, 5}, 1), grid = drawn({2, 1, 1, 2}, 2);
  const auto refuses = [](const char* what, const Array& a, const Array& b) {
    expect_refused<ShapeError>([&] { fn::grid_sample(a, b); }, "grid_sample", what);
  };
  refuses("another batch", x, drawn({1, 1, 1, 2}, 2));
  refuses("three coordinates", x, drawn({2, 1, 1, 3}, 2));
  refuses("another rank", x, drawn({2, 1, 2}, 2));
  refuses("one spatial dim", drawn({2, 3, 4}, 1), drawn({2, 1, 1}, 2));
  refuses("no pixels", drawn({2, 3, 0, 5}, 1), grid);
  expect_refused<DTypeError>([&] { fn::grid_sample(x, cast(grid, DType::F32)); }, "grid_sample", "other dtypes");
  expect_refused<DTypeError>([&] { fn::grid_sample(cast(x, DType::I64), cast(grid, DType::I64)); }, "grid_sample",
                             "Int");
  expect_refused<ValueError>(
      [] {
        fn::grid_sample(drawn({1, 1, 2, 2, 2}, 1), drawn({1, 1, 1, 1, 3}, 2), {.mode = Sample::Bicubic});
      },
      "grid_sample", "bicubic in three dims");
}

TEST(AffineGrid, AgreesWithTorch) {
  const Array theta = floats({1, 0.5, 0.25, -0.5, 2, 0}, {1, 2, 3});
  expect_near(numbers(fn::affine_grid(theta, {1, 1, 2, 3})),
              {-2.0 / 3, -2.0 / 3, 0, -1, 2.0 / 3, -4.0 / 3, -1.0 / 6, 4.0 / 3, 0.5, 1, 7.0 / 6, 2.0 / 3}, 1e-14, "",
              1e-14);
  const Composition f = [](const std::vector<Array>& a) { return fn::affine_grid(a[0], {2, 1, 2, 3}, true); };
  expect_derivatives(f, {drawn({2, 2, 3}, 1)}, {.what = "affine_grid"});
  EXPECT_EQ(fn::affine_grid(drawn({2, 3, 4}, 1), {2, 5, 2, 3, 4}).shape(), (Shape{2, 2, 3, 4, 3}));
}

TEST(AffineGrid, RefusesWhatDoesNotFit) {
  const auto refuses = [](const char* what, const Shape& theta, const Shape& size) {
    expect_refused<ShapeError>([&] { fn::affine_grid(drawn(theta, 1), size); }, "affine_grid", what);
  };
  refuses("another batch", {1, 2, 3}, {2, 1, 3, 3});
  refuses("a matrix of another size", {2, 3, 3}, {2, 1, 3, 3});
  refuses("two dims for three", {2, 2, 3}, {2, 1, 3, 3, 3});
  expect_refused<DTypeError>(
      [] {
        fn::affine_grid(ints(Integers(6, 1), {1, 2, 3}), {1, 1, 2, 2});
      },
      "affine_grid", "Int");
}

}  // namespace
}  // namespace fornax::test
