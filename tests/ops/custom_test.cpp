// A user's own operation: the page of the index that has no samples.

#include <cmath>
#include <span>

#include <gtest/gtest.h>

#include <fornax/ops/custom.hpp>
#include <support/gradients.hpp>

namespace fornax::test {
namespace {

// (a, b) -> (a b, sin a), with its derivative written in operations.
struct ProductAndSine final : CustomFunction {
  std::string_view name() const override { return "product_and_sine"; }
  Arrays forward(const Arrays& x) const override { return {x[0] * x[1], sin(x[0])}; }
  Arrays vjp(const Arrays& x, std::span<const Array> g, Wanted wanted) const override {
    Arrays grads;
    grads.resize(2);
    if (wanted[0]) {
      if (g[0].defined()) grads[0] = g[0] * x[1];
      if (g[1].defined()) grads[0] = grads[0].defined() ? grads[0] + g[1] * cos(x[0]) : g[1] * cos(x[0]);
    }
    if (wanted[1] && g[0].defined()) grads[1] = g[0] * x[0];
    return grads;
  }
};

// A rule that forgets an input's shape.
struct WrongShape final : CustomFunction {
  std::string_view name() const override { return "wrong_shape"; }
  Arrays forward(const Arrays& x) const override { return reduce_all(ReduceFn::Sum, x[0]); }
  Arrays vjp(const Arrays&, std::span<const Array> g, Wanted) const override { return g[0]; }
};

Op product_and_sine() { return op::Custom{Ref<CustomFunction>(new ProductAndSine)}; }
Interpreter& first_order() { return Autodiff<Cpu>::interpreter(); }
Interpreter& second_order() { return Autodiff<Autodiff<Cpu>>::interpreter(); }

const TensorData kA({0.5, -1.0, 2.0}), kB({3.0, 0.25, -1.5});

TEST(Custom, RunsOnThePlainBackend) {
  const Array a = upload(kA), b = upload(kB);
  const Arrays y = run_all(product_and_sine(), lend({a, b}));
  ASSERT_EQ(y.size(), 2u);
  EXPECT_EQ(y[0].to_data(), TensorData({1.5, -0.25, -3.0}));
  EXPECT_EQ(y[1].to_data(), TensorData({std::sin(0.5), std::sin(-1.0), std::sin(2.0)}));
  EXPECT_EQ(name(product_and_sine()), "product_and_sine");
}

TEST(Custom, UsesItsOwnDerivativeForTheOutputsThatACotangentReached) {
  const Array a = autodiff::require_grad(first_order(), upload(kA));
  const Array b = autodiff::require_grad(first_order(), upload(kB));
  const Arrays y = run_all(product_and_sine(), lend({a, b}));
  ASSERT_TRUE(autodiff::is_tracked(first_order(), y[0]) && autodiff::is_tracked(first_order(), y[1]));

  // Only the second output: da = cos a, and b is not reached.
  const autodiff::GradientStore sine = autodiff::backward(first_order(), y[1], Array());
  EXPECT_TRUE(sine.find(a).to_data().approx_eq(TensorData({std::cos(0.5), std::cos(-1.0), std::cos(2.0)}), 1e-15));
  EXPECT_FALSE(sine.find(b).defined());

  // Both, joined: da = b + cos a, db = a.
  const autodiff::GradientStore both = autodiff::backward(first_order(), y[0] + y[1], Array());
  EXPECT_TRUE(both.find(a).to_data().approx_eq(
      TensorData({3.0 + std::cos(0.5), 0.25 + std::cos(-1.0), -1.5 + std::cos(2.0)}), 1e-15));
  EXPECT_EQ(both.find(b).to_data(), kA);
}

TEST(Custom, GivesSecondDerivativesIfItsRuleIsWrittenInOperations) {
  const Array a1 = autodiff::require_grad(first_order(), upload(kA));
  const Array a2 = autodiff::require_grad(second_order(), a1);
  const Arrays y = run_all(product_and_sine(), lend({a2, upload(kB)}));
  const Array da = autodiff::backward(second_order(), y[1], Array()).find(a2);
  const Array dda = autodiff::backward(first_order(), da, Array()).find(a1);
  EXPECT_TRUE(dda.to_data().approx_eq(TensorData({-std::sin(0.5), -std::sin(-1.0), -std::sin(2.0)}), 1e-15));
}

TEST(Custom, IsNamedWhenItsRuleReturnsAGradientOfAnotherShape) {
  const Array a = autodiff::require_grad(first_order(), upload(kA));
  const Array y = run(Op(op::Custom{Ref<CustomFunction>(new WrongShape)}), lend({a}));
  try {
    static_cast<void>(autodiff::backward(first_order(), y, Array()));
    FAIL() << "accepted";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "wrong_shape: the gradient of input 0 has shape [1], the input has [3]");
  }
}

}  // namespace
}  // namespace fornax::test
