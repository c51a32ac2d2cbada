// Layers without tensors: that they hand their settings to the functions that they stand for, under the right names.

#include <nn/networks.hpp>

namespace fornax::test {
namespace {

namespace f = functional;

// Values on both sides of every kink, none on one.
Tensor<Cpu, 2> values() {
  return Tensor<Cpu, 2>::from_data({{-7.1, -2.3, -0.7, -0.2}, {0.3, 0.6, 1.4, 6.9}}, Device(), DType::F64);
}
Tensor<Cpu, 4> picture() {
  return Tensor<Cpu, 4>::random({2, 4, 6, 6}, Distribution::normal(0, 1), Device(), DType::F64);
}

template <class T> void expect_equal(const T& a, const T& b) { expect_same(numbers(a.array()), numbers(b.array())); }
// The layer, and the layer read from what it was written as.
template <class L, class T, class R> void expect_layer(const L& layer, const T& x, const R& expected) {
  expect_equal(layer.forward(x), expected);
  expect_equal(L::from_json(layer.to_json()).init().forward(x), expected);
}

TEST(Settings, ActivationsAreTheirFunctions) {
  const auto x = values();
  expect_layer(nn::Relu(), x, f::relu(x));
  expect_layer(nn::Relu6(), x, f::relu6(x));
  expect_layer(nn::Selu(), x, f::selu(x));
  expect_layer(nn::Silu(), x, f::silu(x));
  expect_layer(nn::Mish(), x, f::mish(x));
  expect_layer(nn::Softsign(), x, f::softsign(x));
  expect_layer(nn::Sigmoid(), x, f::sigmoid(x));
  expect_layer(nn::LogSigmoid(), x, f::log_sigmoid(x));
  expect_layer(nn::HardSwish(), x, f::hardswish(x));
  expect_layer(nn::Tanhshrink(), x, f::tanhshrink(x));
  expect_layer(nn::Tanh(), x, x.tanh());
  expect_layer(nn::LeakyRelu{0.3}, x, f::leaky_relu(x, 0.3));
  expect_layer(nn::RRelu{0.2, 0.4}, x, f::leaky_relu(x, 0.30000000000000004));
  expect_layer(nn::Elu{0.7}, x, f::elu(x, 0.7));
  expect_layer(nn::Celu{0.7}, x, f::celu(x, 0.7));
  expect_layer(nn::Gelu{f::Gelu::Tanh}, x, f::gelu(x, f::Gelu::Tanh));
  expect_layer(nn::Softplus{2}, x, f::softplus(x, 2));
  expect_layer(nn::HardSigmoid{0.3, 0.4}, x, f::hard_sigmoid(x, 0.3, 0.4));
  expect_layer(nn::HardTanh{-0.5, 2}, x, f::hardtanh(x, -0.5, 2));
  expect_layer(nn::HardShrink{0.65}, x, f::hardshrink(x, 0.65));
  expect_layer(nn::SoftShrink{0.65}, x, f::softshrink(x, 0.65));
  expect_layer(nn::Shrink{0.65, 0.1}, x, f::shrink(x, 0.65, 0.1));
  expect_layer(nn::Threshold{0.5, 9}, x, f::threshold(x, 0.5, 9));
  expect_layer(nn::ThresholdedRelu{0.5}, x, f::thresholded_relu(x, 0.5));
  expect_layer(nn::Glu{1}, x, f::glu(x, 1));
  expect_layer(nn::Softmax{0}, x, x.softmax(0));
  expect_layer(nn::LogSoftmax{0}, x, x.log_softmax(0));
  using Kind = nn::ActivationKind;
  expect_layer(nn::Activation{Kind::Identity}, x, x);
  expect_layer(nn::Activation{Kind::Relu}, x, f::relu(x));
  expect_layer(nn::Activation{Kind::Gelu}, x, f::gelu(x));
  expect_layer(nn::Activation{Kind::GeluTanh}, x, f::gelu(x, f::Gelu::Tanh));
  expect_layer(nn::Activation{Kind::Silu}, x, f::silu(x));
  expect_layer(nn::Activation{Kind::Mish}, x, f::mish(x));
  expect_layer(nn::Activation{Kind::Selu}, x, f::selu(x));
  expect_layer(nn::Activation{Kind::Elu}, x, f::elu(x));
  expect_layer(nn::Activation{Kind::Sigmoid}, x, f::sigmoid(x));
  expect_layer(nn::Activation{Kind::Tanh}, x, x.tanh());
  expect_layer(nn::Activation{Kind::HardSwish}, x, f::hardswish(x));
}

TEST(Settings, PoolsAreTheirFunctions) {
  const auto x = picture();
  expect_layer(nn::MaxPool2d{.kernel_size = {3, 2}}, x, f::max_pool2d(x, {3, 2}));
  expect_layer(
      nn::MaxPool2d{.kernel_size = {3, 2}, .stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true}, x,
      f::max_pool2d(x, {3, 2}, {.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true}));
  expect_layer(
      nn::AvgPool2d{.kernel_size = 3, .stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}, x,
      f::avg_pool2d(x, 3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}));
  expect_layer(nn::AdaptiveAvgPool2d{.output_size = {4, 5}}, x, f::adaptive_avg_pool2d(x, {4, 5}));
  expect_layer(nn::AdaptiveMaxPool2d{.output_size = {4, 5}}, x, f::adaptive_max_pool2d(x, {4, 5}));
  const auto line = x.select(0, Tensor<Cpu, 1, Int>::from_data({0})).squeeze_dim(0).narrow(0, 0, 2);  // [2, 6, 6]
  expect_layer(nn::MaxPool1d{.kernel_size = 2}, line, f::max_pool1d(line, 2));
  expect_layer(nn::AvgPool1d{.kernel_size = 2}, line, f::avg_pool1d(line, 2));
  const auto block = x.unsqueeze_dim(0);
  expect_layer(nn::MaxPool3d{.kernel_size = 2}, block, f::max_pool3d(block, 2));
  expect_layer(nn::AdaptiveAvgPool3d{.output_size = 2}, block, f::adaptive_avg_pool3d(block, 2));
  EXPECT_THROW(nn::MaxPool2d{.kernel_size = 0}.init(), ValueError);
}

TEST(Settings, LayersThatMoveElementsAreTheirFunctions) {
  const auto x = picture();
  expect_layer(nn::Identity(), x, x);
  expect_layer(nn::Flatten(), x, x.flatten<2>(1));
  expect_layer(nn::PixelShuffle{2}, x, f::pixel_shuffle(x, 2));
  expect_layer(nn::PixelUnshuffle{3}, x, f::pixel_unshuffle(x, 3));
  expect_layer(nn::RotaryEncoding{100}, x, f::rope(x, {.theta = 100}));
  expect_equal(nn::RotaryEncoding{100}.forward(x, 5), f::rope(x, {.theta = 100, .offset = 5}));
}

TEST(Settings, SequentialAppliesItsLayersInTurn) {
  const auto fc1 = nn::LinearConfig{.d_input = 36, .d_output = 5}.init<Taped>({Device(), DType::F64});
  const auto fc2 = nn::LinearConfig{.d_input = 5, .d_output = 2}.init<Taped>({Device(), DType::F64});
  const auto net = nn::sequential(nn::Flatten(), fc1, nn::Tanh(), fc2);
  const auto x = Tensor<Taped, 3>::random({3, 6, 6}, Distribution::standard(), Device(), DType::F64);
  expect_equal(net.forward(x), fc2.forward(fc1.forward(x.flatten<2>(1)).tanh()));
  EXPECT_EQ(paths(nn::state_of(net)),
            (std::vector<std::string>{"layers.1.weight", "layers.1.bias", "layers.3.weight", "layers.3.bias"}));
  expect_equal(nn::valid(net).forward(x.inner()), net.forward(x).inner());
}

TEST(Settings, DropoutLosesItsShareAndKeepsTheMean) {
  manual_seed(3);
  const auto x = Tensor<Taped, 3>::ones({50, 40, 20});
  const auto y = nn::Dropout{0.25}.forward(x);
  // 40000 draws: the share of zeros is within 5 deviations, sqrt(p q / n) = 0.0022.
  EXPECT_NEAR(static_cast<double>(y.equal(0).to_int().sum().into_scalar()) / 40000, 0.25, 0.011);
  EXPECT_NEAR(y.mean().into_scalar(), 1, 0.015);
  const auto channels = nn::Dropout2d{0.5}.forward(x).sum_dim(2);
  EXPECT_EQ(channels.equal(0).to_int().sum().into_scalar() + channels.equal(40).to_int().sum().into_scalar(), 2000);
  EXPECT_NEAR(nn::AlphaDropout{0.25}
                  .forward(Tensor<Taped, 1>::random({40000}, Distribution::normal(0, 1)))
                  .mean()
                  .into_scalar(),
              0, 0.03);
  EXPECT_NEAR(nn::GaussianNoise{0.5}.forward(x).sub(x).square().mean().into_scalar(), 0.25, 0.01);
  expect_equal(nn::GaussianNoise{0.5}.forward(x.inner()), x.inner());
}

TEST(Settings, LossesAreTheirFunctions) {
  const auto x = values(),
             t = Tensor<Cpu, 2>::from_data({{0.1, 0.9, 0.4, 0.3}, {0.7, 0.2, 0.6, 0.8}}, Device(), DType::F64);
  const auto p = x.sigmoid(), v = t + 0.5, signs = x.sign();
  expect_equal(nn::MseLoss().forward(x, t), f::mse_loss(x, t));
  expect_equal(nn::MseLoss().forward<f::Reduction::None>(x, t), f::mse_loss<f::Reduction::None>(x, t));
  expect_equal(nn::L1Loss().forward<f::Reduction::Sum>(x, t), f::l1_loss<f::Reduction::Sum>(x, t));
  expect_equal(nn::SmoothL1Loss{0.5}.forward(x, t), f::smooth_l1_loss(x, t, 0.5));
  expect_equal(nn::HuberLoss{0.5}.forward(x, t), f::huber_loss(x, t, 0.5));
  expect_equal(nn::LpLoss{3}.forward(x, t), f::lp_loss(x, t, 3));
  expect_equal(nn::KlDivLoss{true}.forward<f::Reduction::BatchMean>(x, t),
               f::kl_div<f::Reduction::BatchMean>(x, t, true));
  expect_equal(nn::PoissonNllLoss{false, true, 0.1}.forward(p, t),
               f::poisson_nll_loss(p, t, {.log_input = false, .full = true, .eps = 0.1}));
  expect_equal(nn::GaussianNllLoss{true, 0.1}.forward(x, t, v),
               f::gaussian_nll_loss(x, t, v, {.full = true, .eps = 0.1}));
  expect_equal(nn::BinaryCrossEntropyLoss().forward(p, t), f::bce_loss(p, t));
  expect_equal(nn::BinaryCrossEntropyLoss{.logits = true, .smoothing = 0.2}.forward(x, t),
               f::bce_with_logits(x, t * 0.8 + 0.1));
  expect_equal(nn::FocalLoss{.alpha = std::nullopt, .gamma = 3}.forward(x, t),
               f::focal_loss(x, t, {.alpha = std::nullopt, .gamma = 3}));
  expect_equal(nn::DiceLoss{0.5}.forward(p, t), f::dice_loss(p, t, 0.5));
  expect_equal(nn::InfoNceLoss{0.5, true}.forward(x, t), f::info_nce(x, t, {.temperature = 0.5, .symmetric = true}));
  const auto classes = Tensor<Cpu, 1, Int>::from_data({2, 0});
  expect_equal(nn::MultiMarginLoss{2, 0.5}.forward(x, classes),
               f::multi_margin_loss(x, classes, {}, {.p = 2, .margin = 0.5}));
  expect_equal(nn::HingeEmbeddingLoss{0.5}.forward(x, signs), f::hinge_embedding_loss(x, signs, 0.5));
  expect_equal(nn::SoftMarginLoss().forward(x, signs), f::soft_margin_loss(x, signs));
  expect_equal(nn::MarginRankingLoss{0.5}.forward(x, t, signs), f::margin_ranking_loss(x, t, signs, 0.5));
  expect_equal(nn::TripletMarginLoss{0.5, 3, 1e-3, true}.forward(x, t, v),
               f::triplet_margin_loss(x, t, v, {.margin = 0.5, .p = 3, .eps = 1e-3, .swap = true}));
  const auto near = Tensor<Cpu, 1, Int>::from_data({1, -1});
  expect_equal(nn::CosineEmbeddingLoss{0.2}.forward(x, t, near), f::cosine_embedding_loss(x, t, near, 0.2));
  const auto log_probs = picture().narrow(0, 0, 1).squeeze_dim(0).narrow(2, 0, 3).log_softmax(2);  // [4, 6, 3]
  const auto targets = Tensor<Cpu, 2, Int>::from_data({{1, 0}, {0, 1}, {1, 1}, {0, 0}, {1, 0}, {0, 1}});
  const auto inputs = Tensor<Cpu, 1, Int>::from_data({4, 4, 4, 4, 4, 4}),
             lengths = Tensor<Cpu, 1, Int>::from_data({2, 2, 2, 2, 1, 1});
  expect_equal(nn::CtcLoss{2, true}.forward(log_probs, targets, inputs, lengths),
               f::ctc_loss(log_probs, targets, inputs, lengths, {.blank = 2, .zero_infinity = true}));
  EXPECT_EQ(message_of<ValueError>([] { nn::HuberLoss{0}.init(); }), "HuberLoss: delta is 0; must be positive");
}

}  // namespace
}  // namespace fornax::test
