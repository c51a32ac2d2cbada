// That the comparison with differences can fail.

#include <support/derivatives.hpp>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <fornax/array/interpreter.hpp>

namespace fornax::test {
namespace {

const std::vector<TensorData> kPoint{TensorData({0.7})};

TEST(Derivatives, OfRightFunctionsPass) {
  expect_derivatives([](const Inputs& x) { return x[0] * x[0]; }, kPoint);
  expect_derivatives([](const Inputs& x) { return Inputs{x[0] * x[0], exp(x[0])}; }, kPoint);
  const std::vector<TensorData> with_integers{TensorData({0.7, 0.3}), TensorData({std::int64_t{2}})};
  expect_derivatives([](const Inputs& x) { return x[0] * cast(x[1], DType::F64); }, with_integers);
}

TEST(Derivatives, ThatAreWrongInFirstOrderAreSeen) {
  const auto half = [](const Inputs& x) { return x[0] * detach(x[0]); };
  EXPECT_NONFATAL_FAILURE(expect_gradients(half, kPoint), "gradient 0");
  const auto second_result = [&](const Inputs& x) { return Inputs{exp(x[0]), half(x)}; };
  EXPECT_NONFATAL_FAILURE(expect_gradients(second_result, kPoint), "gradient 0");
}

TEST(Derivatives, ThatAreWrongInSecondOrderAreSeen) {
  // x² with the slope 2 x, which stands still.
  const auto flat = [](const Inputs& x) {
    const Array still = detach(x[0]);
    return 2.0 * x[0] * still - still * still;
  };
  expect_gradients(flat, kPoint);
  EXPECT_NONFATAL_FAILURE(expect_derivatives(flat, kPoint), "second gradient 0");
}

TEST(Gradients, AreWeighted) {
  const auto square = [](const Array& x) { return x * x; };
  EXPECT_EQ(gradient(square, floats({1, 2, 3}), {1, 10, 100}), (Numbers{2, 40, 600}));
  const auto g = gradients([](const Inputs& x) { return x[0] * x[1]; }, {floats({1, 2}), floats({3, 4})});
  EXPECT_EQ(g[0], (Numbers{3, 4}));
  EXPECT_EQ(g[1], (Numbers{1, 2}));
}

}  // namespace
}  // namespace fornax::test
