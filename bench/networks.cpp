// Networks and training steps, written as a user would: modules, losses, optimizers.

#include "workloads.hpp"

namespace {

// --- Parameters by their definition -----------------------------------------------------------------------------------

float fan_in_scale(std::int64_t fan_in) { return 1.0f / std::sqrt(static_cast<float>(fan_in)); }

template <class B> nn::Linear<B> linear(std::int64_t in, std::int64_t out, std::uint64_t seed, bool bias = true) {
  const float scale = fan_in_scale(in);
  // The definition numbers the weight's elements as [out, in].
  std::vector<float> values(static_cast<std::size_t>(in * out));
  for (std::int64_t i = 0; i < in; ++i)
    for (std::int64_t j = 0; j < out; ++j)
      values[static_cast<std::size_t>(i * out + j)] =
          bench::uniform(seed, static_cast<std::uint64_t>(j * in + i), scale);
  nn::Linear<B> layer{Tensor<B, 2>::from_data(TensorData(values, Shape{in, out})), {}};
  if (bias) layer.bias = uni<Tensor<B, 1>>({out}, seed + 1, scale);
  return layer;
}

nn::Conv2d<AD> conv3x3(std::int64_t in, std::int64_t out, std::uint64_t seed, std::int64_t padding, bool bias) {
  nn::Conv2d<AD> layer{};
  layer.weight = uni<Tracked<4>>({out, in, 3, 3}, seed, fan_in_scale(in * 9));
  if (bias) layer.bias = uni<Tracked<1>>({out}, seed + 1, fan_in_scale(in * 9));
  layer.padding = padding;
  return layer;
}

/// Every parameter of a module starts to be tracked.
template <class M> M tracked(M module) {
  nn::unfreeze(module);
  return module;
}

/// Runs three steps on the fresh model for the check value, then times.
template <class M, class Step> void train(const Options& o, Report& r, M& model, Step step) {
  const long inputs = bench::inputs_are_made();
  double loss = 0;
  for (int i = 0; i < 3; ++i) loss = step();
  add_check(r, "loss_step3", loss);
  r.stats = bench::time_it(o, [&] { step(); });
  r.stats.inputs_rss_kb = inputs;
  for (const nn::NamedParameter& p : nn::parameters_of(model)) add_bits(r, *p.array);
}

/// A step: forward, the loss read, backward, the update.
template <class M, class O, class Loss> double step(M& model, O& optimizer, const Loss& loss_of) {
  auto loss = loss_of(model);
  const double value = loss.into_scalar();
  optimizer.step(model, std::move(loss).backward());
  return value;
}

// --- Perceptron -------------------------------------------------------------------------------------------------------

template <class B> struct Mlp {
  nn::Linear<B> l1 = linear<B>(784, 512, 10), l2 = linear<B>(512, 512, 20), l3 = linear<B>(512, 10, 30);
  FORNAX_MODULE(Mlp, l1, l2, l3)

  Tensor<B, 2> forward(const Tensor<B, 2>& x) const {
    return l3.forward(l2.forward(l1.forward(x, UnaryFn::Relu), UnaryFn::Relu));
  }
};

Report mlp_train_step(const Options& o) {
  Report r = start();
  auto net = tracked(Mlp<AD>());
  const auto x = uni<Tracked<2>>({128, 784}, 1);
  const auto t = classes<AD>(128, 2, 10);
  optim::Adam adam({.lr = 1e-3});
  train(o, r, net,
        [&] { return step(net, adam, [&](const auto& m) { return functional::cross_entropy(m.forward(x), t); }); });
  r.flops = 2.0 * 128 * (2.0 * 668672 + 267264);
  return r;
}

Report mlp_inference_b1(const Options& o) {
  Report r = start();
  const Mlp<Base> net;
  const auto x = uni<Plain<2>>({1, 784}, 1);
  Plain<2> y;
  r.stats = bench::time_it(o, [&] { y = net.forward(x); });
  r.flops = 2.0 * 668672;
  add_abs(r, "y_abs", y);
  return r;
}

/// The same network with weights of 8 bits.
Report mlp_inference_b1_int8(const Options& o) {
  Report r = start();
  const Mlp<Base> net;
  const auto l1 = nn::quantize(net.l1), l2 = nn::quantize(net.l2), l3 = nn::quantize(net.l3);
  const auto x = uni<Plain<2>>({1, 784}, 1);
  Plain<2> y;
  r.stats = bench::time_it(o, [&] { y = l3.forward(l2.forward(l1.forward(x).relu()).relu()); });
  r.flops = 2.0 * 668672;
  add_abs(r, "y_abs", y);
  return r;
}

// --- Pictures ---------------------------------------------------------------------------------------------------------

struct Cnn {
  nn::Conv2d<AD> c1 = conv3x3(1, 32, 10, 0, true), c2 = conv3x3(32, 64, 20, 0, true);
  nn::Linear<AD> l1 = linear<AD>(9216, 128, 30), l2 = linear<AD>(128, 10, 40);
  FORNAX_MODULE(Cnn, c1, c2, l1, l2)

  Tracked<2> forward(const Tracked<4>& x) const {
    const auto features = functional::max_pool2d(c2.forward(c1.forward(x, UnaryFn::Relu), UnaryFn::Relu), 2);
    return l2.forward(l1.forward(features.reshape({features.dims()[0], 9216}), UnaryFn::Relu));
  }
};

Report cnn_train_step(const Options& o) {
  Report r = start();
  auto net = tracked(Cnn());
  const std::int64_t batch = sized(o, 64, 8);
  const auto x = uni<Tracked<4>>({batch, 1, 28, 28}, 1);
  const auto t = classes<AD>(batch, 2, 10);
  optim::Sgd sgd({.lr = 0.01, .momentum = 0.9});
  train(o, r, net,
        [&] { return step(net, sgd, [&](const auto& m) { return functional::cross_entropy(m.forward(x), t); }); });
  const double c1 = 2.0 * 64 * 26 * 26 * 32 * 9, c2 = 2.0 * 64 * 24 * 24 * 64 * 32 * 9;
  const double f1 = 2.0 * 64 * 9216 * 128, f2 = 2.0 * 64 * 128 * 10;
  r.flops = 2 * c1 + 3 * (c2 + f1 + f2);
  return r;
}

struct ResnetBlock {
  nn::Conv2d<AD> c1 = conv3x3(64, 64, 10, 1, false), c2 = conv3x3(64, 64, 20, 1, false);
  nn::BatchNorm<AD> b1 = nn::BatchNormConfig{64}.init<AD>(), b2 = nn::BatchNormConfig{64}.init<AD>();
  FORNAX_MODULE(ResnetBlock, c1, c2, b1, b2)

  Tracked<4> forward(const Tracked<4>& x) const {
    return (b2.forward(c2.forward(b1.forward(c1.forward(x)).relu())) + x).relu();
  }
};

Report resnet_block_fb(const Options& o) {
  Report r = start();
  const auto block = tracked(ResnetBlock());
  const Shape shape{sized(o, 16, 2), 64, 56, 56};
  const auto x = uni<Tracked<4>>(shape, 1).require_grad();
  const auto g = uni<Plain<4>>(shape, 2);
  Gradients<AD> gradients;
  Plain<4> y;
  const auto fb = [&] {
    gradients = {};
    auto out = block.forward(x);
    y = out.inner();
    gradients = std::move(out).backward(g);
  };
  const long inputs = bench::inputs_are_made();
  fb();
  add_abs(r, "y_abs", y);
  add_abs(r, "gx_abs", *x.grad(gradients));
  add_abs(r, "gw1_abs", *block.c1.weight.grad(gradients));
  r.stats = bench::time_it(o, fb);
  r.stats.inputs_rss_kb = inputs;
  r.flops = 3.0 * 2.0 * 2.0 * 16 * 56 * 56 * 64 * 64 * 9;
  return r;
}

// --- Sequences --------------------------------------------------------------------------------------------------------

nn::LayerNorm<AD> layer_norm() { return nn::LayerNormConfig{.d_model = 256}.init<AD>(); }

struct Block {
  nn::LayerNorm<AD> n1 = layer_norm(), n2 = layer_norm();
  nn::Linear<AD> qkv, proj, f1, f2;
  FORNAX_MODULE(Block, n1, n2, qkv, proj, f1, f2)

  explicit Block(std::uint64_t s)
      : qkv(linear<AD>(256, 768, s)),
        proj(linear<AD>(256, 256, s + 2)),
        f1(linear<AD>(256, 1024, s + 4)),
        f2(linear<AD>(1024, 256, s + 6)) {}

  Tracked<3> forward(const Tracked<3>& x) const {
    const auto [batch, length, width] = x.dims();
    const auto h = qkv.forward(n1.forward(x)).reshape({batch, length, 3, 4, 64}).permute({2, 0, 3, 1, 4});
    const auto part = [&](std::int64_t i) { return h.narrow(0, i, 1).squeeze_dim(0); };
    const auto a = functional::scaled_dot_product_attention(part(0), part(1), part(2), {.causal = true});
    const auto y = x + proj.forward(a.swap_dims(1, 2).reshape({batch, length, width}));
    return y + f2.forward(f1.forward(n2.forward(y), UnaryFn::Gelu));
  }
};

struct Gpt {
  nn::Embedding<AD> tok{uni<Tracked<2>>({1000, 256}, 11, 0.05f)};
  Tracked<2> pos = uni<Tracked<2>>({128, 256}, 12, 0.02f);
  std::vector<Block> blocks;
  nn::LayerNorm<AD> nf = layer_norm();
  nn::Linear<AD> head = linear<AD>(256, 1000, 13, false);
  FORNAX_MODULE(Gpt, tok, pos, blocks, nf, head)

  explicit Gpt(std::uint64_t depth) {
    for (std::uint64_t i = 0; i < depth; ++i) blocks.emplace_back(100 + 10 * i);
  }
  Tracked<3> forward(const Tensor<AD, 2, Int>& ids) const {
    auto x = tok.forward(ids) + pos.unsqueeze<3>();
    for (const Block& block : blocks) x = block.forward(x);
    return head.forward(nf.forward(x));
  }
};

Report transformer_train_step(const Options& o, DType products_in) {
  Report r = start();
  auto net = tracked(Gpt(o.small ? 1 : 4));
  const std::int64_t batch = sized(o, 8, 2);
  const auto ids = classes<AD>(batch * 128, 1, 1000).reshape({batch, 128});
  const auto t = classes<AD>(batch * 128, 2, 1000);
  optim::AdamW adam({.lr = 1e-3, .weight_decay = 0.01});
  train(o, r, net, [&] {
    return step(net, adam, [&](const auto& m) {
      const Autocast precision(products_in);
      return functional::cross_entropy(m.forward(ids).reshape({batch * 128, 1000}), t);
    });
  });
  const double products = 2.0 * 1024 * (4.0 * 786432 + 256000), attention = 4.0 * 2.0 * 8 * 4 * 128 * 128 * 64;
  r.flops = 3.0 * (products + attention);  // causal attention counted as half of the square
  return r;
}

Report attention_fb(const Options& o) {
  Report r = start();
  const Shape shape{sized(o, 4, 1), 8, sized(o, 1024, 256), 64};
  const auto part = [&](std::uint64_t seed) { return uni<Tracked<4>>(shape, seed).require_grad(); };
  const auto q = part(1), k = part(2), v = part(3);
  const auto g = uni<Plain<4>>(shape, 4);
  Gradients<AD> gradients;
  Plain<4> y;
  r.stats = bench::time_it(o, [&] {
    gradients = {};
    auto out = functional::scaled_dot_product_attention(q, k, v, {.causal = true});
    y = out.inner();
    gradients = std::move(out).backward(g);
  });
  r.flops = 6.0 * 2.0 * 32 * 1024.0 * 1024.0 * 64 / 2;  // six products, causal half
  add_abs(r, "y_abs", y);
  add_abs(r, "gq_abs", *q.grad(gradients));
  add_abs(r, "gk_abs", *k.grad(gradients));
  add_abs(r, "gv_abs", *v.grad(gradients));
  return r;
}

struct LstmNet {
  nn::Lstm<AD> lstm = nn::LstmConfig{.d_input = 128, .d_hidden = 256, .batch_first = false}.init<AD>();
  nn::Linear<AD> head = linear<AD>(256, 10, 30);
  FORNAX_MODULE(LstmNet, lstm, head)

  LstmNet() {
    auto& layer = lstm.layers[0];
    const float scale = fan_in_scale(256);
    layer.weight_input = uni<Tracked<2>>({1024, 128}, 10, scale);
    layer.weight_hidden = uni<Tracked<2>>({1024, 256}, 11, scale);
    layer.bias_input = uni<Tracked<1>>({1024}, 12, scale);
    layer.bias_hidden = uni<Tracked<1>>({1024}, 13, scale);
  }
  Tracked<2> forward(const Tracked<3>& x) const { return head.forward(lstm.forward(x).h.squeeze_dim(0)); }
};

Report lstm_train_step(const Options& o) {
  Report r = start();
  auto net = tracked(LstmNet());
  const std::int64_t batch = sized(o, 32, 8);
  const auto x = uni<Tracked<3>>({sized(o, 64, 16), batch, 128}, 1);
  const auto t = classes<AD>(batch, 2, 10);
  optim::Adam adam({.lr = 1e-3});
  train(o, r, net,
        [&] { return step(net, adam, [&](const auto& m) { return functional::cross_entropy(m.forward(x), t); }); });
  const double ih = 2.0 * 64 * 32 * 128 * 1024, hh = 2.0 * 64 * 32 * 256 * 1024;
  r.flops = 2 * ih + 3 * hh;
  return r;
}

}  // namespace

void add_networks(Table& table) {
  table["mlp_train_step"] = mlp_train_step;
  table["mlp_inference_b1"] = mlp_inference_b1;
  table["mlp_inference_b1_int8"] = mlp_inference_b1_int8;
  table["cnn_train_step"] = cnn_train_step;
  table["resnet_block_fb"] = resnet_block_fb;
  table["transformer_train_step"] = [](const Options& o) { return transformer_train_step(o, DType::F32); };
  table["transformer_train_step_bf16"] = [](const Options& o) { return transformer_train_step(o, DType::BF16); };
  table["attention_fb"] = attention_fb;
  table["lstm_train_step"] = lstm_train_step;
}
