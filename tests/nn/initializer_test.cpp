// Initializers: the moments and bounds that their formulas give, and the same numbers from the same seed.

#include <cmath>

#include <nn/networks.hpp>

namespace fornax::test {
namespace {

using nn::Initializer;

// 200 x 300 values for a layer with fans 300 and 200.
Numbers draws(const Initializer& initializer, DType dtype = DType::F64, std::uint64_t seed = 1) {
  Generator generator(seed);
  return numbers(initializer.init(Shape{200, 300}, 300, 200, {Device(), dtype, &generator}, Cpu::interpreter()));
}

struct Moments {
  double mean = 0, deviation = 0, low = 0, high = 0;
};
Moments moments(const Numbers& values) {
  Moments m{0, 0, values[0], values[0]};
  for (const double v : values) {
    m.mean += v;
    m.deviation += v * v;
    m.low = std::min(m.low, v);
    m.high = std::max(m.high, v);
  }
  const auto n = static_cast<double>(values.size());
  m.mean /= n;
  m.deviation = std::sqrt(m.deviation / n - m.mean * m.mean);
  return m;
}

// 60000 draws: means within 5 deviations / 245, deviations within 2 %, uniform ends within 0.1 % of the width.
void expect_uniform(const Initializer& initializer, double bound) {
  const Moments m = moments(draws(initializer));
  EXPECT_NEAR(m.mean, 0, 0.012 * bound);
  EXPECT_GE(m.low, -bound);
  EXPECT_LE(m.high, bound);
  EXPECT_NEAR(m.low, -bound, 0.002 * bound);
  EXPECT_NEAR(m.high, bound, 0.002 * bound);
}
void expect_normal(const Initializer& initializer, double mean, double deviation) {
  const Moments m = moments(draws(initializer));
  EXPECT_NEAR(m.mean, mean, 0.021 * deviation);
  EXPECT_NEAR(m.deviation, deviation, 0.02 * deviation);
  EXPECT_GT(m.high, mean + 3.5 * deviation);
}

TEST(Initializer, HasTheBoundsAndDeviationsOfItsFormula) {
  expect_uniform(Initializer::uniform(-2, 2), 2);
  expect_uniform(Initializer::kaiming_uniform(nn::kDefaultGain), 1 / std::sqrt(300.0));
  expect_uniform(Initializer::kaiming_uniform(), std::sqrt(2.0) * std::sqrt(3 / 300.0));
  expect_uniform(Initializer::kaiming_uniform(1, true), std::sqrt(3 / 200.0));
  expect_uniform(Initializer::xavier_uniform(2), 2 * std::sqrt(6 / 500.0));
  expect_normal(Initializer::normal(3, 0.5), 3, 0.5);
  expect_normal(Initializer::kaiming_normal(), 0, std::sqrt(2 / 300.0));
  expect_normal(Initializer::kaiming_normal(1, true), 0, std::sqrt(1 / 200.0));
  expect_normal(Initializer::xavier_normal(), 0, std::sqrt(2 / 500.0));
}

TEST(Initializer, MakesConstants) {
  EXPECT_EQ(moments(draws(Initializer::zeros())).high, 0);
  EXPECT_EQ(moments(draws(Initializer::ones())).low, 1);
  EXPECT_EQ(moments(draws(Initializer::constant(0.25))).mean, 0.25);
}

TEST(Initializer, TruncatesTheNormalDistribution) {
  const Moments m = moments(draws(Initializer::truncated_normal(1, 2, -1, 3)));
  EXPECT_GE(m.low, -1);
  EXPECT_LE(m.high, 3);
  EXPECT_NEAR(m.low, -1, 0.01);
  EXPECT_NEAR(m.mean, 1, 0.025);
  // Variance of a standard normal variable within [-1, 1]: 1 - 2 φ(1) / (2 Φ(1) - 1) = 0.29112; times 4.
  EXPECT_NEAR(m.deviation, std::sqrt(4 * 0.2911250947), 0.02);
}

TEST(Initializer, MakesOrthogonalMatrices) {
  Generator generator(1);
  const nn::InitOptions on(Device(), DType::F64, &generator);
  const auto check = [&](const Shape& shape, bool rows) {
    const Array a = Initializer::orthogonal(3).init(shape, 1, 1, on, Cpu::interpreter());
    const Array m = reshape(a, Shape{shape[0], shape.numel() / shape[0]});
    const Array product = rows ? matmul(m, swap_dims(m, 0, 1)) : matmul(swap_dims(m, 0, 1), m);
    const std::int64_t n = product.shape()[0];
    Numbers expected(static_cast<std::size_t>(n * n));
    for (std::size_t i = 0; i < expected.size(); i += static_cast<std::size_t>(n) + 1) expected[i] = 9;
    expect_near(numbers(product), expected, 1e-12, shape.str(), 1e-12);
  };
  check(Shape{3, 5}, true);
  check(Shape{5, 3}, false);
  check(Shape{4, 4}, true);
  check(Shape{4, 2, 3}, true);
  EXPECT_THROW(Initializer::orthogonal().init(Shape{3}, 3, 3, on, Cpu::interpreter()), ShapeError);
}

TEST(Initializer, GivesTheSameNumbersFromTheSameSeed) {
  for (const auto& initializer :
       {Initializer::normal(0, 1), Initializer::truncated_normal(0, 1), Initializer::orthogonal()}) {
    EXPECT_EQ(draws(initializer), draws(initializer));
    EXPECT_NE(draws(initializer), draws(initializer, DType::F64, 2));
  }
  const auto config = PerceptronConfig{};
  Generator a(7), b(7);
  const auto first = config.init<Taped>({Device(), DType::F32, &a}),
             second = config.init<Taped>({Device(), DType::F32, &b});
  EXPECT_EQ(numbers(first.fc2.weight.array()), numbers(second.fc2.weight.array()));
  EXPECT_NE(numbers(first.fc1.bias->array()),
            numbers(config.init<Taped>({Device(), DType::F32, &a}).fc1.bias->array()));
}

TEST(Initializer, MakesParametersOfEveryFloatDtype) {
  for (const DType dtype : {DType::F32, DType::F16, DType::BF16}) {
    const Moments m = moments(draws(Initializer::normal(0, 1), dtype));
    EXPECT_NEAR(m.deviation, 1, 0.02) << name(dtype);
  }
  EXPECT_THROW(draws(Initializer::zeros(), DType::I32), DTypeError);
}

TEST(Initializer, RefusesSettingsOutOfRange) {
  EXPECT_EQ(message_of<ValueError>([] { draws(Initializer::uniform(1, 0)); }),
            "Initializer: Uniform: Uniform from 1 to 0 is empty");
  EXPECT_THROW(draws(Initializer::normal(0, -1)), ValueError);
  EXPECT_THROW(draws(Initializer::truncated_normal(0, 0)), ValueError);
  EXPECT_THROW(draws(Initializer::truncated_normal(0, 1, 2, 2)), ValueError);
  EXPECT_THROW(draws(Initializer::constant(std::nan(""))), ValueError);
}

}  // namespace
}  // namespace fornax::test
