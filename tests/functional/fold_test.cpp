// Pictures as columns, and channels as blocks of pixels.

#include <fornax/functional/fold.hpp>

#include <vector>

#include <gtest/gtest.h>

#include <fornax/functional/conv.hpp>

#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

namespace fn = functional;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

TEST(Unfold, GivesEachWindowAsAColumn) {
  const Array x = floats({0, 1, 2, 4, 5, 6}, {1, 1, 2, 3});
  EXPECT_EQ(fn::unfold(x, 2).shape(), (Shape{1, 4, 2}));
  EXPECT_EQ(numbers(fn::unfold(x, 2)), (Numbers{0, 1, 1, 2, 4, 5, 5, 6}));
}

TEST(Unfold, MakesConvolutionAMatrixProduct) {
  const Array x = drawn({2, 3, 6, 5}, 1), w = drawn({4, 3, 2, 3}, 2);
  const Array y = fn::conv2d(x, w, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {2, 1}});
  const Array columns = fn::unfold(x, {2, 3}, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {2, 1}});
  EXPECT_EQ(numbers(matmul(reshape(w, {1, 4, 18}), columns)), numbers(y));
}

TEST(Fold, IsTheTransposeOfUnfold) {
  const fn::FoldOptions o{.stride = {1, 2}, .padding = {1, 0}, .dilation = {1, 2}};
  const Array x = drawn({2, 3, 5, 6}, 1), columns = fn::unfold(x, {3, 2}, o), g = drawn(columns.shape(), 2);
  const Array back = fn::fold(g, {5, 6}, {3, 2}, o);
  ASSERT_EQ(back.shape(), x.shape());
  EXPECT_EQ(reduce_all(ReduceFn::Sum, columns * g).item(), reduce_all(ReduceFn::Sum, x * back).item());
  expect_derivatives([&](const std::vector<Array>& a) { return fn::unfold(a[0], {3, 2}, o); }, {x}, {.what = "unfold"});
  expect_derivatives(
      [&](const std::vector<Array>& a) {
        return fn::fold(a[0], {5, 6}, {3, 2}, o);
      },
      {g}, {.what = "fold"});
}

TEST(PixelShuffle, SpreadsChannelsOverBlocksOfPixels) {
  const Array x = floats({1, 2, 3, 4}, {4, 1, 1});
  EXPECT_EQ(fn::pixel_shuffle(x, 2).shape(), (Shape{1, 2, 2}));
  EXPECT_EQ(numbers(fn::pixel_shuffle(x, 2)), (Numbers{1, 2, 3, 4}));
  const Array y = drawn({2, 3, 18, 2, 4}, 1);
  EXPECT_EQ(fn::pixel_shuffle(y, 3).shape(), (Shape{2, 3, 2, 6, 12}));
  EXPECT_EQ(numbers(fn::pixel_unshuffle(fn::pixel_shuffle(y, 3), 3)), numbers(y));
  EXPECT_EQ(fn::pixel_shuffle(drawn({0, 4, 2, 2}, 1), 2).shape(), (Shape{0, 1, 4, 4}));
  const auto typed = Tensor<Cpu, 4>::ones({1, 4, 2, 2});
  EXPECT_EQ(fn::pixel_unshuffle(fn::pixel_shuffle(typed, 2), 2).shape(), typed.shape());
}

TEST(Fold, RefusesWhatDoesNotFit) {
  const Array x = drawn({1, 2, 4, 5}, 1), columns = drawn({1, 8, 12}, 2);
  expect_refused<ValueError>([&] { fn::unfold(x, 0); }, "unfold", "kernel 0");
  expect_refused<ValueError>([&] { fn::unfold(x, 2, {.stride = 0}); }, "unfold", "stride 0");
  expect_refused<ValueError>([&] { fn::unfold(x, 2, {.padding = -1}); }, "unfold", "negative padding");
  expect_refused<ValueError>([&] { fn::unfold(x, 3, {.dilation = kHuge}); }, "unfold", "dilation 2^62");
  expect_refused<ShapeError>([&] { fn::unfold(x, 5); }, "unfold", "a kernel larger than x");
  expect_refused<ShapeError>([&] { fn::unfold(columns, 2); }, "unfold", "rank 3");
  expect_refused<ShapeError>([&] { fn::fold(columns, {4, 6}, 2); }, "fold", "another number of windows");
  expect_refused<ShapeError>([&] { fn::fold(drawn({1, 6, 12}, 2), {4, 5}, 2); }, "fold", "no whole channel");
  expect_refused<ValueError>([&] { fn::fold(columns, {4, -5}, 2); }, "fold", "a negative size");
  expect_refused<ShapeError>([&] { fn::fold(x, {4, 5}, 2); }, "fold", "rank 4");
  expect_refused<ShapeError>([&] { fn::pixel_shuffle(x, 2); }, "pixel_shuffle", "2 channels in blocks of 4");
  expect_refused<ShapeError>([&] { fn::pixel_unshuffle(x, 2); }, "pixel_unshuffle", "5 pixels in pairs");
  expect_refused<ValueError>([&] { fn::pixel_shuffle(x, 0); }, "pixel_shuffle", "factor 0");
  expect_refused<ValueError>([&] { fn::pixel_shuffle(x, kHuge); }, "pixel_shuffle", "factor 2^62, whose square is 0");
  expect_refused<ShapeError>([&] { fn::pixel_unshuffle(drawn({2, 2}, 1), 2); }, "pixel_unshuffle", "rank 2");
}

}  // namespace
}  // namespace fornax::test
