// Layers around layers: weight and spectral normalisation, mixtures of experts; and what summaries count.

#include <cmath>

#include <nn/networks.hpp>

namespace fornax::test {
namespace {

const nn::InitOptions kInit{Device(), DType::F64};

template <std::size_t D> Tensor<Taped, D> random(const Index (&dims)[D]) {
  return Tensor<Taped, D>::random(dims, Distribution::normal(0, 1), Device(), DType::F64);
}

TEST(WeightNorm, ChangesNothingAtFirstAndThenLengthsAlone) {
  const auto linear = nn::LinearConfig{.d_input = 3, .d_output = 2}.init<Taped>(kInit);
  auto layer = nn::weight_norm(linear);
  const auto x = random({4, 3});
  expect_near(numbers(layer.forward(x).array()), numbers(linear.forward(x).array()), 1e-13, {}, 1e-14);
  EXPECT_EQ(paths(nn::parameters_of(layer)), (std::vector<std::string>{"layer.weight", "layer.bias", "g"}));
  const auto gradients = layer.forward(x).square().sum().backward();
  EXPECT_EQ(gradients.size(), 3u);
  // The gradient of a direction is orthogonal to it, for each output (a column of the weight).
  const auto radial = (layer.layer.weight.grad(gradients).value() * layer.layer.weight.inner()).sum_dim(0);
  expect_near(numbers(radial.array()), {0, 0}, 0, {}, 1e-12);
  // Each column of the weight has the length g.
  layer.g = Tensor<Taped, 1>::from_data({2.0, 3.0}, Device(), DType::F64);
  const auto eye = Tensor<Taped, 2>::eye(3, Device(), DType::F64);
  const auto weight = layer.forward(eye) - linear.bias->unsqueeze_dim(0);
  expect_near(numbers(weight.square().sum_dim(0).array()), {4, 9}, 1e-12);
  EXPECT_EQ(nn::valid(layer).forward(x.inner()).dims(), layer.forward(x).dims());
}

TEST(SpectralNorm, GivesWeightsOfNormOne) {
  const auto conv = nn::Conv2dConfig{.channels = {2, 3}, .kernel_size = 2, .bias = false}.init<Taped>(kInit);
  const auto layer = nn::spectral_norm(conv);
  const auto x = random({1, 2, 4, 4});
  for (int i = 0; i < 100; ++i) layer.forward(x);
  // By the singular values of the weight as a matrix [3, 8].
  const auto norms = linalg::svd(conv.weight.inner().reshape({3, 8})).s;
  const double largest = norms.max().into_scalar();
  expect_near(numbers(layer.forward(x).array()), numbers((conv.forward(x) / largest).array()), 1e-6, {}, 1e-8);
  // In evaluation the vectors stay.
  const Numbers before = numbers(layer.u.get().array());
  const nn::EvalMode guard;
  layer.forward(x);
  EXPECT_EQ(numbers(layer.u.get().array()), before);
  EXPECT_EQ(layer.layer.weight.grad(layer.forward(x).sum().backward()).has_value(), true);
}

TEST(Mixture, IsTheWeightedSumOfTheExpertsThatAreChosen) {
  auto mixture = nn::MixtureOfExpertsConfig{.d_model = 4, .d_ff = 3, .n_experts = 3, .top_k = 2}.init<Taped>(kInit);
  const auto x = random({2, 5, 4});
  const auto y = mixture.forward_balance(x);
  // Every expert on every position, with the share that the router's two largest logits give it.
  const auto logits = mixture.router.forward(x);
  const auto [values, indices] = logits.topk_with_indices(2, 2);
  const auto shares = values.softmax(2);
  auto expected = x * 0;
  for (std::int64_t e = 0; e < 3; ++e) {
    const auto share = (shares * indices.equal(e).to_float(DType::F64)).sum_dim(2);
    expected = expected + mixture.experts[static_cast<std::size_t>(e)].forward(x) * share;
  }
  expect_near(numbers(y.output.array()), numbers(expected.array()), 1e-12, {}, 1e-12);
  const auto a = (y.output.square().sum() + y.balance).backward(), b = expected.square().sum().backward();
  EXPECT_EQ(a.size(), nn::parameters_of(mixture).size());
  expect_near(numbers(mixture.experts[0].linear_inner.weight.grad(a)->array()),
              numbers(mixture.experts[0].linear_inner.weight.grad(b)->array()), 1e-11, {}, 1e-12);
  EXPECT_GE(y.balance.into_scalar(), 0.3);
  EXPECT_THROW(nn::MixtureOfExpertsConfig({.d_model = 4, .d_ff = 3, .n_experts = 2, .top_k = 3}).init<Taped>(),
               ValueError);
}

TEST(Mixture, ThatIsUsedEvenlyHasTheBalanceOne) {
  auto mixture = nn::MixtureOfExpertsConfig{.d_model = 2, .d_ff = 3, .n_experts = 2, .top_k = 1}.init<Taped>(kInit);
  mixture.router.weight = Tensor<Taped, 2>::from_data({{1.0, 0.0}, {0.0, 1.0}}, Device(), DType::F64);
  const auto x = Tensor<Taped, 2>::from_data({{3.0, 0.0}, {0.0, 3.0}}, Device(), DType::F64);
  EXPECT_NEAR(mixture.forward_balance(x).balance.into_scalar(), 1, 1e-12);
  const auto same = Tensor<Taped, 2>::from_data({{9.0, 0.0}, {9.0, 0.0}}, Device(), DType::F64);
  // All to one expert: 2 (1 p), p = 1 / (1 + exp(-9)).
  EXPECT_NEAR(mixture.forward_balance(same).balance.into_scalar(), 2 / (1 + std::exp(-9.0)), 1e-12);
}

TEST(Summary, CountsMultiplyAdds) {
  const auto net = PerceptronConfig{.in = 3, .hidden = 4, .out = 2}.init<Taped>();
  EXPECT_EQ(nn::multiply_adds(net, Tensor<Taped, 2>::ones({5, 3})), 5 * (3 * 4 + 4 * 2));
  const auto conv = nn::Conv2dConfig{.channels = {2, 4}, .kernel_size = 3, .groups = 2}.init<Cpu>();
  EXPECT_EQ(nn::multiply_adds(conv, Tensor<Cpu, 4>::ones({1, 2, 5, 5})), 4 * 9 * 9);
  const auto back = nn::ConvTranspose1dConfig{.channels = {2, 3}, .kernel_size = 4}.init<Cpu>();
  EXPECT_EQ(nn::multiply_adds(back, Tensor<Cpu, 3>::ones({1, 2, 5})), 2 * 5 * 3 * 4);
  // Attention of 2 heads: 4 maps of [6, 4] by [4, 4], scores and sums of 2 times 6 by 6 by 2.
  const auto attention = nn::TransformerEncoderConfig{.d_model = 4, .d_ff = 3, .n_heads = 2, .n_layers = 1}.init<Cpu>();
  EXPECT_EQ(nn::multiply_adds(attention, Tensor<Cpu, 3>::ones({1, 6, 4})), 4 * 6 * 16 + 2 * 2 * 72 + 2 * 6 * 12);
  EXPECT_NE(nn::summary(net, Tensor<Taped, 2>::ones({5, 3})).find("; multiply-adds: 100\n"), std::string::npos);
}

}  // namespace
}  // namespace fornax::test
