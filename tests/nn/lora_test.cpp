// Low-rank changes of a frozen model.

#include <nn/networks.hpp>

#include <fornax/nn/lora.hpp>
#include <fornax/optim/optim.hpp>

namespace fornax::test {
namespace {

const nn::InitOptions kDouble{Device(), DType::F64};

TEST(Lora, ChangesNothingAtFirstAndTrainsItsOwnMatricesAlone) {
  manual_seed(1);
  auto net = PerceptronConfig{.in = 5, .hidden = 7, .out = 3, .dropout = 0}.init<Taped>(kDouble);
  nn::freeze(net);
  auto lora = nn::LoraConfig{.rank = 2, .alpha = 6, .pattern = "fc?.weight"}.init(net);
  EXPECT_EQ(lora.paths, (std::vector<std::string>{"fc1.weight", "fc2.weight"}));
  EXPECT_EQ(nn::num_params(lora), 5 * 2 + 2 * 7 + 7 * 2 + 2 * 3);
  const auto x = Tensor<Taped, 2>::random({16, 5}, {}, Device(), DType::F64);
  const auto y = Tensor<Taped, 2>::random({16, 3}, {}, Device(), DType::F64);
  EXPECT_EQ(lora.on(net).forward(x).array().to_data(), net.forward(x).array().to_data());

  const Numbers before = numbers(net.fc1.weight.array());
  const auto loss = [&] { return functional::mse_loss(lora.on(net).forward(x), y); };
  const double first = loss().into_scalar();
  optim::Adam adam({.lr = 0.02});
  for (int step = 0; step < 100; ++step) {
    const auto grads = loss().backward();
    EXPECT_EQ(grads.size(), 4u);
    adam.step(lora, grads);
  }
  EXPECT_LT(loss().into_scalar(), 0.5 * first);
  EXPECT_EQ(numbers(net.fc1.weight.array()), before);

  // W + alpha / rank · left right.
  const auto merged = lora.on(net);
  const auto expected = net.fc1.weight + lora.left[0].matmul(lora.right[0]) * 3.0;
  expect_near(numbers(merged.fc1.weight.array()), numbers(expected.array()), 1e-14);
  EXPECT_EQ(numbers(merged.fc1.bias->array()), numbers(net.fc1.bias->array()));
  EXPECT_EQ(nn::valid(lora).on(nn::valid(net)).forward(x.inner()).dims(), merged.forward(x).dims());
}

TEST(Lora, TakesKernelsAsMatrices) {
  const auto conv = nn::Conv2dConfig{.channels = {2, 3}, .kernel_size = 2}.init<Cpu>(kDouble);
  auto lora = nn::LoraConfig{.rank = 1, .alpha = 1}.init(conv);
  ASSERT_EQ(lora.left.size(), 1u);
  EXPECT_EQ(lora.left[0].dims(), (std::array<std::int64_t, 2>{3, 1}));
  EXPECT_EQ(lora.right[0].dims(), (std::array<std::int64_t, 2>{1, 8}));
  lora.right[0] = Tensor<Cpu, 2>::ones({1, 8}, Device(), DType::F64);
  const auto change = lora.on(conv).weight - conv.weight;
  const Numbers left = numbers(lora.left[0].array()), all = numbers(change.array());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_NEAR(all[i], left[i / 8], 1e-14);
}

TEST(Lora, RefusesWhatDoesNotFit) {
  const auto net = PerceptronConfig{}.init<Cpu>();
  expect_refused<ValueError>([&] { nn::LoraConfig{.rank = 0}.init(net); }, "LoraConfig", "rank 0");
  const std::string none = message_of<ValueError>([&] { nn::LoraConfig{.pattern = "*bias"}.init(net); });
  EXPECT_NE(none.find("no parameter of rank 2 or more matches the pattern \"*bias\""), std::string::npos) << none;
  const auto lora = nn::LoraConfig{.rank = 1}.init(net);
  expect_refused<ShapeError>([&] { lora.on(PerceptronConfig{.hidden = 9}.init<Cpu>()); }, "Lora", "another size");
  expect_refused<ValueError>([&] { lora.on(nn::LinearConfig{.d_input = 3, .d_output = 4}.init<Cpu>()); }, "Lora",
                             "another model");
}

}  // namespace
}  // namespace fornax::test
