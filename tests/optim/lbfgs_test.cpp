// L-BFGS. Whole runs of a network are conformance cases.

#include "net.hpp"

namespace fornax::test {
namespace {

using namespace optim;

Tensor<B, 1> start() { return Tensor<B, 1>::from_data({-1.2, 1.0}, {}, DType::F64).require_grad(); }

// Rosenbrock's valley, whose bottom is at (1, 1).
Tensor<B, 1> valley(const Tensor<B, 1>& x) {
  const auto a = x.narrow(0, 0, 1), b = x.narrow(0, 1, 1);
  return (1.0 - a).square() + (b - a.square()).square() * 100.0;
}

// The losses, points and numbers of evaluations are torch 1.13's.
TEST(Lbfgs, FollowsTheValley) {
  auto x = start();
  Lbfgs optimizer({.max_iter = 4, .history_size = 5, .line_search = LineSearch::StrongWolfe});
  const double losses[] = {24.199999999999996, 4.121126775765638, 3.9090775521758974, 2.2125097971233383,
                           1.275845150015065};
  const double points[][2] = {{-1.0288795348319695, 1.0655029516848564},
                              {-0.9431080937368096, 0.8529277497465135},
                              {-0.4583935420156142, 0.18086749087949938},
                              {-0.06257392337153767, -0.0343966180448525},
                              {0.4153542166241146, 0.1606325520899432}};
  const int evaluations[] = {5, 5, 6, 6, 7};
  for (std::size_t t = 0; t < 5; ++t) {
    const LbfgsReport report = optimizer.step(x, [&] { return valley(x); });
    EXPECT_NEAR(report.loss, losses[t], 1e-9);
    EXPECT_EQ(report.evaluations, evaluations[t]);
    EXPECT_NEAR(x.to_data()[0], points[t][0], 1e-9);
    EXPECT_NEAR(x.to_data()[1], points[t][1], 1e-9);
  }
}

TEST(Lbfgs, FindsTheBottom) {
  auto x = start();
  Lbfgs optimizer({.max_iter = 100, .line_search = LineSearch::StrongWolfe});
  const LbfgsReport report = optimizer.step(x, [](const Tensor<B, 1>& at) { return valley(at); });
  EXPECT_EQ(report.iterations, 35);
  EXPECT_EQ(report.evaluations, 43);
  EXPECT_NEAR(x.to_data()[0], 1, 1e-4);
  EXPECT_TRUE(x.is_require_grad());
}

TEST(Lbfgs, GoesOnWithTheSameBits) {
  for (const LineSearch line_search : {LineSearch::None, LineSearch::StrongWolfe}) {
    const LbfgsConfig config{.lr = 0.01, .max_iter = 3, .history_size = 2, .line_search = line_search};
    auto straight = start(), resumed = start();
    Lbfgs one(config), first(config), second(config);
    for (int i = 0; i < 6; ++i) one.step(straight, valley);
    for (int i = 0; i < 3; ++i) first.step(resumed, valley);
    second.load_state(first.state());
    for (int i = 0; i < 3; ++i) second.step(resumed, valley);
    EXPECT_EQ(straight.to_data(), resumed.to_data());
    EXPECT_EQ(one.state().numbers, second.state().numbers);
  }
}

TEST(Lbfgs, StepsWholeModels) {
  auto layer = make_layer(DType::F32);
  const auto x = Tensor<B, 2>::random({16, 2}), y = x.matmul(Tensor<B, 2>::random({2, 3}));
  Lbfgs optimizer({.max_iter = 30, .line_search = LineSearch::StrongWolfe});
  const auto loss = [&] { return (x.matmul(layer.weight) + layer.bias.unsqueeze_dim(0) - y).square().mean(); };
  optimizer.step(layer, loss);
  EXPECT_LT(loss().into_scalar(), 1e-6);
}

TEST(Lbfgs, LeavesAloneWhatRequiresNoGradient) {
  auto model = std::pair(start(), Tensor<B, 1>::from_data({3.0}, {}, DType::F64));
  Lbfgs optimizer({.max_iter = 5});
  optimizer.step(model, [&] { return (model.first * model.second).square().sum(); });
  EXPECT_EQ(model.second.into_scalar(), 3);
  EXPECT_FALSE(model.second.is_require_grad());
}

TEST(Lbfgs, RefusesWhatDoesNotFit) {
  auto x = start();
  Lbfgs optimizer;
  optimizer.step(x, valley);
  auto longer = Tensor<B, 1>::from_data({1.0, 2.0, 3.0}, {}, DType::F64).require_grad();
  EXPECT_EQ(message_of<ShapeError>([&] { optimizer.step(longer, [&] { return longer.sum(); }); }),
            "Lbfgs: the state is of 2 weights, the model has 3");
  auto mixed = std::pair(start(), Tensor<B, 1>::ones({1}).require_grad());
  EXPECT_THROW(Lbfgs().step(mixed, [&] { return mixed.first.sum(); }), DTypeError);
  auto constant = Tensor<B, 1>::ones({1});
  EXPECT_THROW(Lbfgs().step(constant, [&] { return constant; }), ValueError);
}

}  // namespace
}  // namespace fornax::test
