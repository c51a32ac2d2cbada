// Modules and optimizers together.

#include <nn/networks.hpp>

#include <fornax/optim/optim.hpp>

namespace fornax::test {
namespace {

TEST(Training, LearnsXor) {
  manual_seed(1);
  auto net = PerceptronConfig{.in = 2, .hidden = 16, .out = 2, .dropout = 0.1}.init<Taped>();
  const auto x = Tensor<Taped, 2>::from_data({{0.0, 0.0}, {0.0, 1.0}, {1.0, 0.0}, {1.0, 1.0}});
  const auto y = Tensor<Taped, 1, Int>::from_data({0, 1, 1, 0});
  const auto loss = nn::CrossEntropyLossConfig{}.init<Taped>();
  optim::Adam adam({.lr = 0.05});
  for (int step = 0; step < 200; ++step) adam.step(net, loss.forward(net.forward(x), y).backward());
  const auto inner = nn::valid(net);
  EXPECT_EQ(integers(inner.forward(x.inner()).argmax(1).array()), (Integers{0, 1, 1, 0}));
}

TEST(Training, LeavesFrozenParametersAlone) {
  auto net = PerceptronConfig{.dropout = 0}.init<Taped>();
  nn::freeze(net, "fc1.*");
  const Numbers frozen = numbers(net.fc1.weight.array()), free = numbers(net.fc2.weight.array());
  optim::Sgd sgd({.lr = 0.1});
  sgd.step(net, net.forward(Tensor<Taped, 2>::ones({2, 3})).square().sum().backward());
  EXPECT_EQ(numbers(net.fc1.weight.array()), frozen);
  EXPECT_NE(numbers(net.fc2.weight.array()), free);
}

template <class B> struct Tied {
  nn::Linear<B> in, out;
  FORNAX_MODULE(Tied, in, out)
};

TEST(Training, UpdatesATiedParameterOnceAndKeepsItTied) {
  const auto config =
      nn::LinearConfig{.d_input = 1, .d_output = 1, .bias = false, .initializer = nn::Initializer::constant(3)};
  Tied<Taped> net{config.init<Taped>(), {}};
  net.out = net.in;
  optim::Sgd sgd({.lr = 0.5});
  const auto x = Tensor<Taped, 2>::ones({1, 1});
  for (int step = 1; step <= 2; ++step) {
    const double w = net.in.weight.into_scalar();
    // d(w w x)/dw = 2 w.
    sgd.step(net, net.out.forward(net.in.forward(x)).sum().backward());
    EXPECT_NEAR(net.in.weight.into_scalar(), w - 0.5 * 2 * w, 1e-6);
    EXPECT_EQ(net.in.weight.array().body(), net.out.weight.array().body());
  }
}

TEST(Training, TakesTheGradientsOfATransform) {
  auto net = PerceptronConfig{.dropout = 0}.init<Cpu>();
  const auto x = Tensor<Cpu, 2>::random({8, 3});
  const auto loss = [](const auto& model, const auto& in) { return model.forward(in).square().mean(); };
  optim::Sgd sgd({.lr = 0.1});
  const double before = loss(net, x).into_scalar();
  for (int step = 0; step < 20; ++step) sgd.step(net, grad(loss)(net, x));
  EXPECT_LT(loss(net, x).into_scalar(), 0.5 * before);
}

}  // namespace
}  // namespace fornax::test
