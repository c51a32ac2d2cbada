// Two networks against each other: one makes points, the other tells them from real ones, which lie in eight heaps on a
// circle. The graph from noise to verdict is walked twice: for the judge, then for the maker.
//
// Source: Goodfellow et al., "Generative adversarial nets", 2014.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

namespace {

constexpr std::int64_t kBatch = 256, kNoise = 8, kSteps = 3000;
constexpr int kHeaps = 8;

template <class Backend> struct Net {
  nn::Linear<Backend> fc1, fc2, fc3;
  FORNAX_MODULE(Net, fc1, fc2, fc3)

  Tensor<Backend, 2> forward(const Tensor<Backend, 2>& x) const {
    using functional::leaky_relu;
    return fc3.forward(leaky_relu(fc2.forward(leaky_relu(fc1.forward(x), 0.2)), 0.2));
  }
};
Net<B> make(std::int64_t in, std::int64_t out) {
  return {nn::LinearConfig{in, 64}.init<B>(), nn::LinearConfig{64, 64}.init<B>(), nn::LinearConfig{64, out}.init<B>()};
}

Tensor<B, 2> real_points() {
  const auto heap = Tensor<B, 2>::random({kBatch, 1}, Distribution::uniform(0, kHeaps)).floor();
  const auto angle = heap * (2 * 3.14159265 / kHeaps);
  const auto centres = Tensor<B, 2>::cat({angle.cos(), angle.sin()}, 1);
  return centres + centres.random_like(Distribution::normal(0, 0.03));
}
Tensor<B, 2> noise(std::int64_t n) { return Tensor<B, 2>::random({n, kNoise}, Distribution::standard()); }

/// Mean of -log(sigmoid(verdict)), or of -log(1 - sigmoid(verdict)).
Tensor<B, 1> taken_for(bool real, const Tensor<B, 2>& verdict) {
  return functional::softplus(real ? -verdict : verdict).mean();
}

void draw(const Tensor<Cpu, 2>& points) {
  constexpr int width = 61, height = 25;
  const auto values = points.to_data().to_vector<double>();
  std::vector<std::string> picture(height, std::string(width, ' '));
  std::vector<int> heaps(kHeaps, 0);
  int near = 0;
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    const int column = static_cast<int>((values[i] + 1.3) / 2.6 * width),
              row = static_cast<int>((1.3 - values[i + 1]) / 2.6 * height);
    if (column >= 0 && column < width && row >= 0 && row < height)
      picture[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)] = 'o';
    const double angle = std::atan2(values[i + 1], values[i]), each = 2 * 3.14159265 / kHeaps;
    const int heap = static_cast<int>(std::lround(angle / each) + kHeaps) % kHeaps;
    if (std::hypot(values[i] - std::cos(heap * each), values[i + 1] - std::sin(heap * each)) < 0.15) {
      ++heaps[static_cast<std::size_t>(heap)];
      ++near;
    }
  }
  for (const auto& line : picture) std::printf("%s\n", line.c_str());
  const auto found = std::count_if(heaps.begin(), heaps.end(), [](int n) { return n >= 10; });
  std::printf("%lld of %d heaps; %.0f %% of the points are near one\n", static_cast<long long>(found), kHeaps,
              100.0 * near / (static_cast<double>(values.size()) / 2));
}

}  // namespace

int main() {
  try {
    manual_seed(3);
    auto maker = make(kNoise, 2), judge = make(2, 1);
    optim::Adam maker_steps({.lr = 1e-3, .beta1 = 0.5}), judge_steps({.lr = 1e-3, .beta1 = 0.5});
    optim::Scheduler maker_rate(maker_steps, optim::cosine_lr({.t_max = kSteps})),
        judge_rate(judge_steps, optim::cosine_lr({.t_max = kSteps}));

    for (std::int64_t step = 1; step <= kSteps; ++step) {
      const auto made = maker.forward(noise(kBatch));
      const auto verdict = judge.forward(made);
      const auto judge_loss = taken_for(true, judge.forward(real_points())) + taken_for(false, verdict);
      const auto maker_loss = taken_for(true, verdict);
      // Both losses have the graph of the verdict: it is kept (the losses are not moved), and each walk gives the gradients
      // of the weights as they were when the verdict was found.
      const auto judge_gradients = judge_loss.backward();
      const auto maker_gradients = maker_loss.backward();
      judge_steps.step(judge, judge_gradients);
      maker_steps.step(maker, maker_gradients);
      maker_rate.step();
      judge_rate.step();
      if (step % 500 == 0)
        std::printf("step %4lld  judge %.3f  maker %.3f\n", static_cast<long long>(step), judge_loss.into_scalar(),
                    maker_loss.into_scalar());
    }
    draw(maker.forward(noise(1000)).inner());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
