// learner_overhead: what the Learner costs beside the loop that it stands for, at steps of about a millisecond on one thread.
// Both train the same network on the same batches, in turns; a round gives one ratio. Processor time counts, which other
// programs disturb less than the time on the wall.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>
#include <fornax/train/train.hpp>

namespace {

using namespace fornax;
using B = Autodiff<Cpu>;

struct Points {
  TensorData inputs, labels;
};

template <class T> struct Net {
  nn::Linear<T> first, second, third;
  FORNAX_MODULE(Net, first, second, third)

  train::ClassificationOutput<T> step(const Points& batch) const {
    const auto x = Tensor<T, 2>::from_data(batch.inputs);
    const auto logits = third.forward(second.forward(first.forward(x).relu()).relu());
    const auto targets = Tensor<T, 1, Int>::from_data(batch.labels);
    return {functional::cross_entropy(logits, targets), logits, targets};
  }
};

Net<B> make_net() {
  manual_seed(1);
  return {nn::LinearConfig{.d_input = 256, .d_output = 384}.init<B>(),
          nn::LinearConfig{.d_input = 384, .d_output = 384}.init<B>(),
          nn::LinearConfig{.d_input = 384, .d_output = 10}.init<B>()};
}

std::vector<Points> make_batches(std::int64_t n) {
  std::vector<Points> batches;
  for (std::int64_t i = 0; i < n; ++i) {
    Generator generator(static_cast<std::uint64_t>(i));
    batches.push_back({Tensor<Cpu, 2>::random({64, 256}, Distribution::normal(0, 1), generator).to_data(),
                       TensorData(Shape{64}, DType::I64)});
    for (std::int64_t row = 0; row < 64; ++row)
      batches.back().labels.values<std::int64_t>()[static_cast<std::size_t>(row)] = (7 * i + row) % 10;
  }
  return batches;
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double bare(const std::vector<Points>& batches) {
  auto net = make_net();
  optim::Adam adam({.lr = 1e-3});
  double sum = 0;
  const double start = processor_seconds();
  for (const Points& batch : batches) {
    auto output = net.step(batch);
    sum += output.loss.into_scalar();
    adam.step(net, std::move(output.loss).backward());
  }
  const double seconds = processor_seconds() - start;
  if (!(sum > 0)) std::exit(1);
  return seconds;
}

double learner(const std::vector<Points>& batches, bool watched) {
  train::LearnerBuilder builder;
  if (watched)
    builder.metric(train::Accuracy()).metric(train::LearningRate()).metric(train::Throughput()).view(train::View());
  auto learner = builder.build(make_net(), optim::Adam({.lr = 1e-3}));
  const double start = processor_seconds();
  learner.fit(batches);
  return processor_seconds() - start;
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 30;
  set_num_threads(1);
  const std::vector<Points> batches = make_batches(100);
  bare(batches);
  struct Row {
    const char* what;
    bool watched;
  };
  for (const Row& row : {Row{"loss", false}, Row{"loss, accuracy, rate, speed and a view", true}}) {
    learner(batches, row.watched);
    std::vector<double> ratios, steps;
    for (int i = 0; i < rounds; ++i) {
      // Whoever comes second finds warmer caches: in turns.
      double first = 0, second = 0;
      if (i % 2 == 0) first = bare(batches);
      second = learner(batches, row.watched);
      if (i % 2 == 1) first = bare(batches);
      ratios.push_back(second / first);
      steps.push_back(first / static_cast<double>(batches.size()) * 1e3);
    }
    std::sort(ratios.begin(), ratios.end());
    std::sort(steps.begin(), steps.end());
    const auto middle = ratios.size() / 2;
    std::printf("Learner with %s: %.4f of the bare loop (quartiles %.4f, %.4f; %d rounds), bare step %.3f ms\n",
                row.what, ratios[middle], ratios[ratios.size() / 4], ratios[ratios.size() * 3 / 4], rounds,
                steps[middle]);
  }
}
