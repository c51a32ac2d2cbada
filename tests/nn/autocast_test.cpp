// Mixed precision: which operations get which dtype, and what networks make of it.

#include <cmath>
#include <thread>

#include <nn/networks.hpp>

namespace fornax::test {
namespace {

using T2 = Tensor<Cpu, 2>;

T2 some(std::int64_t rows, std::int64_t columns) { return T2::random({rows, columns}, Distribution::uniform(-1, 1)); }
DType dtype_of(const Array& x) { return x.dtype(); }

TEST(Autocast, GivesEachOperationItsPrecision) {
  const T2 x = some(4, 4), low = x.cast(DType::BF16), wide = x.cast(DType::F64);
  const Autocast scope(DType::BF16);
  EXPECT_EQ(dtype_of(x.matmul(x).array()), DType::BF16);
  EXPECT_EQ(dtype_of(x.matmul(low).array()), DType::BF16);
  EXPECT_EQ(dtype_of(functional::linear_io(x, x, std::optional(Tensor<Cpu, 1>::ones({4}))).array()), DType::BF16);
  EXPECT_EQ(dtype_of(low.sum().array()), DType::F32);
  EXPECT_EQ(dtype_of(low.exp().array()), DType::F32);
  EXPECT_EQ(dtype_of(low.softmax(1).array()), DType::F32);
  EXPECT_EQ(dtype_of(low.powf(2.5).array()), DType::F32);
  EXPECT_EQ(dtype_of(low.relu().array()), DType::BF16);
  EXPECT_EQ(dtype_of((low + low).array()), DType::BF16);
  EXPECT_EQ(dtype_of((low + x).array()), DType::F32);
  EXPECT_EQ(dtype_of((low * x.narrow(0, 0, 1)).array()), DType::F32);
  EXPECT_EQ(dtype_of((low * 2.0).array()), DType::BF16);
  EXPECT_EQ(dtype_of(T2::cat({x, low}, 0).array()), DType::F32);
  EXPECT_EQ(dtype_of(wide.matmul(wide).array()), DType::F64);
  EXPECT_EQ(dtype_of(wide.softmax(1).array()), DType::F64);
}

TEST(Autocast, ComputesWhatTheCastsByHandGive) {
  const T2 a = some(5, 7), b = some(7, 3);
  const auto by_hand = a.cast(DType::F16).matmul(b.cast(DType::F16));
  const Autocast scope(DType::F16);
  EXPECT_EQ(a.matmul(b).array().to_data(), by_hand.array().to_data());
}

TEST(Autocast, EndsWithItsScopeAndItsThread) {
  const T2 x = some(2, 2), low = x.cast(DType::BF16);
  {
    const Autocast scope(DType::BF16);
    DType elsewhere{};
    std::thread([&] { elsewhere = x.matmul(x).dtype(); }).join();
    EXPECT_EQ(elsewhere, DType::F32);
    {
      const Autocast off(DType::F32);
      EXPECT_EQ(x.matmul(x).dtype(), DType::F32);
      EXPECT_THROW(x + low, DTypeError);
    }
    EXPECT_EQ(x.matmul(x).dtype(), DType::BF16);
  }
  EXPECT_EQ(x.matmul(x).dtype(), DType::F32);
  EXPECT_THROW(x + low, DTypeError);
  EXPECT_THROW(x.matmul(low), DTypeError);
}

TEST(Autocast, TakesSixteenBitsOnly) {
  expect_refused<DTypeError>([] { const Autocast scope(DType::F64); }, "Autocast", "f64");
  expect_refused<DTypeError>([] { const Autocast scope(DType::I8); }, "Autocast", "i8");
}

TEST(Autocast, WhatIsGivenAwayIsGone) {
  T2 x = some(2, 2);
  const Autocast scope(DType::BF16);
  const auto y = std::move(x).exp();
  EXPECT_FALSE(x.array().defined());  // NOLINT: as without
  EXPECT_EQ(y.dtype(), DType::F32);
}

// --- Networks ---------------------------------------------------------------------------------------------------------

// The gradients of all parameters, one behind the other.
template <class M, class F> Numbers gradients(M& model, DType dtype, const F& loss_of) {
  manual_seed(3);
  auto loss = [&] {
    const Autocast scope(dtype);
    return loss_of(model);
  }();
  EXPECT_EQ(loss.dtype(), DType::F32);
  const optim::NamedGradients grads = optim::gradients_of(model, std::move(loss).backward());
  Numbers all;
  for (const auto& p : nn::parameters_of(model)) {
    const Array g = grads.find(p.path);
    EXPECT_TRUE(g.defined()) << p.path;
    if (!g.defined()) continue;
    EXPECT_EQ(g.dtype(), DType::F32) << p.path;
    for (const double v : numbers(g)) all.push_back(v);
  }
  return all;
}

double cosine(const Numbers& a, const Numbers& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

// Gradients reach every f32 parameter and point where those of f32 do.
template <class M, class F> void expect_near_full(M model, const F& loss_of) {
  const Numbers full = gradients(model, DType::F32, loss_of);
  for (const DType dtype : {DType::BF16, DType::F16}) {
    const Numbers low = gradients(model, dtype, loss_of);
    ASSERT_EQ(low.size(), full.size());
    EXPECT_GT(cosine(low, full), dtype == DType::F16 ? 0.9999 : 0.999) << name(dtype);
    EXPECT_NE(low, full);
  }
}

template <std::size_t D> Tensor<Taped, D> input(const Index (&shape)[D]) {
  return Tensor<Taped, D>::random(shape, Distribution::uniform(-1, 1));
}

TEST(Autocast, TrainsAConvolutionalNetwork) {
  manual_seed(1);
  using Net = std::tuple<nn::Conv2d<Taped>, nn::BatchNorm<Taped>, nn::ConvTranspose2d<Taped>, nn::GroupNorm<Taped>,
                         nn::Linear<Taped>>;
  Net net{nn::Conv2dConfig{.channels = {2, 4}, .kernel_size = {3, 3}}.init<Taped>(),
          nn::BatchNormConfig{.num_features = 4}.init<Taped>(),
          nn::ConvTranspose2dConfig{.channels = {4, 4}, .kernel_size = {2, 2}}.init<Taped>(),
          nn::GroupNormConfig{.num_groups = 2, .num_channels = 4}.init<Taped>(),
          nn::LinearConfig{.d_input = 4, .d_output = 3}.init<Taped>()};
  const auto x = input({6, 2, 6, 6});
  const auto y = Tensor<Taped, 1, Int>::from_data({0, 1, 2, 2, 1, 0});
  expect_near_full(net, [&](const Net& n) {
    const auto& [conv, batch, up, group, last] = n;
    const auto h = group.forward(up.forward(batch.forward(conv.forward(x)).relu()));
    const auto logits = last.forward(h.mean_dims({2, 3}).reshape({6, 4}));
    EXPECT_EQ(logits.dtype(), detail::autocast_dtype);
    return functional::cross_entropy(logits, y);
  });
  // Statistics stay in f32.
  EXPECT_EQ(std::get<1>(net).running_mean.get().dtype(), DType::F32);
}

TEST(Autocast, TrainsATransformer) {
  manual_seed(2);
  auto net =
      nn::TransformerEncoderConfig{.d_model = 8, .d_ff = 16, .n_heads = 2, .n_layers = 2, .dropout = 0}.init<Taped>();
  const auto x = input({2, 5, 8});
  expect_near_full(net, [&](const auto& n) { return n.forward(x).square().mean(); });
}

TEST(Autocast, TrainsRecurrentNetworks) {
  manual_seed(4);
  const auto x = input({2, 5, 3});
  using Net = std::tuple<nn::Linear<Taped>, nn::Lstm<Taped>, nn::Gru<Taped>>;
  Net net{nn::LinearConfig{.d_input = 3, .d_output = 4}.init<Taped>(),
          nn::LstmConfig{.d_input = 4, .d_hidden = 4}.init<Taped>(),
          nn::GruConfig{.d_input = 4, .d_hidden = 4}.init<Taped>()};
  expect_near_full(net, [&](const Net& n) {
    const auto& [first, lstm, gru] = n;
    return gru.forward(lstm.forward(first.forward(x)).output).output.square().mean();
  });
}

TEST(Autocast, ACheckpointedRegionIsRunAgainAsItWas) {
  manual_seed(5);
  auto net = PerceptronConfig{.in = 8, .hidden = 16, .dropout = 0}.init<Taped>();
  const auto x = input({4, 8});
  const auto plain = gradients(net, DType::BF16, [&](const auto& n) { return n.forward(x).square().sum(); });
  const auto twice = gradients(net, DType::BF16, [&](const auto& n) {
    return checkpoint([&](const Tensor<Taped, 2>& in) { return n.forward(in); }, x).square().sum();
  });
  EXPECT_EQ(plain, twice);
}

TEST(Autocast, BackwardInItsScopeIsThatOutsideOfIt) {
  manual_seed(6);
  auto net = PerceptronConfig{.in = 8, .hidden = 16, .dropout = 0}.init<Taped>();
  const auto x = input({4, 8});
  const auto loss_of = [&](const auto& n) { return n.forward(x).square().sum(); };
  const Numbers outside = gradients(net, DType::BF16, loss_of);
  const Autocast scope(DType::BF16);
  EXPECT_EQ(gradients(net, DType::BF16, loss_of), outside);
}

TEST(Autocast, ReachesTransforms) {
  manual_seed(7);
  const T2 w = some(3, 3), x = some(3, 3);
  const auto f = [](const auto& a, const auto& b) { return a.matmul(b).tanh().square().sum(); };
  const auto slope_in_full = jvp(f, std::tuple(w, x), std::tuple(x, w)).second.into_scalar();
  const auto rows_in_full =
      numbers(vmap([&](const auto& row) { return lift(w, row).matmul(row.unsqueeze_dim(1)).sum(); })(x).array());
  const Autocast scope(DType::BF16);
  EXPECT_EQ(grad(f)(w, x).dtype(), DType::F32);
  EXPECT_NEAR(jvp(f, std::tuple(w, x), std::tuple(x, w)).second.into_scalar(), slope_in_full, 0.05);
  const auto rows =
      numbers(vmap([&](const auto& row) { return lift(w, row).matmul(row.unsqueeze_dim(1)).sum(); })(x).array());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_NEAR(rows[i], rows_in_full[i], 0.03);
}

}  // namespace
}  // namespace fornax::test
