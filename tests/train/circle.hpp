#pragma once
// What the tests of the Learner train: a network with dropout and batch statistics that tells points in a circle from those
// around it.

#include <cmath>
#include <cstdint>
#include <string>

#include <fornax/data/data.hpp>
#include <fornax/fornax.hpp>
#include <fornax/train/train.hpp>

namespace fornax::test {

using Plain = Cpu;
using Diff = Autodiff<Cpu>;

inline data::TensorDataset circle_points(std::int64_t n, std::uint64_t seed) {
  TensorData points(Shape{n, 2}, DType::F32), labels(Shape{n}, DType::I64);
  data::Random random(seed, 0);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double x = random.uniform(-1, 1), y = random.uniform(-1, 1);
    points.values<float>()[2 * at] = static_cast<float>(x);
    points.values<float>()[2 * at + 1] = static_cast<float>(y);
    labels.values<std::int64_t>()[at] = std::hypot(x, y) < 0.7 ? 1 : 0;
  }
  return {points, labels};
}

inline auto circle_loader(std::int64_t n, std::int64_t batch_size, std::uint64_t seed = 1) {
  return data::DataLoader(circle_points(n, seed), {.batch_size = batch_size, .sampler = data::Sampler::shuffled(seed)},
                          data::StackLabelled());
}

template <class B> struct CircleNet {
  nn::Linear<B> first, second;
  nn::BatchNorm<B> norm;
  nn::Dropout drop;
  FORNAX_MODULE(CircleNet, first, second, norm, drop)

  Tensor<B, 2> forward(const Tensor<B, 2>& x) const {
    return second.forward(drop.forward(norm.forward(first.forward(x).tanh())));
  }
  train::ClassificationOutput<B> step(const data::LabelledBatch& batch) const {
    const auto logits = forward(Tensor<B, 2>::from_data(batch.inputs));
    const auto targets = Tensor<B, 1, Int>::from_data(batch.labels);
    return {functional::cross_entropy(logits, targets), logits, targets};
  }
};

/// The same each time.
inline CircleNet<Diff> circle_net(double dropout = 0.1) {
  manual_seed(7);
  return {nn::LinearConfig{.d_input = 2, .d_output = 16}.init<Diff>(),
          nn::LinearConfig{.d_input = 16, .d_output = 2}.init<Diff>(),
          nn::BatchNormConfig{.num_features = 16}.init<Diff>(), nn::DropoutConfig{.prob = dropout}.init()};
}

}  // namespace fornax::test
