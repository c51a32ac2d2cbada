// Modules: what is found in them, under which name, and what can be done with it.

#include <nn/networks.hpp>

namespace fornax::test {
namespace {

using Names = std::vector<std::string>;

TEST(Module, NamesEveryParameterByItsPath) {
  auto net = PerceptronConfig{}.init<Taped>();
  EXPECT_EQ(paths(nn::parameters_of(net)), (Names{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}));
  EXPECT_EQ(nn::num_params(net), 3 * 4 + 4 + 4 * 2 + 2);
}

TEST(Module, LooksIntoEveryContainerAndTellsParametersFromOtherTensors) {
  auto m = mixed<Taped>();
  EXPECT_EQ(paths(nn::parameters_of(m)), (Names{"blocks.0.weight", "blocks.1.weight", "pair.0.weight", "pair.1.weight",
                                                "maybe.weight", "both.0.weight", "scale"}));
  EXPECT_EQ(paths(nn::state_of(m)), (Names{"blocks.0.weight", "blocks.1.weight", "pair.0.weight", "pair.1.weight",
                                           "maybe.weight", "both.0.weight", "scale", "order", "running"}));
  m.maybe.reset();
  EXPECT_EQ(nn::parameters_of(m).size(), 6u);
}

TEST(Module, HasItsParametersAsLeavesAndItsBuffersNot) {
  auto m = mixed<Taped>();
  for (const auto& p : nn::parameters_of(m)) EXPECT_TRUE(p.trainable) << p.path;
  EXPECT_TRUE(m.scale.is_require_grad());
  EXPECT_FALSE(m.running.get().is_require_grad());
  EXPECT_FALSE(m.table.value.is_require_grad());
}

TEST(Module, GivesEveryParameterAGradient) {
  const auto net = PerceptronConfig{.dropout = 0}.init<Taped>();
  const auto x = Tensor<Taped, 2>::random({5, 3});
  const auto gradients = net.forward(x).square().sum().backward();
  EXPECT_EQ(gradients.size(), 4u);
  EXPECT_TRUE(net.fc1.weight.grad(gradients).has_value());
  EXPECT_TRUE(net.fc2.bias->grad(gradients).has_value());
}

// Without a template parameter, for those who have one backend.
struct OnTheTape {
  nn::Linear<Taped> fc = nn::LinearConfig{2, 1}.init<Taped>();
  std::int64_t runs = 0;
  FORNAX_MODULE(OnTheTape, fc, runs)
};

TEST(Module, MayBeAStructOfOneBackend) {
  OnTheTape net;
  EXPECT_EQ(nn::num_params(net), 3);
  EXPECT_EQ(nn::freeze(net, "*.bias"), 1u);
  EXPECT_EQ(nn::num_trainable_params(net), 2);
  EXPECT_EQ(nn::unfreeze(net), 2u);
  EXPECT_EQ(nn::num_trainable_params(net), 3);
  EXPECT_NE(nn::summary(net).find("OnTheTape"), std::string::npos);
}

TEST(Module, IsATreeToTransforms) {
  const auto net = PerceptronConfig{.dropout = 0}.init<Cpu>({Device(), DType::F64});
  const auto x = Tensor<Cpu, 2>::random({5, 3}, Distribution::standard(), Device(), DType::F64);
  const auto loss = [](const auto& model, const auto& in) { return model.forward(in).square().sum(); };
  const Perceptron<Cpu> g = grad(loss)(net, x);

  const auto taped = nn::train(net);
  const auto gradients = loss(taped, Tensor<Taped, 2>::from_inner(x)).backward();
  expect_near(numbers(g.fc1.weight.array()), numbers(taped.fc1.weight.grad(gradients)->array()), 1e-14);
  expect_near(numbers(g.fc2.bias->array()), numbers(taped.fc2.bias->grad(gradients)->array()), 1e-14);
  EXPECT_EQ(g.drop.prob, 0);

  // Forward mode along g: the square of the gradient's norm.
  double square = 0;
  for (const auto& [path, a] : nn::state_of(g))
    for (const double v : numbers(a)) square += v * v;
  const auto [y, dy] = jvp([&](const auto& model) { return loss(model, lift(x, model.fc1.weight)); }, net, g);
  EXPECT_NEAR(dy.into_scalar(), square, 1e-10 * square);
}

TEST(Module, OnTheInnerBackendSharesItsValuesAndDropsNothing) {
  const auto net = PerceptronConfig{.dropout = 0.9}.init<Taped>();
  const Perceptron<Cpu> inner = nn::valid(net);
  EXPECT_EQ(inner.drop.prob, 0.9);
  EXPECT_EQ(numbers(inner.fc1.weight.array()), numbers(net.fc1.weight.array()));
  const auto x = Tensor<Cpu, 2>::random({50, 3});
  const auto plain = inner.fc2.forward(inner.fc1.forward(x).relu());
  EXPECT_EQ(numbers(inner.forward(x).array()), numbers(plain.array()));
  EXPECT_NE(numbers(net.forward(Tensor<Taped, 2>::from_inner(x)).array()), numbers(plain.array()));
}

TEST(Module, CarriesSettingsListsAndBuffersToOtherBackends) {
  const auto m = mixed<Taped>();
  const Mixed<Cpu> inner = nn::valid(m);
  EXPECT_EQ(inner.blocks.size(), 2u);
  EXPECT_EQ(inner.steps, 3);
  EXPECT_EQ(inner.name, "mixed");
  EXPECT_EQ(std::get<1>(inner.both).prob, 0.25);
  EXPECT_EQ(numbers(inner.running.get().array()), (Numbers{5, 6}));
  EXPECT_EQ(numbers(inner.table.value.array()), (Numbers{7, 8}));
  const Mixed<Taped> again = nn::train(inner);
  EXPECT_TRUE(again.scale.is_require_grad());
  EXPECT_FALSE(again.running.get().is_require_grad());
}

TEST(Module, IsInEvaluationWhileAnEvalModeLives) {
  const nn::Dropout drop{0.5};
  const auto x = Tensor<Taped, 1>::ones({1000});
  {
    const nn::EvalMode guard;
    EXPECT_EQ(drop.forward(x).sum().into_scalar(), 1000);
    const nn::EvalMode inner_guard;
  }
  EXPECT_TRUE(nn::is_training<Taped>());
  EXPECT_TRUE(nn::is_training<Batched<Taped>>());
  EXPECT_FALSE(nn::is_training<Cpu>());
  EXPECT_FALSE(nn::is_training<Dual<Cpu>>());
  EXPECT_GT(drop.forward(x).equal(0).to_int().sum().into_scalar(), 300);
}

TEST(Module, FreezesWhatMatchesAPattern) {
  auto net = PerceptronConfig{.dropout = 0}.init<Taped>();
  EXPECT_EQ(nn::freeze(net, "fc1.*"), 2u);
  EXPECT_EQ(nn::num_trainable_params(net), 4 * 2 + 2);
  EXPECT_EQ(nn::num_params(net), 26);
  const auto gradients = net.forward(Tensor<Taped, 2>::ones({1, 3})).sum().backward();
  EXPECT_EQ(gradients.size(), 2u);
  EXPECT_FALSE(nn::parameters_of(net)[0].trainable);
  EXPECT_EQ(nn::unfreeze(net, "*.weight"), 2u);
  EXPECT_TRUE(net.fc1.weight.is_require_grad());
  EXPECT_FALSE(net.fc1.bias->is_require_grad());
  EXPECT_EQ(message_of<ValueError>([&] { nn::freeze(net, "fc3.*"); }),
            "freeze: no parameter matches \"fc3.*\"; the module has fc1.weight, fc1.bias, fc2.weight, fc2.bias");
}

TEST(Module, MatchesPatternsAsShellsDo) {
  EXPECT_TRUE(nn::matches("*", ""));
  EXPECT_TRUE(nn::matches("encoder.*", "encoder.layers.0.weight"));
  EXPECT_TRUE(nn::matches("*.bias", "a.b.bias"));
  EXPECT_TRUE(nn::matches("a*b*c", "aXbYbZc"));
  EXPECT_TRUE(nn::matches("blocks.?.weight", "blocks.7.weight"));
  EXPECT_FALSE(nn::matches("blocks.?.weight", "blocks.17.weight"));
  EXPECT_FALSE(nn::matches("encoder", "encoder.weight"));
  EXPECT_FALSE(nn::matches("", "a"));
  EXPECT_FALSE(nn::matches("*a", "ab"));
}

template <class B> struct Tied {
  nn::Linear<B> in, out;
  FORNAX_MODULE(Tied, in, out)
};

TEST(Module, HasATiedParameterOnce) {
  const auto config = nn::LinearConfig{.d_input = 3, .d_output = 3, .bias = false};
  Tied<Taped> net{config.init<Taped>(), config.init<Taped>()};
  EXPECT_EQ(nn::num_params(net), 18);
  net.out.weight = net.in.weight;
  EXPECT_EQ(nn::num_params(net), 9);
  const nn::Parameters parameters = nn::parameters_of(net);
  ASSERT_EQ(parameters.size(), 1u);
  EXPECT_EQ(parameters[0].path, "in.weight");
  EXPECT_EQ(parameters[0].tied.size(), 1u);

  // One leaf: the gradient is that of both uses.
  const auto x = Tensor<Taped, 2>::ones({1, 3});
  const auto g = net.out.forward(net.in.forward(x)).sum().backward();
  EXPECT_EQ(g.size(), 1u);

  // Updated, frozen and moved together.
  parameters[0].set(Tensor<Taped, 2>::ones({3, 3}).require_grad().array());
  EXPECT_EQ(net.in.weight.array().body(), net.out.weight.array().body());
  nn::freeze(net, "out.*");
  EXPECT_FALSE(net.in.weight.is_require_grad());
  nn::unfreeze(net, "in.*");
  EXPECT_TRUE(net.out.weight.is_require_grad());
  EXPECT_EQ(nn::num_params(net), 9);
  nn::cast(net, DType::F64);
  EXPECT_EQ(nn::num_params(net), 9);
  EXPECT_EQ(nn::num_params(nn::valid(net)), 9);
  EXPECT_EQ(nn::num_params(nn::train(nn::valid(net))), 9);
}

TEST(Module, KeepsLeavesWhenItIsCast) {
  auto m = mixed<Taped>();
  nn::cast(m, DType::F64);
  EXPECT_EQ(m.scale.dtype(), DType::F64);
  EXPECT_TRUE(m.scale.is_require_grad());
  EXPECT_EQ(m.running.get().dtype(), DType::F64);
  EXPECT_EQ(m.order.dtype(), DType::I64);
  EXPECT_THROW(nn::cast(m, DType::I32), DTypeError);
  nn::to_device(m, Device::cpu());
  EXPECT_TRUE(m.scale.is_require_grad());
}

TEST(Module, IsMappedTensorByTensor) {
  const auto m = nn::map(nn::valid(mixed<Taped>()), [](const auto& t) { return t * 2; });
  EXPECT_EQ(numbers(m.running.get().array()), (Numbers{10, 12}));
  EXPECT_EQ(integers(m.order.array()), (Integers{2, 0}));
}

TEST(Module, PrintsATable) {
  auto net = PerceptronConfig{.hidden = 300}.init<Taped>();
  nn::freeze(net, "fc2.bias");
  EXPECT_EQ(nn::summary(net),
            "Layer  Type        Tensors                           Parameters   Memory  Settings\n"
            "----------------------------------------------------------------------------------\n"
            "       Perceptron\n"
            "fc1    Linear      weight [3, 300], bias [300]            1,200  4.7 KiB\n"
            "fc2    Linear      weight [300, 2], bias [2] frozen         602  2.4 KiB\n"
            "drop   Dropout                                                            prob=0.5\n"
            "Parameters: 1,802 (1,800 trainable, 2 frozen); memory: 7.0 KiB\n");
  EXPECT_EQ(
      nn::summary(net, Tensor<Taped, 2>::ones({5, 3})),
      "Layer  Type        Tensors                           Parameters   Memory  Output    Multiply-adds  Settings\n"
      "-----------------------------------------------------------------------------------------------------------\n"
      "       Perceptron\n"
      "fc1    Linear      weight [3, 300], bias [300]            1,200  4.7 KiB  [5, 300]          4,500\n"
      "fc2    Linear      weight [300, 2], bias [2] frozen         602  2.4 KiB  [5, 2]            3,000\n"
      "drop   Dropout                                                                                     prob=0.5\n"
      "Parameters: 1,802 (1,800 trainable, 2 frozen); memory: 7.0 KiB; multiply-adds: 7,500\n");
}

}  // namespace
}  // namespace fornax::test
