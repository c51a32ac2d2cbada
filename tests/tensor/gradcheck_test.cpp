// gradcheck passes what is right, and catches what is wrong.

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <fornax/ops/op.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using Outcome = GradcheckResult::Outcome;

Tensor<Cpu, 2> random_f64(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  Generator generator(seed);
  return Tensor<Cpu, 2>::random({rows, columns}, Distribution::uniform(0.2, 1.5), generator, {}, DType::F64);
}

// x^3 with a rule that says `factor` x^2; element `position` of its gradient is multiplied by `spoil`.
struct Cube final : CustomFunction {
  Cube(double f, std::int64_t p, double s) : factor(f), position(p), spoil(s) {}
  std::string_view name() const override { return "cube"; }
  Arrays forward(const Arrays& x) const override { return Arrays(x[0] * x[0] * x[0]); }
  Arrays vjp(const Arrays& x, std::span<const Array> g, Wanted) const override {
    Array down = g[0] * x[0] * x[0] * factor;
    if (position >= 0) {
      TensorData at(x[0].shape(), DType::F64);
      for (std::int64_t i = 0; i < at.numel(); ++i)
        at.values<double>()[static_cast<std::size_t>(i)] = i == position ? spoil : 1;
      down = down * backend_of(*x[0].interpreter()).upload(DType::F64, at.shape(), at.bytes(), {});
    }
    return Arrays(down);
  }
  double factor;
  std::int64_t position;
  double spoil;
};

auto cube(double factor, std::int64_t position = -1, double spoil = 1) {
  return [=]<class B>(const Tensor<B, 2>& x) {
    return Tensor<B, 2>(run(op::Custom{Ref<CustomFunction>(new Cube(factor, position, spoil))}, {x.array()}));
  };
}

TEST(Gradcheck, PassesWhatIsRight) {
  const auto x = random_f64(2, 3, 1), w = random_f64(3, 2, 2);
  const auto one = gradcheck([](const auto& a) { return a.log() * a.sqrt(); }, x);
  EXPECT_TRUE(one) << one.message;
  EXPECT_EQ(one.compared, 36);
  EXPECT_LT(one.worst.error, 1e-3) << one.message;
  const auto two =
      gradcheck([](const auto& a, const auto& b) { return a.matmul(b).tanh().softmax(1); }, std::tuple{x, w});
  EXPECT_TRUE(two) << two.message;
  EXPECT_EQ(two.compared, 2 * 6 * 4);
  EXPECT_NO_THROW(two.assert_passed());
  EXPECT_TRUE(gradcheck(cube(3), x));
}

TEST(Gradcheck, PassesSecondDerivatives) {
  const auto x = random_f64(2, 2, 3), w = random_f64(2, 2, 4);
  const auto r =
      gradgradcheck([](const auto& a, const auto& b) { return (a.matmul(b).tanh() * a).exp(); }, std::tuple{x, w});
  EXPECT_TRUE(r) << r.message;
  EXPECT_EQ(r.compared, 8 * 12);  // gradients of x and w by x, w and v
  EXPECT_TRUE(gradgradcheck(cube(3), x));
}

TEST(Gradcheck, SeveralResultsAndInputsThatAreNotFloat) {
  const auto x = random_f64(3, 4, 5);
  const auto index = Tensor<Cpu, 2, Int>::from_data({{1}, {0}, {3}});
  const auto f = [](const auto& a, const auto& i) { return std::tuple{a.gather(1, i), a.exp(), a.argmax(1)}; };
  const auto r = gradcheck(f, std::tuple{x, index});
  EXPECT_TRUE(r) << r.message;
  EXPECT_EQ(r.compared, 12 * 3 + 12 * 12);
  EXPECT_TRUE(gradgradcheck(f, std::tuple{x, index}));
}

TEST(Gradcheck, AResultThatDependsOnNothingHasZeroGradients) {
  const auto x = random_f64(1, 2, 6);
  const auto constant = []<class B>(const Tensor<B, 2>& a) { return a.detach().exp() * 0.0 + 1.0; };
  EXPECT_TRUE(gradcheck(constant, x));
  EXPECT_TRUE(gradgradcheck(constant, x));
}

TEST(Gradcheck, CatchesAWrongRule) {
  const auto x = random_f64(2, 3, 7);
  const auto r = gradcheck(cube(2), x);
  EXPECT_FALSE(r);
  EXPECT_EQ(r.outcome, Outcome::WrongGradient);
  EXPECT_NEAR(r.worst.reverse / r.worst.difference, 2.0 / 3, 1e-6);
  EXPECT_EQ(r.worst.input_element, r.worst.output_element);
  EXPECT_EQ(
      message_of<ValueError>([&] { r.assert_passed(); }).rfind("gradcheck: a gradient is wrong; worst: element", 0),
      0u);
}

TEST(Gradcheck, NamesTheOneElementThatIsWrong) {
  const auto x = random_f64(2, 3, 8), w = random_f64(2, 3, 9);
  const auto spoiled = cube(3, 4, 1.01);
  const auto r = gradcheck([&](const auto& a, const auto& b) { return a + spoiled(b); }, std::tuple{w, x});
  EXPECT_FALSE(r);
  EXPECT_EQ(r.worst.input, 1u);
  EXPECT_EQ(r.worst.input_element, 4);
  EXPECT_EQ(r.worst.output, 0u);
  EXPECT_EQ(r.worst.output_element, 4);
  const double at = x.to_data()[4];
  EXPECT_NEAR(r.worst.reverse, 1.01 * 3 * at * at, 1e-9);
  EXPECT_NEAR(r.worst.difference, 3 * at * at, 1e-6);
  EXPECT_NE(r.message.find("element 4 of result 0 by element 4 of input 1 [2, 3]"), std::string::npos) << r.message;
}

// A rule whose gradient is right and whose own derivative is cut off.
struct DetachedSquare final : CustomFunction {
  std::string_view name() const override { return "detached_square"; }
  Arrays forward(const Arrays& x) const override { return Arrays(x[0] * x[0]); }
  Arrays vjp(const Arrays& x, std::span<const Array> g, Wanted) const override {
    return Arrays(g[0] * fornax::detach(x[0]) * 2.0);
  }
};

TEST(Gradcheck, SecondOrderCatchesARuleThatCannotBeDifferentiated) {
  const auto x = random_f64(1, 3, 10);
  const auto f = []<class B>(const Tensor<B, 2>& a) {
    return Tensor<B, 2>(run(op::Custom{Ref<CustomFunction>(new DetachedSquare)}, {a.array()}));
  };
  EXPECT_TRUE(gradcheck(f, x));
  const auto r = gradgradcheck(f, x);
  EXPECT_FALSE(r);
  EXPECT_EQ(r.worst.reverse, 0);
  EXPECT_EQ(r.worst.input, 0u);
}

TEST(Gradcheck, ToleranceAndStepAreTheUsers) {
  const auto x = random_f64(2, 2, 11);
  const auto slightly_wrong = cube(3.001);
  EXPECT_FALSE(gradcheck(slightly_wrong, x, {.absolute = 1e-8, .relative = 1e-5}));
  EXPECT_TRUE(gradcheck(slightly_wrong, x, {.relative = 1e-2}));
  EXPECT_THROW(static_cast<void>(gradcheck(slightly_wrong, x, {.step = 0})), ValueError);
}

TEST(Gradcheck, ANaNFailsWhereverItStands) {
  const auto zero = Tensor<Cpu, 2>::zeros({1, 1}, {}, DType::F64);
  EXPECT_FALSE(gradcheck([](const auto& a) { return a.sqrt(); }, zero));
}

TEST(Gradcheck, SeesThatAFunctionIsNotDeterministic) {
  const auto x = random_f64(1, 2, 12);
  int calls = 0;
  const auto drifts = [&](const auto& a) { return a * (1.0 + 1e-3 * ++calls); };
  const auto r = gradcheck(drifts, x);
  EXPECT_EQ(r.outcome, Outcome::NonDeterministic);
  EXPECT_NE(r.message.find("with the same inputs"), std::string::npos);
  EXPECT_NE(r.worst.reverse, r.worst.difference);

  // Values agree, gradients do not.
  int odd = 0;
  const auto r2 = gradcheck([&](const auto& a) { return ++odd % 2 ? a * 2.0 : a.detach() * 2.0; }, x);
  EXPECT_EQ(r2.outcome, Outcome::NonDeterministic);
  EXPECT_EQ(r2.message.rfind("the gradient of input 0", 0), 0u) << r2.message;
}

TEST(Gradcheck, RefusesWhatItCannotCheck) {
  const auto identity = [](const auto& a) { return a * 1.0; };
  EXPECT_EQ(message_of<DTypeError>([&] { static_cast<void>(gradcheck(identity, Tensor<Cpu, 1>::ones({2}))); }),
            "gradcheck: input 0 is f32; differences need f64: cast(DType::F64)");
  EXPECT_THROW(static_cast<void>(gradcheck([](const auto& a) { return a + 1; }, Tensor<Cpu, 1, Int>::ones({2}))),
               ValueError);
  EXPECT_THROW(static_cast<void>(gradcheck(identity, Tensor<Cpu, 1>())), ValueError);
  const auto narrow = [](const auto& a) { return a.cast(DType::F32); };
  EXPECT_THROW(static_cast<void>(gradcheck(narrow, random_f64(1, 1, 1))), DTypeError);
}

TEST(Gradcheck, EmptyTensorsPass) {
  const auto r = gradcheck([](const auto& a) { return a.exp(); }, Tensor<Cpu, 2>::zeros({0, 3}, {}, DType::F64));
  EXPECT_TRUE(r);
  EXPECT_EQ(r.compared, 0);
}

TEST(Gradcheck, RunsOverAWatchedBackend) {
  const auto x = Tensor<Check<Cpu>, 2>(random_f64(2, 2, 13).array());
  const check::Session session;
  EXPECT_TRUE(gradcheck([](const auto& a) { return a.exp(); }, x));
  EXPECT_GT(session.report().calls("exp"), 8u);
}

}  // namespace
}  // namespace fornax::test
