// Reverse mode through the typed surface: what a user sees of gradients.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using AD = Autodiff<Cpu>;
using Vector = Tensor<AD, 1>;
using Matrix = Tensor<AD, 2>;
using Plain = Tensor<Cpu, 1>;

Vector leaf(std::initializer_list<double> values) { return Vector::from_data(values).require_grad(); }
TensorData f32(std::initializer_list<float> values) { return TensorData(values); }

// --- The examples that everything starts from -------------------------------------------------------------------------

TEST(Autodiff, ProductPlusConstantGives52WithGradients5And10) {
  const Device device;
  const auto a = Tensor<AD, 1>::from_data({10.0}, device).require_grad();
  const auto b = Tensor<AD, 1>::from_data({5.0}, device).require_grad();
  const auto c = Tensor<AD, 1>::from_data({2.0}, device);
  const auto y = (a * b) + c;
  const auto gradients = y.backward();
  EXPECT_EQ(y.to_data(), f32({52.0F}));
  EXPECT_EQ(a.grad(gradients)->to_data(), f32({5.0F}));   // dy/da = b
  EXPECT_EQ(b.grad(gradients)->to_data(), f32({10.0F}));  // dy/db = a
  EXPECT_FALSE(c.grad(gradients).has_value()) << "c did not ask for a gradient";
  EXPECT_EQ(gradients.size(), 2u);
}

// With e = 2w + b - 10 each step makes it 0.9 e: dw = 4e, db = 2e, at 0.01. From e = -3, after n steps
// w = 3 + 1.2 (1 - 0.9^n) and b = 1 + 0.6 (1 - 0.9^n).
TEST(Autodiff, ALinearNeuronLearnsWeight4Point2AndBias1Point6) {
  const Device device;
  const auto x = Tensor<AD, 1>::from_data({2.0}, device);
  auto w = Tensor<AD, 1>::from_data({3.0}, device).require_grad();
  auto b = Tensor<AD, 1>::from_data({1.0}, device).require_grad();
  const auto target = Tensor<AD, 1>::from_data({10.0}, device);
  for (int step = 0; step < 100; ++step) {
    const auto y = (x * w) + b;
    const auto loss = (y - target).powf_scalar(2.0).mean();
    const auto gradients = loss.backward();
    const auto grad_w = Tensor<AD, 1>::from_data(w.grad(gradients)->into_data(), device);
    const auto grad_b = Tensor<AD, 1>::from_data(b.grad(gradients)->into_data(), device);
    w = w.sub(grad_w * 0.01F).detach().require_grad();
    b = b.sub(grad_b * 0.01F).detach().require_grad();
  }
  const double progress = 1 - std::pow(0.9, 100);
  EXPECT_NEAR(w.into_scalar(), 3 + 1.2 * progress, 2e-5);  // a hundred roundings of 4 in f32
  EXPECT_NEAR(b.into_scalar(), 1 + 0.6 * progress, 2e-5);
  const double loss = ((x * w) + b - target).powf_scalar(2.0).mean().into_scalar();
  EXPECT_LT(loss, 1e-7);  // 6e-9, and what the rounding of 10 leaves
}

// --- backward ---------------------------------------------------------------------------------------------------------

TEST(Backward, OnANamedTensorRunsAgainWithTheSameBits) {
  const auto x = leaf({0.3, -1.7, 2.9});
  const auto loss = (x.exp() * x.sin()).sum();
  const auto first = loss.backward();
  const auto second = loss.backward();
  EXPECT_EQ(x.grad(first)->to_data(), x.grad(second)->to_data());
}

TEST(Backward, OfATensorWithManyElementsStartsFromOnes) {
  const auto x = leaf({1.0, 2.0, 3.0});
  const auto gradients = (x * x).backward();
  EXPECT_EQ(x.grad(gradients)->to_data(), f32({2.0F, 4.0F, 6.0F}));
}

TEST(Backward, TakesACotangent) {
  const auto x = leaf({1.0, 2.0, 3.0});
  const auto y = x * x;
  const auto gradients = y.backward(Plain::from_data({1.0, 0.0, -10.0}));
  EXPECT_EQ(x.grad(gradients)->to_data(), f32({2.0F, 0.0F, -60.0F}));
  auto moved = x * x;
  const auto released = std::move(moved).backward(Plain::from_data({1.0, 0.0, -10.0}));
  EXPECT_EQ(x.grad(released)->to_data(), f32({2.0F, 0.0F, -60.0F}));
}

TEST(Backward, RefusesACotangentThatDoesNotFit) {
  const auto y = leaf({1.0, 2.0, 3.0}) * 2.0;
  EXPECT_EQ(message_of<ShapeError>([&] {
              y.backward(Plain::from_data({1.0, 2.0}));
            }),
            "backward: cotangent has shape [2], the tensor has [3]");
  EXPECT_EQ(message_of<DTypeError>([&] { y.backward(Plain::ones({3}, {}, DType::F64)); }).substr(0, 10), "backward: ");
  EXPECT_THROW(y.backward(Plain()), ValueError);
}

TEST(Backward, OnAnUntrackedTensorSaysWhatIsMissing) {
  const auto x = Vector::from_data({1.0});
  EXPECT_EQ(message_of<ValueError>([&] { (x * 2.0).backward(); }),
            "backward: the tensor is not tracked: nothing that it was computed from had require_grad()");
  EXPECT_EQ(message_of<ValueError>([&] { Vector().backward(); }),
            "backward: the tensor is empty: it was moved from, or never given a value");
}

TEST(Backward, OnALeafGivesOnes) {
  const auto x = leaf({4.0, 5.0});
  EXPECT_EQ(x.grad(x.backward())->to_data(), f32({1.0F, 1.0F}));
}

TEST(Backward, HonoursEveryFloatDtype) {
  for (const DType t : {DType::F64, DType::F32, DType::F16, DType::BF16}) {
    const auto x = Vector::from_data({1.5, -2.0}, {}, t).require_grad();
    const auto g = x.grad((x * x).sum().backward());
    EXPECT_EQ(g->dtype(), t);
    EXPECT_EQ(g->to_data().convert(DType::F32), f32({3.0F, -4.0F}));
  }
}

// --- Gradients --------------------------------------------------------------------------------------------------------

TEST(Gradients, HoldNothingForALeafThatWasNotReached) {
  const auto x = leaf({1.0}), other = leaf({2.0});
  const auto gradients = (x * 3.0).backward();
  EXPECT_FALSE(other.grad(gradients).has_value());
  EXPECT_FALSE((x * 3.0).grad(gradients).has_value()) << "an intermediate tensor that was not retained";
}

TEST(Gradients, AreTakenOutByGradRemove) {
  const auto x = leaf({1.0}), z = leaf({2.0});
  auto gradients = (x * z).backward();
  EXPECT_EQ(x.grad_remove(gradients)->to_data(), f32({2.0F}));
  EXPECT_FALSE(x.grad(gradients).has_value());
  EXPECT_FALSE(x.grad_remove(gradients).has_value());
  EXPECT_EQ(z.grad(gradients)->to_data(), f32({1.0F}));
  EXPECT_EQ(gradients.size(), 1u);
}

TEST(Gradients, ArePutInByGradReplace) {
  const auto x = leaf({1.0, 2.0}), unreached = leaf({5.0});
  auto gradients = x.sum().backward();
  x.grad_replace(gradients, Plain::from_data({7.0, 8.0}));
  EXPECT_EQ(x.grad(gradients)->to_data(), f32({7.0F, 8.0F}));
  unreached.grad_replace(gradients, Plain::from_data({9.0}));
  EXPECT_EQ(unreached.grad(gradients)->to_data(), f32({9.0F}));
  EXPECT_EQ(message_of<ShapeError>([&] { x.grad_replace(gradients, Plain::from_data({1.0})); }),
            "grad_replace: the gradient has shape [1], the tensor has [2]");
  EXPECT_THROW(x.grad_replace(gradients, Plain::ones({2}, {}, DType::F64)), DTypeError);
  EXPECT_THROW(Vector::from_data({1.0}).grad_replace(gradients, Plain::from_data({1.0})), ValueError);
  Gradients<AD> fresh;
  x.grad_replace(fresh, Plain::from_data({1.0, 1.0}));
  EXPECT_EQ(fresh.size(), 1u);
}

TEST(Gradients, OfManyLeavesAreFoundRemovedAndReplaced) {
  std::vector<Vector> leaves;
  auto sum = Vector::from_data({0.0});
  for (int i = 0; i < 100; ++i) {
    leaves.push_back(leaf({1.0}));
    sum = sum + leaves.back() * static_cast<double>(i);
  }
  auto gradients = sum.backward();
  for (int i = 0; i < 100; i += 2) leaves[static_cast<std::size_t>(i)].grad_remove(gradients);
  for (int i = 0; i < 100; i += 4)
    leaves[static_cast<std::size_t>(i)].grad_replace(gradients, Plain::from_data({-1.0}));
  for (int i = 0; i < 100; ++i) {
    const auto g = leaves[static_cast<std::size_t>(i)].grad(gradients);
    ASSERT_EQ(g.has_value(), i % 4 == 0 || i % 2 == 1) << i;
    if (!g) continue;
    EXPECT_EQ(g->into_scalar(), i % 4 == 0 ? -1 : i);
  }
  EXPECT_EQ(gradients.size(), 75u);
}

TEST(Gradients, OutliveTheTape) {
  const auto x = leaf({2.0});
  Gradients<AD> kept;
  {
    auto loss = x.powf_scalar(3.0);
    kept = std::move(loss).backward();
  }
  EXPECT_EQ(x.grad(kept)->to_data(), f32({12.0F}));
  EXPECT_TRUE(Vector(x).grad(kept).has_value()) << "a copy of the leaf is the same leaf";
}

TEST(RetainGrad, KeepsTheGradientOfAnIntermediateTensor) {
  const auto x = leaf({3.0});
  const auto h = x * 2.0;
  h.retain_grad();
  const auto loss = h * h;
  const auto gradients = loss.backward();
  EXPECT_EQ(h.grad(gradients)->to_data(), f32({12.0F}));
  EXPECT_EQ(x.grad(gradients)->to_data(), f32({24.0F}));
  auto again = h * h;
  const auto released = std::move(again).backward();
  EXPECT_EQ(h.grad(released)->to_data(), f32({12.0F})) << "also when the tape goes away";
  EXPECT_THROW(Vector::from_data({1.0}).retain_grad(), ValueError);
}

// --- Leaves and constants ---------------------------------------------------------------------------------------------

TEST(RequireGrad, MakesALeafOnce) {
  const auto x = Vector::from_data({1.0});
  EXPECT_FALSE(x.is_require_grad());
  EXPECT_FALSE(x.is_tracked());
  const auto tracked = x.require_grad();
  EXPECT_TRUE(tracked.is_require_grad());
  EXPECT_FALSE(x.is_require_grad()) << "the tensor that was asked stays a constant";
  const auto again = tracked.require_grad();
  EXPECT_EQ(again.array().body(), tracked.array().body()) << "a leaf stays itself";
  EXPECT_TRUE(x.set_require_grad(true).is_require_grad());
  EXPECT_FALSE(tracked.set_require_grad(false).is_tracked());
}

TEST(RequireGrad, OnAResultNamesTheTwoWaysOut) {
  const auto y = leaf({1.0}) * 2.0;
  EXPECT_TRUE(y.is_tracked());
  EXPECT_FALSE(y.is_require_grad());
  EXPECT_EQ(message_of<ValueError>([&] { y.require_grad(); }),
            "require_grad: the tensor is the result of recorded operations; retain_grad() keeps its gradient, "
            "detach().require_grad() makes a new leaf of its values");
}

TEST(RequireGrad, IsFalseOnAPlainBackend) {
  const auto x = Plain::from_data({1.0, 2.0});
  EXPECT_FALSE(x.is_require_grad());
  EXPECT_FALSE(x.is_tracked());
}

TEST(Detach, CutsTheHistoryAndSharesTheValues) {
  const auto x = leaf({2.0});
  const auto y = x * x;
  const auto constant = y.detach();
  EXPECT_FALSE(constant.is_tracked());
  EXPECT_EQ(constant.to_data(), y.to_data());
  const auto gradients = (constant * x).backward();
  EXPECT_EQ(x.grad(gradients)->to_data(), f32({4.0F})) << "y counts as the number 4";
}

TEST(Inner, GoesToTheWrappedBackendAndFromInnerBack) {
  const auto x = leaf({2.0});
  const Plain value = (x * 5.0).inner();
  EXPECT_EQ(value.to_data(), f32({10.0F}));
  const Vector lifted = Vector::from_inner(value);
  EXPECT_FALSE(lifted.is_tracked());
  EXPECT_EQ(x.grad((lifted * x).backward())->to_data(), f32({10.0F}));
}

TEST(NoGrad, RecordsNothingOnThisThreadAndNests) {
  const auto x = leaf({2.0});
  const auto y = no_grad([&] {
    const auto inside = no_grad([&] { return x * x; });
    return inside + x;
  });
  EXPECT_FALSE(y.is_tracked());
  EXPECT_EQ(y.to_data(), f32({6.0F}));
  EXPECT_TRUE((x * x).is_tracked()) << "recording resumes";
  EXPECT_THROW(no_grad([&]() -> Vector { throw std::runtime_error("from inside"); }), std::runtime_error);
  EXPECT_TRUE((x * x).is_tracked()) << "and after an exception too";
  bool recorded = false;
  no_grad([&] { std::thread([&] { recorded = (x * x).is_tracked(); }).join(); });
  EXPECT_TRUE(recorded) << "other threads are not concerned";
}

TEST(Tracking, EndsAtOperationsWithoutADerivative) {
  const auto x = leaf({1.5, -0.5});
  EXPECT_FALSE(x.argmax(0).to_float().is_tracked());
  const auto y = x.mask_fill(x.lower(0.0), 0.0) + Vector::zeros({2});
  EXPECT_EQ(x.grad(y.backward())->to_data(), f32({1.0F, 0.0F}));
}

TEST(Tracking, LeavesAFailedOperationWithoutATrace) {
  const auto x = leaf({1.0, 2.0});
  auto h = x * 2.0;
  EXPECT_THROW(std::move(h) + Vector::ones({3}), ShapeError);
  ASSERT_TRUE(h.array().defined()) << "a refused call does not take its operands";
  EXPECT_EQ(x.grad(h.backward())->to_data(), f32({2.0F, 2.0F}));
}

}  // namespace
}  // namespace fornax::test
