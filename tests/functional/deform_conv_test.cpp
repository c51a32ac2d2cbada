// Deformable convolution: against conv2d, against loops, and its derivatives.

#include <fornax/functional/deform_conv.hpp>

#include <vector>

#include <gtest/gtest.h>

#include <fornax/decorators/batched/tag.hpp>
#include <fornax/functional/conv.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

namespace fn = functional;

// Element k is (k seed mod 101 - 50) / by: the numbers that the reference was given too.
Array formula(const Shape& shape, std::int64_t seed, double by) {
  Numbers values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t k = 0; k < values.size(); ++k)
    values[k] = static_cast<double>(static_cast<std::int64_t>(k) * seed % 101 - 50) / by;
  return floats(values, shape);
}

const fn::DeformConvOptions kOptions{
    .stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2, .offset_groups = 2};
const Array kX = formula({2, 4, 5, 4}, 37, 25), kWeight = formula({6, 2, 3, 2}, 23, 40), kBias = formula({6}, 7, 4);
const Array kOffset = formula({2, 24, 3, 6}, 61, 13), kMask = formula({2, 12, 3, 6}, 29, 50);

// The values of nested loops over images, channels, places and window elements, written in NumPy 2.4 after the formulas
// of Zhu et al.
TEST(DeformConv2d, AgreesWithLoops) {
  const Array y = fn::deform_conv2d(kX, kOffset, kWeight, kMask, kBias, kOptions);
  ASSERT_EQ(y.shape(), (Shape{2, 6, 3, 6}));
  expect_near(numbers(narrow(narrow(y, 0, 1, 1), 1, 4, 1)),
              {-5.496056804733728, -6.050866627218935, -5.474800118343195, -5.294748165680474, -6.021196923076922,
               -4.965546982248521, -5.9817695857988165, -5.475378698224851, -5.783250177514793, -5.670270059171597,
               -4.412650414201182, -6.28162, -5.638149112426036, -5.353300828402367, -5.714672189349112,
               -5.8413318343195275, -5.231415384615384, -3.189545798816566},
              1e-13);
  EXPECT_NEAR(reduce_all(ReduceFn::Sum, y).item(), -1757.2130325443786, 1e-10);
  EXPECT_NEAR(reduce_all(ReduceFn::Sum, y * formula(y.shape(), 17, 30)).item(), 74.2972264812625, 1e-11);
  const Array plain = fn::deform_conv2d(kX, kOffset, kWeight, {}, {}, kOptions);
  EXPECT_NEAR(reduce_all(ReduceFn::Sum, plain * formula(y.shape(), 17, 30)).item(), -6.041971794871799, 1e-11);
}

TEST(DeformConv2d, WithoutOffsetsIsAConvolution) {
  const Array still = zeros_like(kOffset), ones = full_like(kMask, 1.0);
  const Array expected =
      fn::conv2d(kX, kWeight, kBias, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2});
  for (const Array& mask : {Array(), ones}) {
    const Array y = fn::deform_conv2d(kX, still, kWeight, mask, kBias, kOptions);
    expect_near(numbers(y), numbers(expected), 1e-13, "", 1e-13);
  }
  // Whole offsets read other pixels: here those one below and two to the left.
  const Array x = formula({1, 1, 6, 6}, 37, 25), w = formula({1, 1, 2, 2}, 23, 40);
  Numbers by(8 * 25);
  for (std::size_t k = 0; k < by.size(); ++k) by[k] = (k / 25) % 2 == 0 ? 1 : -2;
  const Array moved = fn::deform_conv2d(x, floats(by, {1, 8, 5, 5}), w, {}, {});
  const Array plain = fn::conv2d(x, w);
  for (std::int64_t i = 0; i < 4; ++i)
    for (std::int64_t j = 2; j < 5; ++j)
      EXPECT_NEAR(moved.to_data()[i * 5 + j], plain.to_data()[(i + 1) * 5 + j - 2], 1e-14) << i << ", " << j;
}

TEST(DeformConv2d, HasTheGradientsOfAllItsInputs) {
  const fn::DeformConvOptions options{.stride = 2, .padding = 1, .offset_groups = 2};
  // Offsets whose places keep away from pixels' centres, where the slope jumps.
  const Array offset = formula({1, 16, 2, 2}, 61, 20) + 0.0123;
  const std::vector<Array> x{drawn({1, 2, 3, 3}, 1), offset, drawn({2, 2, 2, 2}, 2), drawn({1, 8, 2, 2}, 3),
                             drawn({2}, 4)};
  expect_derivatives([&](const Inputs& a) { return fn::deform_conv2d(a[0], a[1], a[2], a[3], a[4], options); }, x);
}

TEST(DeformConv2d, RunsUnderVmap) {
  Interpreter& batch = Batched<Cpu>::interpreter();
  const Array x = formula({3, 2, 4, 5, 4}, 37, 25), offset = formula({3, 2, 24, 3, 6}, 61, 13);
  const Array y = batched::unmake(
      batch,
      fn::deform_conv2d(batched::make(batch, x, 0), batched::make(batch, offset, 0), kWeight, kMask, kBias, kOptions),
      3, 0);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto sample = [&](const Array& a) { return reshape(narrow(a, 0, i, 1), a.shape().without(0)); };
    expect_near(numbers(sample(y)),
                numbers(fn::deform_conv2d(sample(x), sample(offset), kWeight, kMask, kBias, kOptions)), 1e-13, "",
                1e-13);
  }
}

TEST(DeformConv2d, TakesSmallFloatsTensorsAndNoImages) {
  const auto small = [](const Array& a) { return cast(a, DType::F32); };
  const Array y = fn::deform_conv2d(kX, kOffset, kWeight, kMask, kBias, kOptions);
  const Array z = fn::deform_conv2d(small(kX), small(kOffset), small(kWeight), small(kMask), small(kBias), kOptions);
  expect_near(numbers(z), numbers(y), 2e-5, "", 2e-5);
  const Tensor<Cpu, 4> typed = fn::deform_conv2d(Tensor<Cpu, 4>(kX), Tensor<Cpu, 4>(kOffset), Tensor<Cpu, 4>(kWeight),
                                                 Tensor<Cpu, 4>(kMask), {}, kOptions);
  EXPECT_EQ(typed.shape(), y.shape());
  const Array none = fn::deform_conv2d(floats({}, {0, 4, 5, 4}), floats({}, {0, 24, 3, 6}), kWeight, {}, {}, kOptions);
  EXPECT_EQ(none.shape(), (Shape{0, 6, 3, 6}));
}

}  // namespace
}  // namespace fornax::test
