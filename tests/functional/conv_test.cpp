// Convolutions and their transposes as functions.

#include <fornax/functional/conv.hpp>

#include <vector>

#include <gtest/gtest.h>

#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

namespace fn = functional;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

const Array kLine = floats({1, 2, 3, 4, 5}, {1, 1, 5});
const Array kKernels = floats({1, 0, -1, 2, 1, 0.5}, {2, 1, 3});
const Array kBias = floats({0.5, -1});

// Values: PyTorch 1.13.1, float64.

TEST(Conv, AgreesWithTorch) {
  const Array y = fn::conv1d(kLine, kKernels, kBias, {.stride = 2, .padding = 1});
  EXPECT_EQ(y.shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(numbers(y), (Numbers{-1.5, -1.5, 4.5, 1, 8, 12}));
  Numbers square(16);
  for (std::size_t i = 0; i < square.size(); ++i) square[i] = static_cast<double>(i);
  const Array picture = floats(square, {1, 1, 4, 4}), kernel = floats({1, 2, 3, 4}, {1, 1, 2, 2});
  EXPECT_EQ(numbers(fn::conv2d(picture, kernel, {.stride = {2, 1}, .padding = {0, 1}, .dilation = {1, 2}})),
            (Numbers{22, 40, 50, 20, 70, 120, 130, 52}));
  const Array two = fn::conv2d(cat({picture, -picture}, 1), cat({kernel, kernel}, 0), {.groups = 2});
  EXPECT_EQ(numbers(narrow(two, 1, 1, 1)), (Numbers{-34, -44, -54, -74, -84, -94, -114, -124, -134}));
}

TEST(Conv, KeepsTheSizeWithSamePadding) {
  EXPECT_EQ(numbers(fn::conv1d(kLine, kKernels, kBias, {.padding = fn::ConvPad::Same, .dilation = 2})),
            (Numbers{-2.5, -3.5, -3.5, 2.5, 3.5, 1.5, 3, 6.5, 7, 10}));
  // An even kernel: the extra zero stands at the end.
  const Array even = narrow(kKernels, 2, 0, 2);
  EXPECT_EQ(numbers(fn::conv1d(kLine, even, {.padding = fn::ConvPad::Same})),
            (Numbers{1, 2, 3, 4, 5, 4, 7, 10, 13, 10}));
  EXPECT_EQ(numbers(fn::conv1d(kLine, even, {.padding = fn::ConvPad::Valid})), numbers(fn::conv1d(kLine, even)));
}

TEST(ConvTranspose, AgreesWithTorch) {
  const Array y = fn::conv_transpose1d(kLine, reshape(kKernels, {1, 2, 3}), kBias,
                                       {.stride = 2, .padding = 1, .output_padding = 1});
  EXPECT_EQ(numbers(y), (Numbers{0.5, 1.5, 0.5, 1.5, 0.5, 1.5, 0.5, 1.5, 0.5, -4.5,  //
                                 0,   3.5, 1,   6,   2,   8.5, 3,   11,  4,   1.5}));
  // Output padding beyond the stride, allowed by the dilation: zeros that no window reaches.
  EXPECT_EQ(numbers(fn::conv_transpose1d(narrow(kLine, 2, 0, 2), floats({1, 2}, {1, 1, 2}),
                                         {.output_padding = 2, .dilation = 3})),
            (Numbers{1, 2, 0, 2, 4, 0, 0}));
}

TEST(ConvTranspose, IsTheAdjointOfConv) {
  // <conv(x), g> = <x, conv_transpose(g)>, exactly: all numbers are multiples of 1/64 below 2^53.
  const Array x = drawn({2, 4, 6, 5}, 1), w = drawn({6, 2, 3, 2}, 2);
  const Array y = fn::conv2d(x, w, {.stride = {3, 2}, .padding = 1, .groups = 2});
  const Array g = drawn(y.shape(), 3);
  const Array back =
      fn::conv_transpose2d(g, w, {.stride = {3, 2}, .padding = 1, .output_padding = {2, 1}, .groups = 2});
  ASSERT_EQ(back.shape(), x.shape());
  EXPECT_EQ(reduce_all(ReduceFn::Sum, y * g).item(), reduce_all(ReduceFn::Sum, x * back).item());
}

TEST(Conv, TakesOnePictureWithoutABatch) {
  const Array x = drawn({2, 5, 4}, 4), w = drawn({3, 2, 2, 2}, 5), back = drawn({2, 3, 2, 2}, 6);
  const Array batch = reshape(x, {1, 2, 5, 4});
  EXPECT_EQ(fn::conv2d(x, w).shape(), (Shape{3, 4, 3}));
  EXPECT_EQ(numbers(fn::conv2d(x, w)), numbers(fn::conv2d(batch, w)));
  EXPECT_EQ(numbers(fn::conv_transpose2d(x, back)), numbers(fn::conv_transpose2d(batch, back)));
}

TEST(Conv, TakesEmptyBatchesAndNoChannels) {
  EXPECT_EQ(fn::conv2d(drawn({0, 2, 5, 5}, 1), drawn({3, 2, 3, 3}, 2)).shape(), (Shape{0, 3, 3, 3}));
  EXPECT_EQ(fn::conv_transpose3d(drawn({0, 2, 2, 2, 2}, 1), drawn({2, 3, 2, 2, 2}, 2)).shape(), (Shape{0, 3, 3, 3, 3}));
  const Array none = fn::conv1d(drawn({2, 0, 4}, 1), drawn({3, 0, 2}, 2), floats({1, 2, 3}));
  EXPECT_EQ(numbers(none), (Numbers{1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1, 2, 2, 2, 3, 3, 3}));
  const Composition f = [](const std::vector<Array>& x) { return fn::conv1d(x[0], x[1]); };
  const std::vector<Array> g =
      gradients_of(first_tape(), f, {drawn({0, 2, 5}, 1), drawn({3, 2, 2}, 2)}, {zeros_like(drawn({0, 3, 4}, 3))});
  EXPECT_EQ(g[0].shape(), (Shape{0, 2, 5}));
  EXPECT_EQ(numbers(g[1]), Numbers(12, 0.0)) << "an empty batch has weight gradients of zero";
}

TEST(Conv, HasTheGradientsOfItsDifferences) {
  const Composition conv = [](const std::vector<Array>& x) {
    return fn::conv2d(x[0], x[1], x[2], {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2});
  };
  const std::vector<Array> x = {drawn({2, 4, 5, 4}, 1), drawn({2, 2, 3, 2}, 2), drawn({2}, 3)};
  expect_derivatives(conv, x, {.what = "conv2d"});
  const Composition same = [](const std::vector<Array>& a) {
    return fn::conv3d(a[0], a[1], {.padding = fn::ConvPad::Same});
  };
  expect_derivatives(same, {drawn({1, 2, 2, 3, 2}, 4), drawn({1, 2, 2, 2, 3}, 5)}, {.what = "conv3d"});
}

TEST(ConvTranspose, HasTheGradientsOfItsDifferences) {
  const Composition f = [](const std::vector<Array>& x) {
    return fn::conv_transpose2d(
        x[0], x[1], x[2],
        {.stride = {2, 1}, .padding = {1, 0}, .output_padding = {1, 1}, .dilation = {1, 2}, .groups = 2});
  };
  const std::vector<Array> x = {drawn({2, 4, 2, 3}, 1), drawn({4, 1, 3, 2}, 2), drawn({2}, 3)};
  expect_derivatives(f, x, {.what = "conv_transpose2d"});
}

TEST(Conv, IsAMethodOfTypedTensors) {
  using Number = Autodiff<Cpu>;
  const auto x = Tensor<Number, 3>::from_data({{{1.0, 2.0, 3.0}}}).require_grad();
  const auto w = Tensor<Number, 3>::from_data({{{1.0, -1.0}}}).require_grad();
  const auto b = Tensor<Number, 1>::from_data({0.5});
  const auto y = fn::conv1d(x, w, b);
  EXPECT_EQ(numbers(y.array()), (Numbers{-0.5, -0.5}));
  const auto gradients = y.sum().backward();
  EXPECT_EQ(numbers(x.grad(gradients)->array()), (Numbers{1, 0, -1}));
  EXPECT_EQ(numbers(w.grad(gradients)->array()), (Numbers{3, 5}));
  EXPECT_EQ(fn::conv_transpose1d(x, w, {.stride = 2}).shape(), (Shape{1, 1, 6}));
}

TEST(Conv, RefusesWhatDoesNotFit) {
  const Array x = drawn({1, 4, 5, 5}, 1), w = drawn({4, 4, 3, 3}, 2);
  const auto refuses = [&]<class E>(E*, const char* what, const fn::ConvOptions<2>& o) {
    expect_refused<E>([&] { fn::conv2d(x, w, o); }, "conv2d", what);
  };
  const auto value = static_cast<ValueError*>(nullptr);
  const auto shape = static_cast<ShapeError*>(nullptr);
  refuses(value, "zero stride", {.stride = {1, 0}});
  refuses(value, "negative stride", {.stride = -1});
  refuses(value, "negative padding", {.padding = {0, -1}});
  refuses(value, "zero dilation", {.dilation = 0});
  refuses(shape, "dilation 2^61", {.dilation = kHuge / 2});
  refuses(value, "dilation 2^62, which overflows", {.dilation = kHuge});
  refuses(value, "padding 2^62, which overflows", {.padding = kHuge});
  refuses(value, "no groups", {.groups = 0});
  refuses(value, "same padding with a stride", {.stride = 2, .padding = fn::ConvPad::Same});
  refuses(shape, "groups of other sizes", {.groups = 2});
  refuses(shape, "groups that do not divide", {.groups = 3});
  refuses(shape, "dilation beyond the picture", {.dilation = 3});
  expect_refused<ShapeError>([&] { fn::conv2d(x, drawn({4, 4, 6, 1}, 2)); }, "conv2d", "a kernel larger than x");
  expect_refused<ValueError>([&] { fn::conv2d(x, drawn({4, 4, 0, 1}, 2)); }, "conv2d", "a kernel of size 0");
  expect_refused<ShapeError>([&] { fn::conv2d(x, drawn({4, 3, 3, 3}, 2)); }, "conv2d", "other channels");
  expect_refused<ShapeError>([&] { fn::conv1d(x, w); }, "conv1d", "another rank");
  expect_refused<ShapeError>([&] { fn::conv2d(x, w, drawn({3}, 2)); }, "conv2d", "a bias of another size");
  expect_refused<DTypeError>([&] { fn::conv2d(x, cast(w, DType::F32)); }, "conv2d", "other dtypes");
  expect_refused<DTypeError>([&] { fn::conv2d(x, w, cast(drawn({4}, 2), DType::F32)); }, "conv2d", "the bias's dtype");
  expect_refused<DTypeError>([&] { fn::conv2d(cast(x, DType::I64), cast(w, DType::I64)); }, "conv2d", "integers");
  expect_refused<ValueError>([&] { fn::conv2d(Array(), w); }, "conv2d", "an empty handle");
  EXPECT_EQ(message_of<ShapeError>([&] { fn::conv2d(x, w, {.dilation = 3}); }),
            "conv2d: a window of 7 elements does not fit spatial dim 0, which has 5 and 5 with padding");
  EXPECT_EQ(message_of<ShapeError>([&] { fn::conv2d(x, w, {.groups = 2}); }),
            "conv2d: x has shape [1, 4, 5, 5], weight [4, 4, 3, 3]; with 2 group(s) that needs 8 input channels");
}

TEST(ConvTranspose, RefusesWhatDoesNotFit) {
  const Array x = drawn({1, 4, 5, 5}, 1), w = drawn({4, 2, 3, 3}, 2);
  const auto refuses = [&]<class E>(E*, const char* what, const fn::ConvTransposeOptions<2>& o) {
    expect_refused<E>([&] { fn::conv_transpose2d(x, w, o); }, "conv_transpose2d", what);
  };
  const auto value = static_cast<ValueError*>(nullptr);
  const auto shape = static_cast<ShapeError*>(nullptr);
  refuses(value, "zero stride", {.stride = 0});
  refuses(value, "output padding of a stride", {.stride = 2, .output_padding = 2});
  refuses(value, "negative output padding", {.output_padding = -1});
  refuses(value, "negative padding", {.padding = -1});
  refuses(value, "padding 2^62", {.padding = kHuge});
  refuses(value, "dilation 2^62", {.dilation = kHuge});
  refuses(shape, "stride 2^62", {.stride = kHuge});
  refuses(shape, "padding that leaves nothing", {.padding = 4});
  refuses(shape, "groups that do not divide", {.groups = 3});
  expect_refused<ShapeError>([&] { fn::conv_transpose2d(x, drawn({3, 2, 3, 3}, 2)); }, "conv_transpose2d", "channels");
  expect_refused<ShapeError>([&] { fn::conv_transpose2d(x, w, drawn({3}, 2)); }, "conv_transpose2d", "the bias's size");
  expect_refused<DTypeError>([&] { fn::conv_transpose2d(x, cast(w, DType::F16)); }, "conv_transpose2d", "dtypes");
}

}  // namespace
}  // namespace fornax::test
