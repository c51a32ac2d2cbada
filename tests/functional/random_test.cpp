// Dropout, draws of classes, and codes of 8 bits.

#include <cmath>

#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

double mean_of(const Array& x) { return reduce_all(ReduceFn::Mean, x).item(); }

TEST(Dropout, KeepsTheMeanAndScalesWhatIsKept) {
  Generator generator(5);
  const Array x = broadcast_to(floats({2}), Shape{10000});
  const Array y = dropout(x, {.probability = 0.25, .generator = &generator});
  for (const double v : numbers(y)) EXPECT_TRUE(v == 0 || v == 2 / 0.75) << v;
  EXPECT_NEAR(mean_of(y), 2, 5 * 2 * std::sqrt(0.25 / 0.75 / 10000));
}

TEST(Dropout, IsTheIdentityOutsideTraining) {
  const Array x = floats({1, kInf, kNan});
  expect_same(numbers(dropout(x, {.probability = 0.9, .training = false})), numbers(x));
  expect_same(numbers(alpha_dropout(x, {.probability = 0})), numbers(x));
}

TEST(Dropout, GivesTheGradientToWhatIsKept) {
  const auto f = [](const Inputs& x) {
    Generator generator(9);
    return dropout(x[0], {.probability = 0.5, .generator = &generator});
  };
  const Array x = floats(Numbers(16, 1.0));
  const Numbers y = numbers(f({x})), g = numbers(gradients_of(first_tape(), f, {x})[0]);
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_DOUBLE_EQ(g[i], y[i] * static_cast<double>(i + 1) / 16);
  expect_derivatives(f, {x.to_data()});
}

TEST(Dropout, LosesAllOrInfinitiesWithoutNan) {
  Generator generator(1);
  EXPECT_EQ(numbers(dropout(floats({1, -2}), {.probability = 1})), (Numbers{0, -0.0}));
  const Numbers y = numbers(dropout(floats(Numbers(64, kInf)), {.generator = &generator}));
  for (const double v : y) EXPECT_TRUE(v == 0 || v == kInf);
}

TEST(Dropout, OfFeaturesLosesWholeChannels) {
  Generator generator(2);
  const Numbers y = numbers(feature_dropout(floats(Numbers(200, 1.0), Shape{2, 20, 5}), {.generator = &generator}));
  double lost = 0;
  for (std::size_t c = 0; c < 40; ++c) {
    lost += y[5 * c] == 0;
    for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(y[5 * c + i], y[5 * c]);
  }
  EXPECT_GT(lost, 4);
  EXPECT_LT(lost, 36);
}

TEST(Dropout, OfSelfNormalisingNetworksKeepsMeanAndVariance) {
  Generator generator(4);
  const Array x =
      random(Cpu::interpreter(), {Shape{40000}, DType::F64}, Distribution::normal(0, 1), generator.draw(40000));
  const Array y = alpha_dropout(x, {.probability = 0.3, .generator = &generator});
  EXPECT_NEAR(mean_of(y), 0, 0.025);                          // 5 deviations of the mean
  EXPECT_NEAR(mean_of(unary(UnaryFn::Square, y)), 1, 0.035);  // fourth moments below 3
}

TEST(Categorical, DrawsWithTheGivenFrequencies) {
  Generator generator(6);
  const Array p = floats({1, 0, 3, 4, 0, 4}, Shape{2, 3});  // not normalised
  const Array y = categorical(p, {.samples = 8000, .generator = &generator});
  EXPECT_EQ(y.shape(), (Shape{2, 8000}));
  EXPECT_EQ(y.dtype(), DType::I64);
  const Integers all = integers(y);
  double count[2][3] = {};
  for (std::size_t i = 0; i < all.size(); ++i) ++count[i / 8000][all[i]];
  EXPECT_EQ(count[0][1] + count[1][1], 0);
  EXPECT_NEAR(count[0][0] / 8000, 0.25, 5 * std::sqrt(0.25 * 0.75 / 8000));
  EXPECT_NEAR(count[1][0] / 8000, 0.5, 5 * std::sqrt(0.25 / 8000));
  Generator a(8), b(8);
  EXPECT_EQ(categorical_from_logits(log(p), {.samples = 50, .generator = &a}).to_data(),
            categorical(p, {.samples = 50, .generator = &b}).to_data());
}

TEST(Categorical, TellsWhatIsWrong) {
  EXPECT_THROW(categorical(floats({0.5, -0.1})), ValueError);
  EXPECT_THROW(categorical(floats({0, 0})), ValueError);
  EXPECT_THROW(categorical(floats({0.5}), {.samples = -1}), ValueError);
  EXPECT_THROW(categorical(floats({}, Shape{2, 0})), ShapeError);
  EXPECT_THROW(categorical(ints({1, 2})), DTypeError);
  EXPECT_THROW(categorical_from_logits(floats({-kInf, -kInf})), ValueError);
  EXPECT_THROW(categorical_from_logits(floats({kNan, 1})), ValueError);
  EXPECT_THROW(categorical_from_logits(floats({1}, Shape{})), ShapeError);
  EXPECT_EQ(categorical(floats({}, Shape{0, 2})).shape(), (Shape{0, 1}));
}

TEST(Cartesian, CountsWithTheLastRunningFastest) {
  const Array vectors[] = {ints({1, 2}), ints({5, 6, 7})};
  EXPECT_EQ(integers(cartesian_prod(vectors)), (Integers{1, 5, 1, 6, 1, 7, 2, 5, 2, 6, 2, 7}));
  EXPECT_EQ(integers(cartesian_grid(Cpu::interpreter(), Shape{2, 2})), (Integers{0, 0, 0, 1, 1, 0, 1, 1}));
  EXPECT_THROW(cartesian_prod({}), ValueError);
  const Array matrix[] = {ints({1, 2}, Shape{1, 2})}, mixed[] = {ints({1}), floats({1})};
  EXPECT_THROW(cartesian_prod(matrix), ShapeError);
  EXPECT_THROW(cartesian_prod(mixed), DTypeError);
  EXPECT_THROW(cartesian_grid(Cpu::interpreter(), Shape{}), ShapeError);
  EXPECT_THROW(cartesian_grid(Cpu::interpreter(), Shape{1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
}

TEST(Quantize, RoundsHalvesToEvenAndClamps) {
  const Affine q{.scale = 0.5, .zero_point = 3};
  const Array x = floats({0.25, 0.75, -0.25, 1e6, -1e6, kInf, -kInf, 0});
  const Array codes = quantize_affine(x, q);
  EXPECT_EQ(codes.dtype(), DType::I8);
  EXPECT_EQ(integers(codes), (Integers{3, 5, 3, 127, -128, 127, -128, 3}));
  EXPECT_EQ(numbers(dequantize_affine(codes, q, DType::F64)), (Numbers{0, 1, 0, 62, -65.5, 62, -65.5, 0}));
  EXPECT_EQ(numbers(fake_quantize(x, q)), (Numbers{0, 1, 0, 62, -65.5, 62, -65.5, 0}));
  EXPECT_EQ(quantize_affine(x, {.low = 0, .high = 255}).dtype(), DType::U8);
}

TEST(Quantize, PassesTheGradientStraightThroughInsideTheCodes) {
  const auto f = [](const Inputs& x) { return fake_quantize(x[0], {.scale = 0.5}); };
  const Numbers g = numbers(gradients_of(first_tape(), f, {floats({0.3, 63.5, 64, -64, -64.3, -kInf})})[0]);
  EXPECT_EQ(g, (Numbers{1 / 6.0, 2 / 6.0, 0, 4 / 6.0, 0, 0}));
}

TEST(Quantize, TellsWhatIsWrong) {
  const Array x = floats({1, 2});
  EXPECT_THROW(quantize_affine(x, {.scale = 0}), ValueError);
  EXPECT_THROW(quantize_affine(x, {.low = -200}), ValueError);
  EXPECT_THROW(quantize_affine(x, {.low = 5, .high = 1}), ValueError);
  EXPECT_THROW(fake_quantize(x, {.zero_point = 128}), ValueError);
  EXPECT_THROW(fake_quantize(ints({1}), {}), DTypeError);
  EXPECT_THROW(fake_quantize(Array(), {}), ValueError);
  EXPECT_THROW(dequantize_affine(x, {}), DTypeError);
  EXPECT_THROW(dequantize_affine(ints({1}), {}, DType::I8), DTypeError);
  EXPECT_THROW(dequantize_affine(ints({1}), {.scale = -1}), ValueError);
}

TEST(Dropout, TellsWhatIsWrong) {
  const Array x = floats({1, 2});
  EXPECT_EQ(message_of<ValueError>([&] { dropout(x, {.probability = 1.5}); }),
            "dropout: the probability is 1.5; must be in [0, 1]");
  EXPECT_THROW(dropout(ints({1}), {}), DTypeError);
  EXPECT_THROW(dropout(Array(), {}), ValueError);
  EXPECT_THROW(feature_dropout(x, {}), ShapeError);
  EXPECT_THROW(alpha_dropout(x, {.probability = kNan}), ValueError);
  EXPECT_EQ(dropout(floats({}, Shape{0, 3}), {}).shape(), (Shape{0, 3}));
}

}  // namespace
}  // namespace fornax::test
