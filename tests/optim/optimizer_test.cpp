// What all optimizers share: which models they take, groups, clipping, and what they leave alone.

#include <fornax/cpu/memory.hpp>

#include "net.hpp"

namespace fornax::test {
namespace {

using namespace optim;

TensorData numbers(const Numbers& values) { return TensorData(values); }
Tensor<B, 1> leaf(const Numbers& values) { return Tensor<B, 1>::from_data(TensorData(values)).require_grad(); }

TEST(Step, TakesATensor) {
  auto w = leaf({1, -2});
  auto optimizer = Sgd({.lr = 0.25});
  const StepReport report = optimizer.step(w, w.square().sum().backward());
  EXPECT_EQ(w.to_data(), numbers({0.5, -1}));
  EXPECT_EQ(report.updated, 1);
  EXPECT_FALSE(report.skipped);
}

TEST(Step, TakesTrees) {
  auto model = std::tuple(leaf({1}), std::vector{leaf({2}), leaf({4})}, make_layer(), std::optional<Tensor<B, 1>>());
  auto& [a, list, layer, none] = model;
  auto optimizer = Sgd({.lr = 0.25});
  const auto loss = a.square().sum() + list[0].square().sum() + list[1].square().sum() + layer.bias.square().sum();
  EXPECT_EQ(optimizer.step(model, loss.backward()).updated, 4);
  EXPECT_EQ(a.to_data(), numbers({0.5}));
  EXPECT_EQ(list[1].to_data(), numbers({2}));
  EXPECT_EQ(layer.bias.to_data(), numbers({0.1, -0.2, 0.75}));
}

TEST(Step, NamesParametersByMembersAndPositions) {
  auto model = std::tuple(leaf({1}), std::vector{leaf({2}), leaf({4})}, make_layer(), std::optional(leaf({8})));
  std::string paths;
  for (const auto& p : nn::parameters_of(model)) paths += p.path + (p.trainable ? " " : "? ");
  EXPECT_EQ(paths, "0 1.0 1.1 2.weight 2.bias 3 ");
}

TEST(Step, TakesGradientsOfTransforms) {
  const auto square = [](const auto& v) { return v.square().sum(); };
  auto plain = Tensor<Cpu, 1>::from_data(numbers({1, -2}));
  auto optimizer = Sgd({.lr = 0.25});
  optimizer.step(plain, grad(square)(plain));
  EXPECT_EQ(plain.to_data(), numbers({0.5, -1}));

  auto layer = make_layer();
  Layer<Cpu> gradient{layer.weight.inner(), layer.bias.inner()};
  optimizer.step(layer, gradient);
  EXPECT_EQ(layer.bias.to_data(), numbers({0.2 * 0.75, -0.4 * 0.75, 1.5 * 0.75}));
  EXPECT_TRUE(layer.bias.is_require_grad());
}

TEST(Step, MakesNewLeaves) {
  auto w = leaf({1, -2});
  auto optimizer = Adam({.lr = 0.1});
  for (int i = 0; i < 3; ++i) {
    const auto loss = w.square().sum();
    optimizer.step(w, loss.backward());
    EXPECT_TRUE(w.is_require_grad());
    EXPECT_FALSE(w.inner().array().interpreter()->inner());  // the backend's own
  }
}

TEST(Step, LeavesAloneWhatHasNoGradient) {
  auto layer = make_layer();
  const TensorData before = layer.weight.to_data();
  auto optimizer = Adam({.lr = 0.1});
  EXPECT_EQ(optimizer.step(layer, layer.bias.sum().backward()).updated, 1);
  EXPECT_EQ(layer.weight.to_data(), before);
  EXPECT_TRUE(layer.weight.is_require_grad());
}

TEST(Step, LeavesAloneWhatRequiresNone) {
  auto model = std::pair(leaf({1}), Tensor<B, 1>::from_data(numbers({5})));
  auto optimizer = Sgd({.lr = 0.25});
  optimizer.step(model, (model.first * model.second).sum().backward());
  EXPECT_EQ(model.first.to_data(), numbers({-0.25}));
  EXPECT_EQ(model.second.to_data(), numbers({5}));
  EXPECT_FALSE(model.second.is_require_grad());
}

TEST(Step, LeavesAloneOtherHandles) {
  auto w = leaf({1, -2});
  const auto copy = w;
  const auto value = w.inner();
  auto optimizer = Sgd({.lr = 0.25, .momentum = 0.5});
  for (int i = 0; i < 3; ++i) optimizer.step(w, w.square().sum().backward());
  EXPECT_EQ(copy.to_data(), numbers({1, -2}));
  EXPECT_EQ(value.to_data(), numbers({1, -2}));
}

TEST(Step, LeavesTheGradientsAlone) {
  auto w = leaf({1, -2});
  const auto grads = w.square().sum().backward();
  const auto g = *w.grad(grads);
  auto optimizer = Sgd({.lr = 0.25, .momentum = 0.5, .weight_decay = 0.1});
  optimizer.set_clipping(Clip::global_norm(0.1));
  optimizer.step(w, grads);
  EXPECT_EQ(g.to_data(), numbers({2, -4}));
}

TEST(Step, RecordsOnNoTape) {
  using Outer = Autodiff<B>;
  // The value of the outer leaf is a leaf of the inner tape, and so is its gradient's origin.
  auto inner = leaf({1, -2});
  auto w = Tensor<Outer, 1>::from_inner(inner).require_grad();
  auto optimizer = Adam({.lr = 0.1});
  for (int i = 0; i < 2; ++i) {
    optimizer.step(w, w.square().sum().backward());
    ASSERT_TRUE(w.is_require_grad());
    ASSERT_TRUE(w.inner().is_require_grad());  // again a leaf of both tapes
    ASSERT_FALSE(w.inner().inner().array().interpreter()->inner());
  }
  // From a computed value only the outer leaf is left.
  auto computed = Tensor<Outer, 1>::from_inner(inner * 2.0).require_grad();
  optimizer = Adam({.lr = 0.1});
  optimizer.step(computed, computed.square().sum().backward());
  EXPECT_TRUE(computed.is_require_grad());
  EXPECT_FALSE(computed.inner().is_tracked());
  // What is kept is on the backend.
  for (const auto& [name, array] : optimizer.state().arrays) EXPECT_FALSE(array.interpreter()->inner()) << name;
}

TEST(Step, RunsUnderNoGrad) {
  auto w = leaf({1, -2});
  auto optimizer = Sgd({.lr = 0.25});
  const auto grads = w.square().sum().backward();
  no_grad([&] { optimizer.step(w, grads); });
  EXPECT_TRUE(w.is_require_grad());
  EXPECT_EQ(w.to_data(), numbers({0.5, -1}));
}

TEST(Step, TakesEmptyTensors) {
  auto model = std::pair(leaf({}), leaf({1}));
  auto step_with = [&](auto optimizer) {
    optimizer.set_clipping(Clip::norm(1));
    optimizer.skip_non_finite();
    optimizer.step(model, (model.first.sum() + model.second.sum()).backward());
    EXPECT_EQ(model.first.shape(), Shape{0});
  };
  step_with(Adam());
  step_with(Lamb());
  step_with(Adafactor());
  step_with(Muon());
}

TEST(Step, ReusesTheBuffersOfParametersAndState) {
  constexpr std::int64_t n = 1 << 16;
  constexpr std::uint64_t bytes = n * sizeof(float);
  auto w = Tensor<B, 1>::ones({n}).require_grad();
  auto optimizer = Sgd({.lr = 0.1, .momentum = 0.9});
  for (int i = 0; i < 2; ++i) optimizer.step(w, (w * w).sum().backward());
  auto loss = (w * w).sum();
  auto grads = std::move(loss).backward();
  const std::uint64_t before = memory_stats().live;
  reset_peak_memory();
  optimizer.step(w, std::move(grads));
  // One temporary, for lr v; weight and velocity are written in place, and the gradient's buffer is let go.
  EXPECT_LE(memory_stats().peak, before + bytes);
  EXPECT_EQ(memory_stats().live, before - bytes);
}

TEST(Step, KeepsAnF32CopyOfNarrowParameters) {
  auto w = Tensor<B, 1>::from_data({1.0}, {}, DType::BF16).require_grad();
  auto optimizer = Sgd({.lr = 1});
  // Steps of 1/1024 are less than half of bf16's spacing below 1: they add up only in the copy.
  const auto g = Tensor<Cpu, 1>::from_data({1.0 / 1024}, {}, DType::BF16);
  for (int i = 0; i < 64; ++i) optimizer.step(w, g);
  EXPECT_EQ(w.dtype(), DType::BF16);
  EXPECT_EQ(w.into_scalar(), 1 - 64.0 / 1024);
  EXPECT_EQ(optimizer.state().array("/master").dtype(), DType::F32);
  // Weights that were loaded in between count.
  w = Tensor<B, 1>::from_data({3.0}, {}, DType::BF16).require_grad();
  optimizer.step(w, g);
  EXPECT_EQ(w.into_scalar(), 3);
  EXPECT_EQ(optimizer.state().array("/master").item(), 3 - 1.0 / 1024);
}

TEST(WrongStep, WithGradientsOfAStepBefore) {
  auto w = leaf({1});
  auto optimizer = Sgd({.lr = 0.1});
  const auto grads = w.square().sum().backward();
  optimizer.step(w, grads);
  EXPECT_EQ(message_of<ValueError>([&] { optimizer.step(w, grads); }),
            "Sgd: none of the model's parameters has a gradient here; gradients fit the model as it was when they were "
            "taken, and each step makes new leaves");
}

TEST(WrongStep, OfAComputedTensor) {
  auto model = std::pair(leaf({1}), leaf({1}) * 0.5);
  auto optimizer = Sgd({.lr = 0.1});
  EXPECT_EQ(
      message_of<ValueError>([&] { optimizer.step(model, model.first.sum().backward()); }),
      "gradients: parameter \"1\" is the result of recorded operations; detach().require_grad() makes a leaf of its "
      "values");
}

TEST(WrongStep, WithGradientsThatDoNotFit) {
  auto layer = make_layer();
  const TensorData before = layer.weight.to_data();
  Adam optimizer;
  NamedGradients g;
  g.set("weight", floats({1, 2}));
  EXPECT_EQ(message_of<ShapeError>([&] { optimizer.step(layer, g); }),
            "Adam: the gradient of \"weight\" has shape [2], the parameter has [2, 3]");
  NamedGradients other;
  other.set("scale", floats({1}));
  EXPECT_EQ(message_of<ValueError>([&] { optimizer.step(layer, other); }),
            "Adam: there is a gradient for \"scale\", which the model has not");
  EXPECT_EQ(layer.weight.to_data(), before);
  EXPECT_TRUE(layer.weight.is_require_grad());
}

TEST(WrongSettings, AreNamed) {
  EXPECT_EQ(message_of<ValueError>([] { Adam({.lr = kNan}); }), "Adam: lr is nan; it must be finite and not negative");
  EXPECT_EQ(message_of<ValueError>([] { Sgd({.lr = kInf}); }), "Sgd: lr is inf; it must be finite and not negative");
  EXPECT_EQ(message_of<ValueError>([] { Adam({.beta1 = -0.5}); }), "Adam: beta1 is -0.5; it must be in [0, 1)");
  EXPECT_EQ(message_of<ValueError>([] { AdamW({.beta2 = 1}); }), "AdamW: beta2 is 1; it must be in [0, 1)");
  EXPECT_EQ(message_of<ValueError>([] { Sgd({.momentum = -1}); }),
            "Sgd: momentum is -1; it must be finite and not negative");
  EXPECT_EQ(message_of<ValueError>([] { Sgd({.lr = 1, .nesterov = true}); }),
            "Sgd: Nesterov's steps need a momentum and no dampening: momentum is 0, dampening 0");
  EXPECT_EQ(message_of<ValueError>([] { Adam({.weight_decay = -1}); }),
            "Adam: weight_decay is -1; it must be finite and not negative");
  EXPECT_EQ(message_of<ValueError>([] { Rprop({.eta_plus = 0.9}); }), "Rprop: eta_plus is 0.9; it must be above 1");
  EXPECT_THROW(Adagrad({.eps = -1}), ValueError);
  EXPECT_THROW(Adadelta({.rho = 1.5}), ValueError);
  EXPECT_THROW(RmsProp({.alpha = 1}), ValueError);
  EXPECT_THROW(Adamax({.eps = kNan}), ValueError);
  EXPECT_THROW(NAdam({.momentum_decay = -1}), ValueError);
  EXPECT_THROW(RAdam({.beta1 = 2}), ValueError);
  EXPECT_THROW(Adan({.beta3 = 1}), ValueError);
  EXPECT_THROW(Asgd({.lambd = -1}), ValueError);
  EXPECT_THROW(Lion({.beta2 = -1}), ValueError);
  EXPECT_THROW(Lars({.trust = 0}), ValueError);
  EXPECT_THROW(Lamb({.eps = -1}), ValueError);
  EXPECT_THROW(Adafactor({.beta2_decay = 1}), ValueError);
  EXPECT_THROW(Muon({.steps = -1}), ValueError);
  EXPECT_THROW(Lbfgs({.max_iter = 0}), ValueError);
  EXPECT_THROW(Adam().set_lr(-1), ValueError);
  EXPECT_THROW(Adam().set_momentum(1), ValueError);
  EXPECT_EQ(message_of<ValueError>([] { Adagrad().set_momentum(0.9); }),
            "Adagrad: has no momentum that a schedule could turn");
}

TEST(Groups, ScaleFreezeAndSetDecay) {
  auto layer = make_layer();
  const TensorData weight = layer.weight.to_data();
  auto optimizer = Sgd({.lr = 0.5, .weight_decay = 1});
  optimizer.add_group({.pattern = "*", .frozen = true});
  optimizer.add_group({.pattern = "b?as", .lr_scale = 0.5, .weight_decay = 0.0});  // the last that matches counts
  const auto report = optimizer.step(layer, (layer.weight.sum() + layer.bias.sum()).backward());
  EXPECT_EQ(report.updated, 1);
  EXPECT_EQ(layer.weight.to_data(), weight);
  EXPECT_EQ(layer.bias.to_data(), numbers({0.2 - 0.25, -0.4 - 0.25, 1.5 - 0.25}));
}

TEST(Groups, ThatMakeNoSenseAreRefused) {
  EXPECT_THROW(Sgd().add_group({.pattern = "*", .lr_scale = -1}), ValueError);
  EXPECT_EQ(message_of<ValueError>([] { Rprop().add_group({.pattern = "*", .weight_decay = 0.1}); }),
            "Rprop: has no weight decay that a group could set");
}

TEST(NonFinite, GradientsSkipTheStep) {
  auto layer = make_layer();
  auto optimizer = Adam({.lr = 0.1});
  optimizer.skip_non_finite();
  const TensorData weight = layer.weight.to_data(), bias = layer.bias.to_data();
  const auto report = optimizer.step(layer, (layer.weight.sum() + layer.bias.log().sum()).backward());
  EXPECT_FALSE(report.skipped);  // 1 / -0.4 is finite
  auto zero = make_layer();
  zero.bias = leaf({0, 1, 2});
  const auto skipped = optimizer.step(zero, (zero.weight.sum() + zero.bias.log().sum()).backward());
  EXPECT_TRUE(skipped.skipped);
  EXPECT_EQ(skipped.non_finite, "bias");
  EXPECT_EQ(skipped.updated, 0);
  EXPECT_EQ(zero.weight.to_data(), weight);
  EXPECT_EQ(optimizer.state().number("weight/step"), 1);
}

}  // namespace
}  // namespace fornax::test
