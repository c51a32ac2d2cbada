// The program of docs/guide/08-optimizers.md, which quotes the regions between [name] and [/name].
// [start]
#include <cmath>
#include <cstdio>
#include <fornax/fornax.hpp>
#include <fornax/nn/nn.hpp>
#include <iostream>

using namespace fornax;
using B = Autodiff<Cpu>;

template <class T> struct Net {
  nn::Linear<T> first, second;
  FORNAX_MODULE(Net, first, second)

  Tensor<T, 2> forward(const Tensor<T, 2>& x) const { return second.forward(first.forward(x).tanh()); }
};

Net<B> make_net() {
  return {nn::LinearConfig{.d_input = 1, .d_output = 16}.init<B>(),
          nn::LinearConfig{.d_input = 16, .d_output = 1}.init<B>()};
}
// [/start]

int main() {
  // [step]
  manual_seed(1);
  auto net = make_net();
  auto x = Tensor<B, 1>::arange(-32, 32).unsqueeze_dim(1) / 8.0;
  auto y = x.sin();
  auto loss_of = [&] { return (net.forward(x) - y).square().mean(); };

  auto optimizer = optim::Adam({.lr = 1e-2});
  std::printf("before: %.1f\n", loss_of().into_scalar());
  for (int i = 0; i < 500; ++i) optimizer.step(net, loss_of().backward());
  std::cout << std::boolalpha << "after, below 0.01: " << (loss_of().into_scalar() < 0.01) << "\n";
  // [/step]

  // [tensor]
  auto w = Tensor<B, 1>::from_data({3.0, -1.0}).require_grad();
  auto descent = optim::Sgd({.lr = 0.25});
  descent.step(w, w.square().sum().backward());
  std::cout << w << "\n";
  // [/tensor]

  // [stale]
  try {
    auto grads = w.square().sum().backward();
    descent.step(w, grads);
    descent.step(w, grads);
  } catch (const ValueError& e) {
    std::cout << e.what() << "\n";
  }
  // [/stale]

  // [groups]
  auto careful = optim::AdamW({.lr = 1e-3, .weight_decay = 0.1});
  careful.add_group({.pattern = "*.bias", .weight_decay = 0.0});
  careful.add_group({.pattern = "first.*", .lr_scale = 0.1});
  careful.set_clipping(optim::Clip::global_norm(1.0));
  careful.skip_non_finite();
  auto report = careful.step(net, (loss_of() * 1e30 * 1e30).backward());
  std::printf("changed: %ld, skipped because of %s\n", static_cast<long>(report.updated), report.non_finite.c_str());
  // [/groups]

  // [schedule]
  auto sgd = optim::Sgd({.lr = 0.1, .momentum = 0.9});
  auto schedule = optim::warmup_lr(3, optim::cosine_lr({.t_max = 6}));
  optim::Scheduler scheduler(sgd, schedule);
  for (int step = 0; step < 9; ++step) {
    std::printf(step > 0 ? " %.4f" : "%.4f", sgd.lr());
    sgd.step(net, loss_of().backward());
    scheduler.step(sgd);
  }
  std::printf("\n");
  // [/schedule]

  // [plateau]
  optim::Plateau plateau({.factor = 0.5, .patience = 1});
  for (double validation : {0.9, 0.7, 0.8, 0.75}) plateau.step(careful, validation);
  std::printf("rate: %g\n", careful.lr());
  // [/plateau]

  // [accumulate]
  optim::GradientsAccumulator accumulator;
  for (std::int64_t part = 0; part < 4; ++part) {
    auto rows = x.narrow(0, 16 * part, 16), targets = y.narrow(0, 16 * part, 16);
    accumulator.add(net, (net.forward(rows) - targets).square().mean().backward());
  }
  optimizer.step(net, accumulator.take_mean());
  // [/accumulate]

  // [state]
  optim::State saved = optimizer.state();
  for (const auto& [name, array] : saved.arrays)
    if (name.starts_with("second")) std::cout << name << " " << array.shape().str() << "\n";
  auto resumed = optim::Adam({.lr = 1e-2});
  resumed.load_state(saved);
  // [/state]

  // [other]
  try {
    optim::Sgd().load_state(saved);
  } catch (const ValueError& e) {
    std::cout << e.what() << "\n";
  }
  // [/other]

  // [ema]
  optim::Ema ema({.decay = 0.99});
  for (int i = 0; i < 200; ++i) {
    optimizer.step(net, loss_of().backward());
    ema.update(net);
  }
  ema.swap(net);  // the averages are in the net, to be evaluated
  std::cout << "the average is good too: " << (loss_of().into_scalar() < 0.01) << "\n";
  ema.swap(net);  // and the weights again, to go on with
  // [/ema]

  // [autocast]
  const auto low = [&] {
    const Autocast precision(DType::BF16);
    return loss_of();
  }();
  std::cout << "bf16 is near: " << (std::abs(low.into_scalar() - loss_of().into_scalar()) < 0.1) << "\n";
  optimizer.step(net, low.backward());
  // [/autocast]

  // [scaler]
  optim::GradScaler scaler;
  scaler.step(optimizer, net, scaler.scale(loss_of()).backward());
  // [/scaler]

  // [lbfgs]
  net = make_net();
  auto newton = optim::Lbfgs({.max_iter = 200, .line_search = optim::LineSearch::StrongWolfe});
  newton.step(net, loss_of);
  std::cout << "after one step, below 0.01: " << (loss_of().into_scalar() < 0.01) << "\n";
  // [/lbfgs]

  // [config]
  std::cout << optim::SgdConfig{.lr = 0.1, .momentum = 0.9}.to_json();
  // [/config]
}
