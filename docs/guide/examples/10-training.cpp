// [begin]
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fornax/data/data.hpp>
#include <fornax/fornax.hpp>
#include <fornax/io/io.hpp>
#include <fornax/train/train.hpp>
#include <iostream>
#include <string>

using namespace fornax;
namespace data = fornax::data;
namespace io = fornax::io;
namespace train = fornax::train;
using B = Autodiff<Cpu>;
// [/begin]

// [data]
struct Circle {
  std::int64_t n;
  std::uint64_t seed;

  std::int64_t size() const { return n; }
  data::Labelled get(std::int64_t i) const {
    data::Random random(seed, static_cast<std::uint64_t>(i));
    float x = static_cast<float>(random.uniform(-1, 1)), y = static_cast<float>(random.uniform(-1, 1));
    return {TensorData({x, y}), std::hypot(x, y) < 0.7F ? 1 : 0};
  }
};

auto loader(std::int64_t n, std::uint64_t seed) {
  return data::DataLoader(Circle{n, seed}, {.batch_size = 32, .sampler = data::Sampler::shuffled(seed)},
                          data::StackLabelled());
}
// [/data]

// [net]
template <class B> struct Net {
  nn::Linear<B> first, second;
  nn::Dropout drop;
  FORNAX_MODULE(Net, first, second, drop)

  Tensor<B, 2> forward(const Tensor<B, 2>& x) const { return second.forward(drop.forward(first.forward(x).relu())); }

  train::ClassificationOutput<B> step(const data::LabelledBatch& batch) const {
    auto logits = forward(Tensor<B, 2>::from_data(batch.inputs));
    auto targets = Tensor<B, 1, Int>::from_data(batch.labels);
    return {functional::cross_entropy(logits, targets), logits, targets};
  }
};

struct NetConfig {
  std::int64_t hidden = 64;
  double dropout = 0.05;
  FORNAX_CONFIG(NetConfig, hidden, dropout)

  template <class B> Net<B> init() const {
    return {nn::LinearConfig{.d_input = 2, .d_output = hidden}.init<B>(),
            nn::LinearConfig{.d_input = hidden, .d_output = 2}.init<B>(), nn::DropoutConfig{.prob = dropout}.init()};
  }
};
// [/net]

// [own]
struct Margin final : train::MeanMetric {
  Margin() : MeanMetric({.name = "margin", .unit = "", .goal = train::Goal::Higher}) {}

 private:
  Sum sum_of(const train::Observation& seen) const override {
    auto logits = Tensor<Cpu, 2>(seen.output);
    auto apart = (logits.narrow(1, 1, 1) - logits.narrow(1, 0, 1)).abs();
    return {apart.sum().into_scalar<double>(), static_cast<double>(seen.items)};
  }
};
// [/own]

int main() {
  const std::string folder = (std::filesystem::temp_directory_path() / "fornax-guide-10").string();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::cout << std::boolalpha;

  // [fit]
  manual_seed(1);
  auto train_loader = loader(2048, 1), valid_loader = loader(512, 2);
  auto learner = train::LearnerBuilder(folder + "/circle")
                     .metric(train::Accuracy())
                     .metric(Margin())
                     .epochs(30)
                     .early_stopping({.metric = "loss", .patience = 8})
                     .schedule(optim::warmup_lr(64, optim::cosine_lr({.t_max = 30 * 64})))
                     .clip(optim::Clip::global_norm(1.0))
                     .build(NetConfig().init<B>(), optim::AdamW({.lr = 1e-2}));
  auto trained = learner.fit(train_loader, valid_loader);
  std::cout << train::name_of(trained.outcome()) << "\n";
  std::cout << "above 95 %: " << (trained.value("accuracy") > 0.95) << "\n";
  // [/fit]

  // [infer]
  io::save_model(folder + "/circle.safetensors", trained.model);
  auto net = NetConfig().init<Cpu>();
  io::load_model(folder + "/circle.safetensors", net);
  auto points = Tensor<Cpu, 2>::from_data({{0.0, 0.1}, {0.9, -0.9}, {-0.3, 0.2}, {1.0, 0.2}});
  std::cout << net.forward(points).argmax(1).squeeze_dim(1) << "\n";
  // [/infer]

  // [weights]
  auto best = NetConfig().init<Cpu>();
  train::load_weights(trained.best_checkpoint, best);
  auto test_loader = loader(512, 3);
  std::cout << "on new points: " << (learner.evaluate(test_loader)[1].value > 0.95) << "\n";
  // [/weights]

  // [resume]
  auto build = [&](std::int64_t steps) {
    manual_seed(2);
    return train::LearnerBuilder(folder + "/resumed")
        .epochs(3)
        .max_steps(steps)
        .checkpoint(train::every_steps(50))
        .checkpoint(train::keep_best("loss"))
        .resume()
        .build(NetConfig().init<B>(), optim::Adam({.lr = 1e-2}));
  };
  auto first = build(100);  // a process that ends in the middle of the second epoch
  auto from_start = loader(2048, 1);
  first.fit(from_start, valid_loader);
  std::cout << "stopped after step " << first.step() << "\n";

  auto second = build(-1);  // and another one
  auto from_anywhere = loader(2048, 1);
  second.fit(from_anywhere, valid_loader);
  std::cout << "went on to step " << second.step() << "\n";
  // [/resume]

  // [stop]
  auto short_loader = loader(512, 1);
  train::Interrupter interrupter;
  auto watched = train::LearnerBuilder()
                     .epochs(1000)
                     .interrupter(interrupter)
                     .on_step([&](const train::StepEnd& end) {
                       if (end.metrics[0].epoch < 0.3) interrupter.stop();
                     })
                     .build(NetConfig().init<B>(), optim::Adam({.lr = 1e-2}));
  std::cout << train::name_of(watched.fit(short_loader).outcome()) << "\n";
  // [/stop]

  // [alone]
  train::FBeta f1(1, {.average = train::Average::Binary});
  for (auto& batch : test_loader) {
    auto output = trained.model.step(batch);
    f1.update(train::observe(output));
  }
  std::cout << "F1 above 0.9: " << (f1.value() > 0.9) << "\n";
  // [/alone]

  std::filesystem::remove_all(folder);
}
