// Linear layers with weights of 8 bits: how close they are to what they were made from, and how they are saved.

#include <nn/networks.hpp>

namespace fornax::test {
namespace {

using Plain = Tensor<Cpu, 2>;

TEST(QuantizedLinear, IsCloseToTheLayerThatItWasMadeFrom) {
  manual_seed(3);
  const auto layer = nn::LinearConfig{.d_input = 300, .d_output = 40}.init<Cpu>();
  const auto x = Plain::random({17, 300}, Distribution::normal(0, 1));
  const Numbers y = numbers(layer.forward(x).array()), q = numbers(nn::quantize(layer).forward(x).array());
  double error = 0, size = 0;
  for (std::size_t i = 0; i < y.size(); ++i) error += (y[i] - q[i]) * (y[i] - q[i]), size += y[i] * y[i];
  // Roundings of half a step of 1/127 of the largest weight, and of 1/255 of the range of x: each about 0.6 % of a product.
  EXPECT_LT(std::sqrt(error / size), 0.015);
  EXPECT_GT(error, 0);
}

TEST(QuantizedLinear, TakesAnyRankAndNoBias) {
  const auto layer = nn::LinearConfig{.d_input = 4, .d_output = 3, .bias = false}.init<Cpu>();
  const auto q = nn::quantize(layer);
  EXPECT_FALSE(q.bias.has_value());
  EXPECT_EQ(q.forward(Tensor<Cpu, 1>::ones({4})).dims(), (std::array<std::int64_t, 1>{3}));
  EXPECT_EQ(q.forward(Tensor<Cpu, 4>::ones({2, 1, 5, 4})).dims(), (std::array<std::int64_t, 4>{2, 1, 5, 3}));
}

TEST(QuantizedLinear, IsSavedAsBytesAndHasNoParameters) {
  const auto q = nn::quantize(nn::LinearConfig{.d_input = 5, .d_output = 3}.init<Cpu>());
  EXPECT_EQ(nn::num_params(q), 0);
  const nn::State state = nn::state_of(q);
  EXPECT_EQ(state.at("weight").dtype(), DType::I8);
  EXPECT_EQ(state.at("weight").shape(), (Shape{3, 5}));
  auto again = nn::QuantizedLinearConfig{.d_input = 5, .d_output = 3}.init<Cpu>();
  const auto x = Plain::random({4, 5}, Distribution::normal(0, 1));
  EXPECT_EQ(numbers(again.forward(x).array()), Numbers(12, 0.0));
  EXPECT_TRUE(nn::load_state(again, state).complete());
  EXPECT_EQ(again.forward(x).array().to_data(), q.forward(x).array().to_data());
  expect_refused<ValueError>([&] { nn::QuantizedLinearConfig{.d_output = 3}.init<Cpu>(); }, "QuantizedLinearConfig",
                             "0");
}

TEST(QuantizedLinear, ReplacesTheLinearLayersOfASequentialNetwork) {
  manual_seed(4);
  const auto linear = [](std::int64_t in, std::int64_t out) {
    return nn::LinearConfig{.d_input = in, .d_output = out}.init<Taped>();
  };
  const auto net =
      nn::sequential(linear(20, 30), nn::Relu(), nn::sequential(linear(30, 30), nn::Tanh()), linear(30, 2));
  const auto plain = nn::valid(net);
  const auto q = nn::quantize(plain);
  static_assert(std::is_same_v<decltype(q), const nn::Sequential<nn::QuantizedLinear<Cpu>, nn::Relu,
                                                                 nn::Sequential<nn::QuantizedLinear<Cpu>, nn::Tanh>,
                                                                 nn::QuantizedLinear<Cpu>>>);
  const auto x = Plain::random({6, 20}, Distribution::normal(0, 1));
  expect_near(numbers(q.forward(x).array()), numbers(plain.forward(x).array()), 0, {}, 0.02);
}

}  // namespace
}  // namespace fornax::test
