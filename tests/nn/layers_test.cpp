// Layers with parameters beside torch's.

#include <cmath>

#include <nn/expected.hpp>
#include <nn/networks.hpp>

namespace fornax::test {
namespace {

constexpr auto kWide = DType::F64;
const nn::InitOptions kInit{Device(), kWide};

template <class F> Array made(const Shape& shape, const F& f) {
  Numbers values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = f(static_cast<double>(i));
  return upload(TensorData(values, shape));
}

// Input number k.
template <std::size_t D> Tensor<Taped, D> input(const Index (&dims)[D], int k = 0) {
  const Shape shape(std::span<const std::int64_t>(detail::list(dims)));
  return Tensor<Taped, D>(made(shape, [&](double i) { return std::cos(0.3 * i + k); })).require_grad();
}

template <class M> void fill(M& module) {
  int k = 0;
  for (const nn::NamedParameter& p : nn::parameters_of(module)) {
    const Array values = made(p.array->shape(), [&](double i) { return 0.5 * std::sin(0.7 * i + k + 1); });
    p.set(autodiff::require_grad(Taped::interpreter(), values));
    ++k;
  }
}

double probe(const Array& gradient) {
  const Numbers g = numbers(gradient);
  double sum = 0;
  for (std::size_t i = 0; i < g.size(); ++i) sum += g[i] * std::cos(static_cast<double>(i));
  return sum;
}

// Values and gradients of y against what is expected.
template <class M>
void expect(const Expected& expected, const M& module, const Array& y, const std::vector<Array>& inputs) {
  constexpr double digits = 1e-12;
  expect_near(numbers(y), expected.values, digits, "values", digits);
  const Array flat = reshape(y, Shape{y.numel()});
  const auto n = static_cast<double>(y.numel());
  const Array ramp = made(flat.shape(), [&](double i) { return (i + 1) / n; });
  const autodiff::GradientStore store = autodiff::backward(Taped::interpreter(), flat, ramp);
  std::vector<Array> leaves = inputs;
  M copy = module;
  for (const nn::NamedParameter& p : nn::parameters_of(copy)) leaves.push_back(*p.array);
  Numbers probes;
  for (const Array& leaf : leaves) {
    const Array g = store.find(leaf);
    ASSERT_TRUE(g.defined()) << "no gradient reached leaf " << probes.size();
    probes.push_back(probe(g));
  }
  expect_near(probes, expected.gradients, 1e-10, "gradients", 1e-10);
}

template <class Config, std::size_t D>
void expect_layer(const Expected& expected, const Config& config, const Index (&dims)[D]) {
  auto layer = config.template init<Taped>(kInit);
  fill(layer);
  const auto x = input(dims);
  expect(expected, layer, layer.forward(x).array(), {x.array()});
}

TEST(Layers, LinearIsTorchs) { expect_layer(kLinear, nn::LinearConfig{.d_input = 3, .d_output = 2}, {2, 3}); }

TEST(Layers, ConvolutionsAreTorchs) {
  expect_layer(kConv1d, nn::Conv1dConfig{.channels = {2, 4}, .kernel_size = 3, .stride = 2, .padding = 1, .groups = 2},
               {2, 2, 6});
  expect_layer(kConv2d,
               nn::Conv2dConfig{
                   .channels = {2, 2}, .kernel_size = {3, 2}, .stride = {1, 2}, .padding = {2, 1}, .dilation = {2, 1}},
               {1, 2, 4, 5});
  expect_layer(kConv3d, nn::Conv3dConfig{.channels = {1, 2}, .kernel_size = 2, .bias = false}, {1, 1, 3, 3, 3});
  expect_layer(
      kConvTranspose1d,
      nn::ConvTranspose1dConfig{.channels = {2, 2}, .kernel_size = 3, .stride = 2, .padding = 1, .output_padding = 1},
      {1, 2, 3});
  expect_layer(kConvTranspose2d,
               nn::ConvTranspose2dConfig{.channels = {2, 2}, .kernel_size = 2, .stride = {1, 2}, .groups = 2},
               {1, 2, 2, 3});
  expect_layer(kConvTranspose3d, nn::ConvTranspose3dConfig{.channels = {1, 2}, .kernel_size = {2, 1, 2}},
               {1, 1, 2, 2, 1});
}

TEST(Layers, BatchNormIsTorchsAndMovesItsStatistics) {
  auto layer = nn::BatchNormConfig{.num_features = 2, .epsilon = 1e-3, .momentum = 0.2}.init<Taped>(kInit);
  fill(layer);
  const auto x = input({3, 2, 2});
  expect(kBatchNorm, layer, layer.forward(x).array(), {x.array()});
  expect_near(numbers(layer.running_mean.get().array()), kRunningMean, 1e-14);
  expect_near(numbers(layer.running_var.get().array()), kRunningVar, 1e-14);
  EXPECT_FALSE(layer.running_mean.get().is_tracked());

  // In evaluation the statistics are those, and stay.
  const auto evaluated = nn::valid(layer).forward(x.inner());
  expect_near(numbers(evaluated.array()), kBatchNormEval, 1e-12);
  const nn::EvalMode guard;
  expect_near(numbers(layer.forward(x).array()), kBatchNormEval, 1e-12);
  expect_near(numbers(layer.running_mean.get().array()), kRunningMean, 1e-14);
}

TEST(Layers, NormsAreTorchs) {
  expect_layer(kLayerNorm, nn::LayerNormConfig{.d_model = 3}, {2, 2, 3});
  expect_layer(kRmsNorm, nn::RmsNormConfig{.d_model = 3}, {2, 3});
  expect_layer(kGroupNorm, nn::GroupNormConfig{.num_groups = 2, .num_channels = 4}, {2, 4, 2});
  expect_layer(kInstanceNorm, nn::InstanceNormConfig{.num_channels = 2}, {1, 2, 3});
  const nn::LocalResponseNorm local{.size = 3, .alpha = 0.1, .beta = 0.5, .k = 2};
  const auto x = input({1, 6, 2});
  expect(kLocalResponseNorm, local, local.forward(x).array(), {x.array()});
}

TEST(Layers, EmbeddingIsTorchs) {
  auto layer = nn::EmbeddingConfig{.n_embedding = 4, .d_model = 3, .padding_idx = 3}.init<Taped>(kInit);
  fill(layer);
  expect(kEmbedding, layer, layer.forward(Tensor<Taped, 2, Int>::from_data({{1, 3}, {0, 1}})).array(), {});
}

TEST(Layers, ActivationsWithParametersAreTorchs) {
  expect_layer(kPRelu, nn::PReluConfig{.num_parameters = 3}, {2, 3, 2});
  expect_layer(kSwiGlu, nn::SwiGluConfig{.d_input = 3, .d_output = 2}, {2, 3});
}

// All results in one row.
template <class R> Array flat(const R& r) {
  const auto line = [](const Array& a) { return reshape(a, Shape{a.numel()}); };
  if constexpr (requires { r.c; }) {
    return cat({line(r.output.array()), line(r.h.array()), line(r.c.array())}, 0);
  } else {
    return cat({line(r.output.array()), line(r.h.array())}, 0);
  }
}

template <class Config> void expect_recurrent(const Expected& expected) {
  Config config;
  config.d_input = config.d_hidden = config.num_layers = 2;
  config.bidirectional = true;
  auto layer = config.template init<Taped>(kInit);
  fill(layer);
  const auto x = input({2, 3, 2});
  expect(expected, layer, flat(layer.forward(x)), {x.array()});
}

TEST(Layers, RecurrentNetworksAreTorchs) {
  expect_recurrent<nn::RnnConfig>(kRnn);
  expect_recurrent<nn::GruConfig>(kGru);
  expect_recurrent<nn::LstmConfig>(kLstm);
}

TEST(Layers, RecurrentNetworksGoOnFromAState) {
  const auto lstm = nn::LstmConfig{.d_input = 2, .d_hidden = 3}.init<Taped>(kInit);
  const auto x = input({1, 5, 2});
  const auto whole = lstm.forward(x);
  const auto begin = lstm.forward(x.narrow(1, 0, 2));
  const auto rest = lstm.forward(x.narrow(1, 2, 3), nn::LstmState<Taped>{begin.h, begin.c});
  expect_near(numbers(rest.h.array()), numbers(whole.h.array()), 1e-14);
  expect_near(numbers(rest.output.array()), numbers(whole.output.narrow(1, 2, 3).array()), 1e-14);
}

TEST(Layers, AttentionIsTorchs) {
  auto layer = nn::MultiHeadAttentionConfig{.d_model = 4, .n_heads = 2, .dropout = 0}.init<Taped>(kInit);
  fill(layer);
  const auto q = input({2, 3, 4}), k = input({2, 2, 4}, 5);
  expect(kAttention, layer, layer.forward(q, k, k).array(), {q.array(), k.array()});

  auto grouped =
      nn::MultiHeadAttentionConfig{.d_model = 4, .n_heads = 2, .n_kv_heads = 1, .dropout = 0}.init<Taped>(kInit);
  fill(grouped);
  const auto x = input({1, 3, 4});
  expect(kGroupedCausal, grouped, grouped.forward(x, x, x, true).array(), {x.array()});
  // The same by a mask.
  const auto mask = Tensor<Taped, 2, Bool>::from_data({{true, false, false}, {true, true, false}, {true, true, true}});
  expect_near(numbers(grouped.forward(x, x, x, mask).array()), kGroupedCausal.values, 1e-12, {}, 1e-12);
}

TEST(Layers, AttentionWithACacheIsAttentionToTheWhole) {
  const auto layer =
      nn::MultiHeadAttentionConfig{.d_model = 4, .n_heads = 2, .n_kv_heads = 1, .dropout = 0}.init<Cpu>(kInit);
  const auto x = input({2, 6, 4}).inner();
  const auto whole = layer.forward(x, x, x, true);
  nn::AttentionCache<Cpu> cache;
  const auto first = layer.forward_cache(x.narrow(1, 0, 2), cache);
  const auto second = layer.forward_cache(x.narrow(1, 2, 3), cache);
  const auto third = layer.forward_cache(x.narrow(1, 5, 1), cache);
  EXPECT_EQ(cache.length(), 6);
  expect_near(numbers(first.array()), numbers(whole.narrow(1, 0, 2).array()), 1e-13);
  expect_near(numbers(second.array()), numbers(whole.narrow(1, 2, 3).array()), 1e-13);
  expect_near(numbers(third.array()), numbers(whole.narrow(1, 5, 1).array()), 1e-13);
}

TEST(Layers, TransformersAreTorchs) {
  for (const bool first : {false, true}) {
    SCOPED_TRACE(first);
    const nn::TransformerEncoderConfig config{
        .d_model = 4, .d_ff = 3, .n_heads = 2, .n_layers = 2, .dropout = 0, .norm_first = first};
    expect_layer(first ? kEncoderNormFirst : kEncoder, config, {2, 3, 4});

    auto decoder =
        nn::TransformerDecoderConfig{
            .d_model = 4, .d_ff = 3, .n_heads = 2, .n_layers = 1, .dropout = 0, .norm_first = first}
            .init<Taped>(kInit);
    fill(decoder);
    const auto x = input({1, 3, 4}), memory = input({1, 2, 4}, 3);
    expect(first ? kDecoderNormFirst : kDecoder, decoder, decoder.forward(x, memory).array(),
           {x.array(), memory.array()});
  }
}

TEST(Layers, TransformersGoStepByStepWithCaches) {
  const auto encoder =
      nn::TransformerEncoderConfig{.d_model = 4, .d_ff = 8, .n_heads = 2, .n_layers = 2}.init<Cpu>(kInit);
  const auto decoder =
      nn::TransformerDecoderConfig{.d_model = 4, .d_ff = 8, .n_heads = 2, .n_layers = 2}.init<Cpu>(kInit);
  const auto x = input({1, 4, 4}).inner(), memory = input({1, 3, 4}, 2).inner();
  const auto encoded = encoder.forward(x, true), decoded = decoder.forward(x, memory);
  std::vector<nn::AttentionCache<Cpu>> e, d;
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto step = x.narrow(1, i, 1);
    expect_near(numbers(encoder.forward_cache(step, e).array()), numbers(encoded.narrow(1, i, 1).array()), 1e-12);
    expect_near(numbers(decoder.forward_cache(step, memory, d).array()), numbers(decoded.narrow(1, i, 1).array()),
                1e-12);
  }
}

TEST(Layers, PositionsAreSinesAndCosines) {
  const auto layer = nn::PositionalEncodingConfig{.d_model = 4, .max_sequence_size = 8}.init<Cpu>(kInit);
  const auto y = layer.forward(Tensor<Cpu, 3>::zeros({1, 2, 4}, Device(), kWide), 3);
  // Position l: sin l, cos l, sin(l / 100), cos(l / 100).
  expect_near(numbers(y.array()),
              {std::sin(3.0), std::cos(3.0), std::sin(0.03), std::cos(0.03), std::sin(4.0), std::cos(4.0),
               std::sin(0.04), std::cos(0.04)},
              1e-15);
  EXPECT_EQ(message_of<ShapeError>([&] {
              layer.forward(Tensor<Cpu, 3>::zeros({1, 9, 4}, Device(), kWide));
            }),
            "PositionalEncoding: positions 0 to 8 of at most 8 (max_sequence_size)");
  EXPECT_EQ(nn::state_of(layer).size(), 0u);
}

// Layers that pass their settings on to a function which is tested itself.
TEST(Layers, AreTheirFunctionsWithTheirSettings) {
  using P = Tensor<Cpu, 2>;
  const auto x = P::random({3, 4}), y = P::random({3, 4});
  expect_same(numbers(nn::CosineSimilarity{.dim = 0}.forward(x, y).array()),
              numbers(functional::cosine_similarity(x, y, 0).array()));
  expect_same(numbers(nn::PairwiseDistance{.p = 1}.forward(x, y).array()),
              numbers(functional::pairwise_distance(x, y, 1).array()));

  const auto picture = Tensor<Cpu, 4>::random({2, 3, 5, 6});
  const nn::Interpolate larger{.scale_factor = {2, 1.5}, .mode = functional::InterpolateMode::Linear};
  EXPECT_EQ(larger.init().forward(picture).shape(), (Shape{2, 3, 10, 9}));
  EXPECT_THROW(nn::Interpolate{}.init(), ValueError);
  const nn::Unfold4d columns{.kernel_size = 3, .padding = 1};
  const nn::Fold4d back{.output_size = {5, 6}, .kernel_size = 3, .padding = 1};
  expect_same(
      numbers(back.init().forward(columns.init().forward(picture)).array()),
      numbers(functional::fold(functional::unfold(picture, 3, {.padding = 1}), {5, 6}, 3, {.padding = 1}).array()));

  const auto pooled = functional::max_pool2d_with_indices(picture, 2);
  const nn::MaxUnpool2d unpool{.output_size = {5, 6}};
  EXPECT_EQ(unpool.init().forward(pooled.first, pooled.second).shape(), picture.shape());

  const auto bag = nn::EmbeddingBagConfig{.n_embedding = 5, .d_model = 2, .join = functional::Bag::Max}.init<Cpu>();
  const auto index = Tensor<Cpu, 2, Int>::from_data({{0, 3}, {4, 4}, {1, 2}});
  expect_same(numbers(bag.forward(index).array()),
              numbers(functional::embedding_bag(bag.weight, index, functional::Bag::Max).array()));
  EXPECT_EQ(nn::EmbeddingBagConfig::from_json(nn::EmbeddingBagConfig{5, 2, functional::Bag::Sum}.to_json()).join,
            functional::Bag::Sum);

  const auto bilinear = nn::BilinearConfig{.d_left = 4, .d_right = 4, .d_output = 2}.init<Cpu>();
  expect_same(numbers(bilinear.forward(x, y).array()),
              numbers(functional::bilinear(x, y, bilinear.weight, bilinear.bias).array()));
  EXPECT_THROW(nn::BilinearConfig{.d_left = 4}.init<Cpu>(), ValueError);

  // Without bends it is a convolution.
  const auto bent = nn::DeformConv2dConfig{.channels = {3, 2}, .padding = 1}.init<Taped>();
  const auto plain = nn::valid(bent);
  const auto still = Tensor<Cpu, 4>::zeros({2, 18, 5, 6});
  expect_near(numbers(plain.forward(picture, still).array()),
              numbers(functional::conv2d(picture, plain.weight, *plain.bias, {.padding = 1}).array()), 1e-5, "", 1e-6);

  const auto logits = Tensor<Cpu, 4>::random({1, 3, 2, 4});
  const auto target = Tensor<Cpu, 2, Int>::from_data({{2}});
  const auto inputs = Tensor<Cpu, 1, Int>::from_data({3}), labels = Tensor<Cpu, 1, Int>::from_data({1});
  EXPECT_EQ(nn::RnntLoss{.blank = 1}.forward(logits, target, inputs, labels).into_scalar(),
            functional::rnnt_loss(logits, target, inputs, labels, 1).into_scalar());
}

TEST(Layers, CrossEntropyIsTorchs) {
  const auto loss =
      nn::CrossEntropyLossConfig{.weights = std::vector{1.0, 2.0, 0.5}, .smoothing = 0.1, .ignore_index = -1}
          .init<Taped>(kInit);
  const auto x = input({4, 3});
  expect(kCrossEntropy, loss, loss.forward(x, Tensor<Taped, 1, Int>::from_data({0, 2, 1, -1})).array(), {x.array()});
}

}  // namespace
}  // namespace fornax::test
