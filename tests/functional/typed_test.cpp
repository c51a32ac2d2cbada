// The typed face: every function once, with the rank of its result.

#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

template <std::size_t D, class K = Float> using T = Tensor<Cpu, D, K>;
using Matrix = T<2>;

Matrix x() { return Matrix::from_data({{0.5, -1.0, 2.0}, {0.25, 3.0, -2.0}}); }
T<1, Int> classes() { return T<1, Int>::from_data({2, 0}); }

template <class Want, class Got> void expect_type(const Got& got) {
  static_assert(std::is_same_v<Want, Got>);
  EXPECT_EQ(static_cast<std::size_t>(got.array().rank()), Got::rank);
}

TEST(Typed, ActivationsKeepTheRank) {
  for (const Matrix& y : {relu(x()),
                          relu6(x()),
                          selu(x()),
                          silu(x()),
                          mish(x()),
                          softsign(x()),
                          functional::sigmoid(x()),
                          log_sigmoid(x()),
                          hardsigmoid(x()),
                          hardswish(x()),
                          tanhshrink(x()),
                          leaky_relu(x()),
                          rrelu(x()),
                          elu(x()),
                          celu(x()),
                          gelu(x()),
                          gelu(x(), Gelu::Tanh),
                          softplus(x()),
                          hard_sigmoid(x()),
                          hardtanh(x()),
                          hardshrink(x()),
                          softshrink(x()),
                          shrink(x()),
                          threshold(x(), 0, 0),
                          thresholded_relu(x()),
                          softmax(x(), 1),
                          log_softmax(x(), 1),
                          softmin(x(), 1),
                          quiet_softmax(x(), 1),
                          gumbel_softmax(x()),
                          dropout(x()),
                          alpha_dropout(x()),
                          feature_dropout(x()),
                          lp_normalize(x()),
                          rms_norm(x()),
                          layer_norm(x(), {3}),
                          fake_quantize(x(), {}),
                          prelu(x(), T<1>::from_data({0.1}))})
    EXPECT_EQ(y.shape(), (Shape{2, 3}));
  expect_type<Matrix>(glu(x(), 0));
  expect_type<Matrix>(swiglu(x(), Matrix::ones({3, 4}), Matrix::ones({3, 4})));
}

TEST(Typed, ReductionsDecideTheRank) {
  expect_type<T<1>>(mse_loss(x(), x()));
  expect_type<T<2>>(mse_loss<Reduction::None>(x(), x()));
  expect_type<T<1>>(cross_entropy(x(), classes()));
  expect_type<T<1>>(cross_entropy<Reduction::None>(x(), classes(), {}, {.label_smoothing = 0.1}));
  expect_type<T<1>>(cross_entropy(x(), classes(), T<1>::ones({3})));
  expect_type<T<2>>(cross_entropy<Reduction::None>(T<3>::ones({2, 3, 4}), T<2, Int>::zeros({2, 4})));
  expect_type<T<0>>(nll_loss<Reduction::None>(T<1>::ones({3}), T<0, Int>::zeros(Shape{})));
  expect_type<T<1>>(cross_entropy_soft(x(), x()));
  expect_type<T<1>>(cross_entropy_with_logits(x(), x()));
  expect_type<T<2>>(bce_with_logits<Reduction::None>(x(), x(), {}, T<1>::ones({3})));
  expect_type<T<1>>(bce_loss(functional::sigmoid(x()), functional::sigmoid(x()), Matrix::ones({2, 3})));
  for (const T<1>& loss :
       {l1_loss(x(), x()),
        smooth_l1_loss(x(), x()),
        huber_loss(x(), x()),
        lp_loss(x(), x()),
        kl_div(x(), x()),
        poisson_nll_loss(x(), x()),
        gaussian_nll_loss(x(), x(), T<1>::ones({2})),
        focal_loss(x(), x()),
        dice_loss(x(), x()),
        info_nce(x(), x()),
        cosine_embedding_loss(x(), x(), T<1, Int>::ones({2})),
        hinge_embedding_loss(x(), T<2, Int>::ones({2, 3})),
        margin_ranking_loss(x(), x(), x()),
        soft_margin_loss(x(), x()),
        multi_margin_loss(x(), classes()),
        multilabel_margin_loss(x(), T<2, Int>::zeros({2, 3})),
        multilabel_soft_margin_loss(x(), x()),
        triplet_margin_loss(x(), x(), x()),
        ctc_loss(T<3>::zeros({2, 1, 3}), T<1, Int>::ones({1}), T<1, Int>::full({1}, 2), T<1, Int>::ones({1})),
        ctc_loss_from_logits(T<3>::zeros({2, 1, 3}), T<2, Int>::ones({1, 1}), T<1, Int>::full({1}, 2),
                             T<1, Int>::ones({1}))})
    EXPECT_EQ(loss.shape(), Shape{1});
  expect_type<T<1>>(cosine_similarity(x(), x()));
  expect_type<T<1>>(pairwise_distance(x(), x()));
  expect_type<T<2>>(cdist(x(), x()));
}

TEST(Typed, LayersTakeOptionalTensors) {
  const T<1> v = T<1>::ones({3});
  expect_type<Matrix>(linear(x(), Matrix::ones({4, 3})));
  expect_type<Matrix>(linear(x(), Matrix::ones({4, 3}), T<1>::ones({4})));
  expect_type<Matrix>(linear_io(x(), Matrix::ones({3, 4}), std::nullopt));
  expect_type<Matrix>(bilinear(x(), x(), T<3>::ones({2, 3, 3}), T<1>::ones({2})));
  expect_type<Matrix>(layer_norm(x(), v, v));
  expect_type<Matrix>(group_norm(x(), 3, v));
  expect_type<T<3>>(instance_norm(T<3>::ones({1, 2, 4}), {}, T<1>::ones({2})));
  expect_type<Matrix>(local_response_norm(x(), {.size = 2}));
  const auto r = batch_norm(x(), v, v, T<1>::zeros({3}), v, {.momentum = 0.5});
  expect_type<Matrix>(r.output);
  EXPECT_EQ(r.running_mean->shape(), Shape{3});
  EXPECT_FALSE(batch_norm(x(), {}, {}, {}, {}).running_var.has_value());
  expect_type<T<3>>(embedding(x(), T<2, Int>::zeros({4, 5}), 1));
  expect_type<Matrix>(embedding_bag(x(), T<2, Int>::zeros({4, 5}), Bag::Sum));
  expect_type<T<2, Int>>(one_hot(classes(), 3));
  expect_type<T<2, Int>>(quantize_affine(x(), {}));
  expect_type<Matrix>(dequantize_affine(quantize_affine(x(), {}), {}));
  expect_type<T<2, Int>>(categorical(x().abs(), {.samples = 4}));
  expect_type<T<2, Int>>(categorical_from_logits(x()));
  expect_type<T<2, Int>>(cartesian_prod({classes(), classes()}));
  expect_type<T<3, Int>>(cartesian_grid<Cpu>({2, 3}));
  // A tensor that was moved from is no missing one.
  T<1> gone = T<1>::ones({4});
  const T<1> taken = std::move(gone) + 1.0;
  EXPECT_THROW(linear(x(), Matrix::ones({4, 3}), gone), ValueError);
}

TEST(Typed, AttentionTakesMasksOfBothKinds) {
  const T<4> q = T<4>::ones({1, 2, 3, 4});
  expect_type<T<4>>(scaled_dot_product_attention(q, q, q, {.causal = true}));
  expect_type<T<4>>(scaled_dot_product_attention(q, q, q, T<2, Bool>::full({3, 3}, true)));
  expect_type<T<4>>(scaled_dot_product_attention(q, q, q, T<4>::zeros({1, 1, 3, 3}), {.scale = 1}));
  const Array w = Matrix::ones({4, 4}).array();
  const MultiHeadWeights weights{w, {}, w, {}, w, {}, w, {}};
  const T<3> s = T<3>::ones({1, 3, 4});
  expect_type<T<3>>(multi_head_attention(s, s, s, weights, 2));
  expect_type<T<3>>(multi_head_attention(s, s, s, weights, 2, T<2>::zeros({3, 3})));
  expect_type<T<4>>(rope(q, {.offset = 2}));
  expect_type<T<3>>(alibi_bias(q, 2, 3, 3));
}

TEST(Typed, RecurrentNetworksTakeTypedWeights) {
  const auto weights = [](std::int64_t gates) {
    return std::vector<TypedRecurrentWeights<Cpu>>{
        {Matrix::ones({2 * gates, 3}), Matrix::ones({2 * gates, 2}), T<1>::ones({2 * gates}), {}}};
  };
  const T<3> s = T<3>::ones({4, 1, 3});
  expect_type<T<3>>(rnn(s, {}, weights(1), Rnn::Relu).output);
  expect_type<T<3>>(gru(s, T<3>::ones({1, 1, 2}), weights(3)).h);
  expect_type<T<3>>(lstm(s, {}, {}, weights(4)).c);
  const Matrix step = Matrix::ones({1, 3}), h = Matrix::ones({1, 2});
  expect_type<Matrix>(rnn_cell(step, h, weights(1)[0]));
  expect_type<Matrix>(gru_cell(step, h, weights(3)[0]));
  expect_type<Matrix>(lstm_cell(step, h, h, weights(4)[0]).second);
}

TEST(Typed, LayoutsNameTheirRanks) {
  expect_type<Matrix>(pad(x(), {{1, 1}, {0, 2}}, {.mode = PadMode::Replicate}));
  expect_type<Matrix>(movedim(x(), {0}, {1}));
  expect_type<T<3>>(tile(x(), {2, 1, 1}));
  expect_type<Matrix>(repeat_interleave(x(), 2, 1));
  expect_type<Matrix>(repeat_interleave(x(), {1, 2}));
  expect_type<Matrix>(roll(x(), {1, 2}, {0, 1}));
  expect_type<Matrix>(rot90(x()));
  expect_type<T<1>>(diagonal(x()));
  expect_type<T<3>>(diag_embed(x()));
  expect_type<T<3>>(unfold_dim(x(), 1, 2));
  EXPECT_EQ(functional::split(x(), {1, 2}, 1).size(), 2u);
  const auto [rows, columns] = meshgrid(std::array{T<1>::ones({2}), T<1>::ones({5})});
  expect_type<Matrix>(rows);
  EXPECT_EQ(columns.shape(), (Shape{2, 5}));
}

TEST(Typed, TrainsOnAutodiff) {
  using Ad = Autodiff<Cpu>;
  const auto w = Tensor<Ad, 2>::from_data({{0.5, -1.0, 2.0}, {0.25, 3.0, -2.0}}).require_grad();
  const auto in = Tensor<Ad, 2>::from_data({{1.0, 2.0, 3.0}});
  const auto loss = cross_entropy(linear(in, w), Tensor<Ad, 1, Int>::from_data({1}));
  const auto g = w.grad(loss.backward());
  // softmax of (4.5, 0.25) minus one-hot, times the input.
  const double p = 1 / (1 + std::exp(0.25 - 4.5));
  g->to_data().convert(DType::F64).assert_approx_eq(TensorData({{p, 2 * p, 3 * p}, {-p, -2 * p, -3 * p}}), 1e-6);
}

}  // namespace
}  // namespace fornax::test
