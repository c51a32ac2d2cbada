// Peer benchmark: libtorch (C++ frontend). One process runs one workload.
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "harness.hpp"
#include "sweeps.hpp"

using torch::Tensor;
namespace F = torch::nn::functional;
namespace nn = torch::nn;
using bench::Options;
using bench::Report;

namespace {

Tensor uni(at::IntArrayRef shape, uint64_t seed, float scale = 1.0f) {
  Tensor t = torch::empty(shape);
  bench::fill_uniform(t.data_ptr<float>(), static_cast<size_t>(t.numel()), seed, scale);
  return t;
}
Tensor classes(int64_t n, uint64_t seed, uint64_t c) {
  Tensor t = torch::empty({n}, torch::kLong);
  const auto v = bench::class_vec<int64_t>(static_cast<size_t>(n), seed, c);
  std::memcpy(t.data_ptr<int64_t>(), v.data(), v.size() * sizeof(int64_t));
  return t;
}
void set_param(Tensor& p, uint64_t seed, float scale) {
  torch::NoGradGuard g;
  p.copy_(uni(p.sizes(), seed, scale));
}
void init_linear(nn::Linear& l, uint64_t seed) {
  const float s = 1.0f / std::sqrt(static_cast<float>(l->weight.size(1)));
  set_param(l->weight, seed, s);
  if (l->bias.defined()) set_param(l->bias, seed + 1, s);
}
void init_conv(nn::Conv2d& l, uint64_t seed) {
  const auto& w = l->weight;
  const float s = 1.0f / std::sqrt(static_cast<float>(w.size(1) * w.size(2) * w.size(3)));
  set_param(l->weight, seed, s);
  if (l->bias.defined()) set_param(l->bias, seed + 1, s);
}
void drop_grad(std::initializer_list<Tensor> ts) {
  for (auto t : ts) t.mutable_grad() = Tensor();
}
double sum_d(const Tensor& t) { return t.to(torch::kDouble).sum().item<double>(); }
double abs_d(const Tensor& t) { return t.to(torch::kDouble).abs().sum().item<double>(); }

Report start() {
  Report r;
  bench::reset_peak_rss();
  r.base_rss_kb = bench::rss_kb();
  return r;
}

// ---------------------------------------------------------------- small
Report scalar_example(const Options& o) {
  Report r = start();
  float ga = 0, gb = 0;
  r.stats = bench::time_it(o, [&] {
    Tensor a = torch::full({1}, 10.0f, torch::requires_grad());
    Tensor b = torch::full({1}, 5.0f, torch::requires_grad());
    Tensor c = torch::full({1}, 2.0f);
    Tensor y = a * b + c;
    y.backward();
    ga = a.grad().item<float>();
    gb = b.grad().item<float>();
  });
  r.extra = {{"grad_a", ga}, {"grad_b", gb}};
  return r;
}

// a and b made once, gradients dropped each time: isolates the graph cost.
Report scalar_example_reuse(const Options& o) {
  Report r = start();
  Tensor a = torch::full({1}, 10.0f, torch::requires_grad());
  Tensor b = torch::full({1}, 5.0f, torch::requires_grad());
  Tensor c = torch::full({1}, 2.0f);
  float ga = 0, gb = 0;
  r.stats = bench::time_it(o, [&] {
    drop_grad({a, b});
    Tensor y = a * b + c;
    y.backward();
    ga = a.grad().data_ptr<float>()[0];
    gb = b.grad().data_ptr<float>()[0];
  });
  r.extra = {{"grad_a", ga}, {"grad_b", gb}};
  return r;
}

// One eager add of two 1-element tensors, no gradient: the price of one op.
Report op_dispatch(const Options& o) {
  Report r = start();
  torch::InferenceMode g;
  Tensor a = torch::full({1}, 10.0f), b = torch::full({1}, 5.0f), c;
  r.stats = bench::time_it(o, [&] { c = a + b; });
  r.extra = {{"sum", c.item<float>()}};
  return r;
}

Report linear_neuron(const Options& o) {
  Report r = start();
  float last = 0;
  r.stats = bench::time_it(o, [&] {
    Tensor x = torch::full({1}, 2.0f), target = torch::full({1}, 10.0f);
    Tensor w = torch::full({1}, 3.0f, torch::requires_grad());
    Tensor b = torch::full({1}, 1.0f, torch::requires_grad());
    const float lr = 0.01f;
    for (int i = 0; i < 100; ++i) {
      Tensor y = x * w + b;
      Tensor loss = (y - target).pow(2).mean();
      loss.backward();
      w = (w - lr * w.grad()).detach().requires_grad_();
      b = (b - lr * b.grad()).detach().requires_grad_();
      last = loss.item<float>();
    }
  });
  r.extra = {{"final_loss", last}};
  return r;
}

// ---------------------------------------------------------------- elementwise
Tensor chain(const Tensor& a, const Tensor& b, const Tensor& c) {
  return (torch::tanh(a * b + c) * torch::sigmoid(a) - b).sum();
}
Report elementwise_chain(const Options& o, bool bwd) {
  Report r = start();
  const int64_t n = 16 << 20;
  Tensor a = uni({n}, 1), b = uni({n}, 2), c = uni({n}, 3);
  double y = 0;
  if (!bwd) {
    torch::NoGradGuard g;
    r.stats = bench::time_it(o, [&] { y = chain(a, b, c).item<float>(); });
  } else {
    a.requires_grad_(), b.requires_grad_(), c.requires_grad_();
    r.stats = bench::time_it(o, [&] {
      drop_grad({a, b, c});
      Tensor l = chain(a, b, c);
      l.backward();
      y = l.item<float>();
    });
    r.extra = {{"ga", sum_d(a.grad())}, {"gb", sum_d(b.grad())}, {"gc", sum_d(c.grad())}};
  }
  r.extra.emplace_back("sum", y);
  return r;
}

Report gelu_layernorm(const Options& o) {
  Report r = start();
  Tensor x = uni({4096, 1024}, 1, 2.0f).requires_grad_();
  Tensor w = uni({1024}, 2).requires_grad_(), b = uni({1024}, 3).requires_grad_();
  Tensor ga = uni({1024}, 4).requires_grad_(), be = uni({1024}, 5).requires_grad_();
  Tensor g = uni({4096, 1024}, 6);
  Tensor y;
  r.stats = bench::time_it(o, [&] {
    drop_grad({x, w, b, ga, be});
    y = torch::layer_norm(torch::gelu(x * w + b), {1024}, ga, be, 1e-5);
    y.backward(g);
  });
  r.extra = {{"y_abs", abs_d(y.detach())}, {"gx_abs", abs_d(x.grad())}, {"gw_abs", abs_d(w.grad())}};
  return r;
}

Report softmax_xent(const Options& o, bool bwd) {
  Report r = start();
  Tensor x = uni({8192, 1000}, 1, 4.0f), t = classes(8192, 2, 1000);
  double loss = 0;
  if (!bwd) {
    torch::NoGradGuard g;
    r.stats = bench::time_it(o, [&] { loss = F::cross_entropy(x, t).item<float>(); });
  } else {
    x.requires_grad_();
    r.stats = bench::time_it(o, [&] {
      drop_grad({x});
      Tensor l = F::cross_entropy(x, t);
      l.backward();
      loss = l.item<float>();
    });
    r.extra = {{"gx_abs", abs_d(x.grad())}};
  }
  r.extra.emplace_back("loss", loss);
  return r;
}

// ---------------------------------------------------------------- matmul
Report matmul(const Options& o, int64_t n) {
  Report r = start();
  torch::InferenceMode g;
  Tensor a = uni({n, n}, 1), b = uni({n, n}, 2), c;
  r.stats = bench::time_it(o, [&] { c = torch::matmul(a, b); });
  r.flops = 2.0 * n * n * n;
  r.extra = {{"c_abs", abs_d(c)}};
  return r;
}
Report matmul_fb(const Options& o, int64_t n) {
  Report r = start();
  Tensor a = uni({n, n}, 1).requires_grad_(), b = uni({n, n}, 2).requires_grad_();
  Tensor g = uni({n, n}, 3), c;
  r.stats = bench::time_it(o, [&] {
    drop_grad({a, b});
    c = torch::matmul(a, b);
    c.backward(g);
  });
  r.flops = 6.0 * n * n * n;
  r.extra = {{"ga_abs", abs_d(a.grad())}, {"gb_abs", abs_d(b.grad())}};
  return r;
}

// ---------------------------------------------------------------- networks
// Runs three steps on the fresh model for the check value, then times.
template <class Step> void train(const Options& o, Report& r, Step step) {
  const long inputs = bench::inputs_are_made();
  double l = 0;
  for (int i = 0; i < 3; ++i) l = step();
  r.extra.emplace_back("loss_step3", l);
  r.stats = bench::time_it(o, [&] { step(); });
  r.stats.inputs_rss_kb = inputs;
}

struct Mlp : nn::Module {
  nn::Linear l1{784, 512}, l2{512, 512}, l3{512, 10};
  Mlp() {
    register_module("l1", l1), register_module("l2", l2), register_module("l3", l3);
    init_linear(l1, 10), init_linear(l2, 20), init_linear(l3, 30);
  }
  Tensor forward(Tensor x) { return l3(torch::relu(l2(torch::relu(l1(x))))); }
};
Report mlp_train_step(const Options& o) {
  Report r = start();
  Mlp m;
  Tensor x = uni({128, 784}, 1), t = classes(128, 2, 10);
  torch::optim::Adam opt(m.parameters(), torch::optim::AdamOptions(1e-3));
  train(o, r, [&] {
    m.zero_grad(true);
    Tensor l = F::cross_entropy(m.forward(x), t);
    l.backward();
    opt.step();
    return l.item<float>();
  });
  r.flops = 2.0 * 128 * (2.0 * 668672 + 267264);
  return r;
}
Report mlp_inference_b1(const Options& o) {
  Report r = start();
  torch::InferenceMode g;
  Mlp m;
  Tensor x = uni({1, 784}, 1), y;
  r.stats = bench::time_it(o, [&] { y = m.forward(x); });
  r.flops = 2.0 * 668672;
  r.extra = {{"y_abs", abs_d(y)}};
  return r;
}

struct Cnn : nn::Module {
  nn::Conv2d c1{nn::Conv2dOptions(1, 32, 3)}, c2{nn::Conv2dOptions(32, 64, 3)};
  nn::Linear l1{9216, 128}, l2{128, 10};
  Cnn() {
    register_module("c1", c1), register_module("c2", c2);
    register_module("l1", l1), register_module("l2", l2);
    init_conv(c1, 10), init_conv(c2, 20), init_linear(l1, 30), init_linear(l2, 40);
  }
  Tensor forward(Tensor x) {
    x = torch::relu(c1(x));
    x = torch::relu(c2(x));
    x = torch::max_pool2d(x, 2).flatten(1);
    return l2(torch::relu(l1(x)));
  }
};
Report cnn_train_step(const Options& o) {
  Report r = start();
  Cnn m;
  Tensor x = uni({64, 1, 28, 28}, 1), t = classes(64, 2, 10);
  torch::optim::SGD opt(m.parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  train(o, r, [&] {
    m.zero_grad(true);
    Tensor l = F::cross_entropy(m.forward(x), t);
    l.backward();
    opt.step();
    return l.item<float>();
  });
  const double c1 = 2.0 * 64 * 26 * 26 * 32 * 9, c2 = 2.0 * 64 * 24 * 24 * 64 * 32 * 9;
  const double f1 = 2.0 * 64 * 9216 * 128, f2 = 2.0 * 64 * 128 * 10;
  r.flops = 2 * c1 + 3 * (c2 + f1 + f2);
  return r;
}

Report resnet_block_fb(const Options& o) {
  Report r = start();
  nn::Conv2d c1(nn::Conv2dOptions(64, 64, 3).padding(1).bias(false));
  nn::Conv2d c2(nn::Conv2dOptions(64, 64, 3).padding(1).bias(false));
  nn::BatchNorm2d b1(64), b2(64);
  init_conv(c1, 10), init_conv(c2, 20);
  Tensor x = uni({16, 64, 56, 56}, 1).requires_grad_(), g = uni({16, 64, 56, 56}, 2), y;
  const auto fb = [&] {
    drop_grad({x});
    c1->zero_grad(true), c2->zero_grad(true), b1->zero_grad(true), b2->zero_grad(true);
    y = torch::relu(b2(c2(torch::relu(b1(c1(x))))) + x);
    y.backward(g);
  };
  const long inputs = bench::inputs_are_made();
  fb();
  r.extra = {{"y_abs", abs_d(y.detach())}, {"gx_abs", abs_d(x.grad())}, {"gw1_abs", abs_d(c1->weight.grad())}};
  r.stats = bench::time_it(o, fb);
  r.stats.inputs_rss_kb = inputs;
  r.flops = 3.0 * 2.0 * 2.0 * 16 * 56 * 56 * 64 * 64 * 9;
  return r;
}

struct Block : nn::Module {
  nn::LayerNorm n1{nn::LayerNormOptions({256})}, n2{nn::LayerNormOptions({256})};
  nn::Linear qkv{256, 768}, proj{256, 256}, f1{256, 1024}, f2{1024, 256};
  explicit Block(uint64_t s) {
    register_module("n1", n1), register_module("n2", n2), register_module("qkv", qkv);
    register_module("proj", proj), register_module("f1", f1), register_module("f2", f2);
    init_linear(qkv, s), init_linear(proj, s + 2), init_linear(f1, s + 4), init_linear(f2, s + 6);
  }
  Tensor forward(Tensor x, const Tensor& mask) {
    const auto B = x.size(0), S = x.size(1);
    Tensor h = qkv(n1(x)).view({B, S, 3, 4, 64}).permute({2, 0, 3, 1, 4});
    Tensor q = h[0], k = h[1], v = h[2];
    Tensor s = torch::matmul(q, k.transpose(-2, -1)) * 0.125f + mask;
    Tensor a = torch::matmul(torch::softmax(s, -1), v).transpose(1, 2).reshape({B, S, 256});
    x = x + proj(a);
    return x + f2(torch::gelu(f1(n2(x))));
  }
};
struct Gpt : nn::Module {
  nn::Embedding tok{1000, 256};
  Tensor pos;
  std::vector<std::shared_ptr<Block>> blocks;
  nn::LayerNorm nf{nn::LayerNormOptions({256})};
  nn::Linear head{nn::LinearOptions(256, 1000).bias(false)};
  Gpt() {
    register_module("tok", tok), register_module("nf", nf), register_module("head", head);
    pos = register_parameter("pos", uni({128, 256}, 12, 0.02f));
    set_param(tok->weight, 11, 0.05f);
    init_linear(head, 13);
    for (uint64_t i = 0; i < 4; ++i)
      blocks.push_back(register_module("b" + std::to_string(i), std::make_shared<Block>(100 + 10 * i)));
  }
  Tensor forward(const Tensor& ids, const Tensor& mask) {
    Tensor x = tok(ids) + pos;
    for (auto& b : blocks) x = b->forward(x, mask);
    return head(nf(x));
  }
};
Report transformer_train_step(const Options& o) {
  Report r = start();
  Gpt m;
  Tensor ids = classes(8 * 128, 1, 1000).view({8, 128}), t = classes(8 * 128, 2, 1000);
  Tensor mask = torch::full({128, 128}, -INFINITY).triu(1);
  torch::optim::AdamW opt(m.parameters(), torch::optim::AdamWOptions(1e-3).weight_decay(0.01));
  train(o, r, [&] {
    m.zero_grad(true);
    Tensor l = F::cross_entropy(m.forward(ids, mask).view({1024, 1000}), t);
    l.backward();
    opt.step();
    return l.item<float>();
  });
  const double lin = 2.0 * 1024 * (4.0 * 786432 + 256000), att = 4.0 * 2.0 * 8 * 4 * 128 * 128 * 64;
  r.flops = 3.0 * (lin + att);  // causal attention counted as half of the square
  return r;
}

Report lstm_train_step(const Options& o) {
  Report r = start();
  nn::LSTM lstm(nn::LSTMOptions(128, 256));
  nn::Linear head(256, 10);
  uint64_t s = 10;
  for (auto& p : lstm->parameters()) set_param(p, s++, 1.0f / 16);
  init_linear(head, 30);
  Tensor x = uni({64, 32, 128}, 1), t = classes(32, 2, 10);
  auto ps = lstm->parameters();
  for (auto& p : head->parameters()) ps.push_back(p);
  torch::optim::Adam opt(ps, torch::optim::AdamOptions(1e-3));
  train(o, r, [&] {
    for (auto& p : ps) p.mutable_grad() = Tensor();
    Tensor h = std::get<0>(lstm(x))[63];
    Tensor l = F::cross_entropy(head(h), t);
    l.backward();
    opt.step();
    return l.item<float>();
  });
  const double ih = 2.0 * 64 * 32 * 128 * 1024, hh = 2.0 * 64 * 32 * 256 * 1024;
  r.flops = 2 * ih + 3 * hh;
  return r;
}

Report attention_fb(const Options& o) {
  Report r = start();
  Tensor q = uni({4, 8, 1024, 64}, 1).requires_grad_(), k = uni({4, 8, 1024, 64}, 2).requires_grad_();
  Tensor v = uni({4, 8, 1024, 64}, 3).requires_grad_(), g = uni({4, 8, 1024, 64}, 4), y;
  Tensor mask = torch::full({1024, 1024}, -INFINITY).triu(1);
  r.stats = bench::time_it(o, [&] {
    drop_grad({q, k, v});
    Tensor s = torch::matmul(q, k.transpose(-2, -1)) * 0.125f + mask;
    y = torch::matmul(torch::softmax(s, -1), v);
    y.backward(g);
  });
  r.flops = 6.0 * 2.0 * 32 * 1024.0 * 1024.0 * 64 / 2;  // six products, causal half
  r.extra = {{"y_abs", abs_d(y.detach())},
             {"gq_abs", abs_d(q.grad())},
             {"gk_abs", abs_d(k.grad())},
             {"gv_abs", abs_d(v.grad())}};
  return r;
}

// ---------------------------------------------------------------- second order
Tensor rosenbrock(const Tensor& x) {
  const auto d = x.size(-1);
  Tensor h = x.narrow(-1, 1, d - 1), l = x.narrow(-1, 0, d - 1);
  return (100.0f * (h - l * l).pow(2) + (1.0f - l).pow(2)).sum();
}
Report hessian_small(const Options& o) {  // one backward per row: what a user writes
  Report r = start();
  Tensor x = uni({100}, 1, 1.5f).requires_grad_(), h;
  r.stats = bench::time_it(o, [&] {
    Tensor g = torch::autograd::grad({rosenbrock(x)}, {x}, {}, true, true)[0];
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < 100; ++i) rows.push_back(torch::autograd::grad({g[i]}, {x}, {}, true, false)[0]);
    h = torch::stack(rows);
  });
  r.extra = {{"h_abs", abs_d(h)}, {"h_trace", h.trace().item<float>()}};
  return r;
}
Report hessian_small_batched(const Options& o) {  // x repeated per row: one double backward
  Report r = start();
  Tensor x0 = uni({100}, 1, 1.5f), eye = torch::eye(100), h;
  r.stats = bench::time_it(o, [&] {
    Tensor x = x0.expand({100, 100}).contiguous().requires_grad_();
    Tensor g = torch::autograd::grad({rosenbrock(x)}, {x}, {}, true, true)[0];
    h = torch::autograd::grad({g}, {x}, {eye})[0];
  });
  r.extra = {{"h_abs", abs_d(h)}, {"h_trace", h.trace().item<float>()}};
  return r;
}

// ---------------------------------------------------------------- sweeps
bench::Call call(std::function<Tensor()> f) {
  const auto result = std::make_shared<Tensor>();
  return {[=] { *result = f(); },
          [=] { return abs_d(result->flatten().narrow(0, 0, std::min<int64_t>(result->numel(), 1 << 16))); }};
}
Tensor square(int64_t n) {
  const auto [rows, columns] = bench::square_of(n);
  return uni({rows, columns}, 1);
}
bench::Call product(int64_t m, int64_t k, int64_t n) {
  return call([a = uni({m, k}, 1), b = uni({k, n}, 2)] { return torch::matmul(a, b); });
}
bench::Call convolution(int64_t batch, int64_t channels, int64_t side) {
  return call([x = uni({batch, channels, side, side}, 1), w = uni({channels, channels, 3, 3}, 2)] {
    return torch::conv2d(x, w, {}, 1, 1);
  });
}
bench::Call attention(int64_t t) {
  const auto part = [&](uint64_t seed) { return uni({1, bench::kHeads, t, bench::kHeadWidth}, seed); };
  return call([q = part(1), k = part(2), v = part(3), mask = torch::full({t, t}, -INFINITY).triu(1)] {
    return torch::matmul(torch::softmax(torch::matmul(q, k.transpose(-2, -1)) * 0.125f + mask, -1), v);
  });
}
const std::map<std::string, bench::Call (*)(int64_t)> sweep_calls = {
    {"sweep_add", [](int64_t n) { return call([a = uni({n}, 1), b = uni({n}, 2)] { return a + b; }); }},
    {"sweep_exp", [](int64_t n) { return call([a = uni({n}, 1)] { return a.exp(); }); }},
    {"sweep_chain",
     [](int64_t n) {
       return call([a = uni({n}, 1), b = uni({n}, 2), c = uni({n}, 3)] {
         return torch::tanh(a * b + c) * torch::sigmoid(a) - b;
       });
     }},
    {"sweep_sum_all", [](int64_t n) { return call([a = square(n)] { return a.sum(); }); }},
    {"sweep_sum_rows", [](int64_t n) { return call([a = square(n)] { return a.sum(1); }); }},
    {"sweep_sum_columns", [](int64_t n) { return call([a = square(n)] { return a.sum(0); }); }},
    {"sweep_softmax", [](int64_t n) { return call([a = square(n)] { return torch::softmax(a, 1); }); }},
    {"sweep_matmul", [](int64_t n) { return product(n, n, n); }},
    {"sweep_matmul_few_rows", [](int64_t n) { return product(bench::kFewRows, n, n); }},
    {"sweep_matmul_tall", [](int64_t n) { return product(n, bench::kTallWidth, bench::kTallWidth); }},
    {"sweep_conv", [](int64_t side) { return convolution(bench::kConvBatch, bench::kConvChannels, side); }},
    {"sweep_conv_channels",
     [](int64_t channels) { return convolution(bench::kChannelsBatch, channels, bench::kChannelsSide); }},
    {"sweep_attention", attention},
};

Report startup(const Options&) {
  Tensor a = torch::full({1}, 10.0f, torch::requires_grad());
  Tensor b = torch::full({1}, 5.0f, torch::requires_grad());
  Tensor y = a * b + torch::full({1}, 2.0f);
  y.backward();
  std::printf("%g %g\n", a.grad().item<float>(), b.grad().item<float>());
  std::fflush(stdout);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  using std::placeholders::_1;
  bench::Table table = {
      {"scalar_example", scalar_example},
      {"scalar_example_reuse", scalar_example_reuse},
      {"op_dispatch", op_dispatch},
      {"linear_neuron", linear_neuron},
      {"elementwise_chain_fwd", std::bind(elementwise_chain, _1, false)},
      {"elementwise_chain_fb", std::bind(elementwise_chain, _1, true)},
      {"gelu_layernorm", gelu_layernorm},
      {"softmax_xent_fwd", std::bind(softmax_xent, _1, false)},
      {"softmax_xent_fb", std::bind(softmax_xent, _1, true)},
      {"matmul_64", std::bind(matmul, _1, 64)},
      {"matmul_256", std::bind(matmul, _1, 256)},
      {"matmul_1024", std::bind(matmul, _1, 1024)},
      {"matmul_2048", std::bind(matmul, _1, 2048)},
      {"matmul_1024_fb", std::bind(matmul_fb, _1, 1024)},
      {"mlp_train_step", mlp_train_step},
      {"mlp_inference_b1", mlp_inference_b1},
      {"cnn_train_step", cnn_train_step},
      {"resnet_block_fb", resnet_block_fb},
      {"transformer_train_step", transformer_train_step},
      {"lstm_train_step", lstm_train_step},
      {"attention_fb", attention_fb},
      {"hessian_small", hessian_small},
      {"hessian_small_batched", hessian_small_batched},
      {"startup", startup},
  };
  for (const bench::Sweep& sweep : bench::sweeps())
    table[sweep.name] = [&sweep](const Options& o) {
      torch::InferenceMode g;
      return bench::run_sweep(o, sweep, sweep_calls.at(sweep.name));
    };
  return bench::run_main(
      argc, argv, "libtorch-1.13.1", table, [](int n) { at::set_num_threads(n); }, true);
}
