// Optimizers of modules, and their settings as configs.

#include <fornax/nn/nn.hpp>

#include "net.hpp"

namespace fornax::test {
namespace {

using namespace optim;

template <class T> struct Perceptron {
  nn::Linear<T> first, second;
  FORNAX_MODULE(Perceptron, first, second)
  Tensor<T, 2> forward(const Tensor<T, 2>& x) const { return second.forward(first.forward(x).tanh()); }
};

Perceptron<B> perceptron() {
  return {nn::LinearConfig{.d_input = 2, .d_output = 8}.init<B>(),
          nn::LinearConfig{.d_input = 8, .d_output = 1}.init<B>()};
}

TEST(Module, Learns) {
  manual_seed(5);
  Perceptron<B> model = perceptron();
  const auto x = Tensor<B, 2>::from_data({{0.0, 0.0}, {0.0, 1.0}, {1.0, 0.0}, {1.0, 1.0}});
  const auto y = Tensor<B, 2>::from_data({{0.0}, {1.0}, {1.0}, {0.0}});
  auto optimizer = Adam({.lr = 0.05});
  double last = 1;
  for (int i = 0; i < 300; ++i) {
    auto loss = (model.forward(x) - y).square().mean();
    last = loss.into_scalar();
    EXPECT_EQ(optimizer.step(model, std::move(loss).backward()).updated, 4);
  }
  EXPECT_LT(last, 1e-3);
  EXPECT_TRUE(model.first.weight.is_require_grad());
  EXPECT_EQ(optimizer.state().number("second.bias/step"), 300);
}

TEST(Module, LeavesFrozenPartsAlone) {
  Perceptron<B> model = perceptron();
  nn::freeze(model, "first.*");
  const TensorData before = model.first.weight.to_data();
  auto optimizer = Sgd({.lr = 0.1});
  const auto x = Tensor<B, 2>::ones({3, 2});
  EXPECT_EQ(optimizer.step(model, model.forward(x).sum().backward()).updated, 2);
  EXPECT_EQ(model.first.weight.to_data(), before);
  EXPECT_FALSE(model.first.weight.is_require_grad());
}

template <class T> struct Tied {
  Tensor<T, 1> a, b;
  FORNAX_MODULE(Tied, a, b)
};

TEST(Module, KeepsTiedParametersTied) {
  const auto w = Tensor<B, 1>::from_data({1.0, 2.0}, {}, DType::F64).require_grad();
  Tied<B> model{w, w};
  auto optimizer = Sgd({.lr = 0.25, .momentum = 0.9});
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(optimizer.step(model, (model.a.square() + model.b.square()).sum().backward()).updated, 1);
  EXPECT_EQ(model.a.array().body(), model.b.array().body());
  EXPECT_FALSE(model.a.to_data() == w.to_data());
  Ema ema;
  ema.update(model);
  ema.swap(model);
  EXPECT_EQ(model.a.array().body(), model.b.array().body());
}

TEST(Config, IsWrittenAndRead) {
  const AdamWConfig config{.lr = 3e-4, .beta2 = 0.95, .amsgrad = true};
  const auto read = AdamWConfig::from_json(config.to_json());
  EXPECT_EQ(read.lr, 3e-4);
  EXPECT_EQ(read.beta2, 0.95);
  EXPECT_TRUE(read.amsgrad);
  EXPECT_EQ(read.to_json(), config.to_json());
  const LbfgsConfig lbfgs{.line_search = LineSearch::StrongWolfe};
  EXPECT_EQ(LbfgsConfig::from_json(lbfgs.to_json()).line_search, LineSearch::StrongWolfe);
  const MuonConfig muon{.adamw_for = {"embed.*", "head.*"}};
  EXPECT_EQ(MuonConfig::from_json(muon.to_json()).adamw_for, muon.adamw_for);
  const CyclicLrConfig cyclic{.base_lr = 0.1, .max_lr = 1, .mode = CyclicMode::ExpRange};
  EXPECT_EQ(CyclicLrConfig::from_json(cyclic.to_json()).mode, CyclicMode::ExpRange);
  EXPECT_THROW(SgdConfig::from_json("{\"lr\": \"fast\"}", {.allow_missing = true}), Error);
}

// Every config passes through JSON unchanged.
template <class C> struct JsonOf : testing::Test {};
using Configs =
    testing::Types<SgdConfig, AsgdConfig, AdamConfig, AdamWConfig, NAdamConfig, RAdamConfig, AdamaxConfig, AdanConfig,
                   AdagradConfig, AdadeltaConfig, RmsPropConfig, RpropConfig, LionConfig, LarsConfig, LambConfig,
                   AdafactorConfig, MuonConfig, LbfgsConfig, EmaConfig, GradScalerConfig, StepLrConfig,
                   MultiStepLrConfig, ExponentialLrConfig, CosineLrConfig, CosineRestartsLrConfig, LinearLrConfig,
                   ConstantLrConfig, PolynomialLrConfig, NoamLrConfig, OneCycleLrConfig, CyclicLrConfig, PlateauConfig>;
TYPED_TEST_SUITE(JsonOf, Configs);

TYPED_TEST(JsonOf, ComesBack) {
  const std::string text = TypeParam{}.to_json();
  EXPECT_EQ(TypeParam::from_json(text).to_json(), text);
}

}  // namespace
}  // namespace fornax::test
