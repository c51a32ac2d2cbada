// An LSTM learns to foretell a chaotic series, the Mackey-Glass equation, and then goes on with it alone.

#include <cmath>
#include <cstdio>

#include <fornax/data/data.hpp>
#include <fornax/fornax.hpp>
#include <fornax/io/io.hpp>

#include "support/example.hpp"

using namespace fornax;

namespace {

struct TimeSeriesConfig {
  std::int64_t points = 4000, window = 50;
  std::int64_t hidden = 32, layers = 1;
  std::int64_t epochs = 12, batch_size = 64;
  double lr = 5e-3;
  std::uint64_t seed = 1;
  FORNAX_CONFIG(TimeSeriesConfig, points, window, hidden, layers, epochs, batch_size, lr, seed)

  void validate() const {
    nn::require_positive("TimeSeriesConfig", "window", window);
    nn::require(points >= 20 * window, "TimeSeriesConfig", "points", points, "at least 20 windows");
  }
};

/// dx/dt = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x(t), at t = 0, 1, 2, ...; ten steps of Euler's method for each.
/// Source: Mackey and Glass, "Oscillation and chaos in physiological control systems", 1977.
std::vector<float> mackey_glass(std::int64_t n) {
  constexpr int steps = 10, delay = 17 * steps;
  std::vector<double> x(static_cast<std::size_t>(delay + 1), 1.2);
  std::vector<float> series;
  for (std::int64_t t = 0; t < n + 300; ++t) {
    if (t >= 300) series.push_back(static_cast<float>(x.back() - 0.9));  // the start depends on where it started
    for (int s = 0; s < steps; ++s) {
      const double late = x[x.size() - 1 - delay];
      x.push_back(x.back() + (0.2 * late / (1 + std::pow(late, 10)) - 0.1 * x.back()) / steps);
    }
  }
  return series;
}

struct SeriesBatch {
  TensorData past, next;  // f32 [N, window, 1], [N, 1]
};
SeriesBatch stack_runs(const std::vector<std::vector<float>>& runs) {
  std::vector<float> past, next;
  for (const auto& run : runs) {
    past.insert(past.end(), run.begin(), run.end() - 1);
    next.push_back(run.back());
  }
  const auto n = static_cast<std::int64_t>(runs.size());
  return {TensorData(past, Shape{n, static_cast<std::int64_t>(runs[0].size()) - 1, 1}), TensorData(next, Shape{n, 1})};
}

template <class B> struct Forecaster {
  nn::Lstm<B> lstm;
  nn::Linear<B> head;
  FORNAX_MODULE(Forecaster, lstm, head)

  Forecaster() = default;
  explicit Forecaster(const TimeSeriesConfig& c)
      : lstm(nn::LstmConfig{.d_input = 1, .d_hidden = c.hidden, .num_layers = c.layers}.init<B>()),
        head(nn::LinearConfig{.d_input = c.hidden, .d_output = 1}.init<B>()) {}

  // [N, L, 1] -> [N, 1]: how far the next value is from the last.
  Tensor<B, 2> forward(const Tensor<B, 3>& past) const {
    const std::int64_t last = past.dims()[1] - 1;
    const auto state = lstm.forward(past).output.narrow(1, last, 1).squeeze_dim(1);
    return past.narrow(1, last, 1).squeeze_dim(1) + head.forward(state);
  }

  auto step(const SeriesBatch& batch) const {
    const auto y = forward(Tensor<B, 3>::from_data(batch.past));
    const auto next = Tensor<B, 2>::from_data(batch.next);
    return train::RegressionOutput<B>{functional::mse_loss(y, next), y, next};
  }
};

double rms(double sum_of_squares, std::int64_t n) { return std::sqrt(sum_of_squares / static_cast<double>(n)); }

void run(const TimeSeriesConfig& c, const examples::RunOptions& options) {
  c.validate();
  const std::vector<float> series = mackey_glass(c.points);
  const std::int64_t learned = c.points * 8 / 10;
  const auto loader = [&](std::int64_t first, std::int64_t last, bool shuffled) {
    data::InMemoryDataset values(std::vector<float>(series.begin() + first, series.begin() + last));
    return data::DataLoader(data::windows(values, c.window + 1),
                            {.batch_size = c.batch_size,
                             .sampler = shuffled ? data::Sampler::shuffled(c.seed) : data::Sampler::sequential()},
                            stack_runs);
  };
  auto train_loader = loader(0, learned, true);
  auto valid_loader = loader(learned, c.points, false);

  manual_seed(c.seed);
  auto learner = examples::builder(options)
                     .name("time-series")
                     .config(c)
                     .epochs(c.epochs)
                     .seed(c.seed)
                     .metric(train::Rmse())
                     .metric(train::R2())
                     .schedule(optim::cosine_lr({.t_max = c.epochs * train_loader.size()}))
                     .checkpoint(train::keep_best("rmse"))
                     .build(nn::train(Forecaster<Cpu>(c)), optim::Adam({.lr = c.lr}));
  const auto trained = learner.fit(train_loader, valid_loader);
  if (trained.outcome() != train::Outcome::Finished) return;
  io::save_model(options.directory + "/model.safetensors", trained.model, {{"config", c.to_json()}});

  double squares = 0;
  for (std::int64_t i = learned + 1; i < c.points; ++i) squares += std::pow(series[i] - series[i - 1], 2);
  std::printf("\nnext value: rms error %.5f; \"as the last one\" has %.5f\n", trained.value("rmse"),
              rms(squares, c.points - learned - 1));

  // On its own: each forecast is the past of the next.
  std::vector<float> past(series.begin() + learned, series.begin() + learned + c.window);
  std::printf("alone from there on:\n  steps  series  forecast\n");
  for (std::int64_t i = 1; i <= 100 && learned + c.window + i < c.points; ++i) {
    const auto x = Tensor<Cpu, 3>::from_data(TensorData(past, Shape{1, c.window, 1}));
    past.erase(past.begin());
    past.push_back(static_cast<float>(trained.model.forward(x).into_scalar()));
    if (i % 20 == 0)
      std::printf("  %5lld  %6.3f  %8.3f\n", static_cast<long long>(i), series[learned + c.window + i - 1],
                  past.back());
  }
}

}  // namespace

FORNAX_EXAMPLE(TimeSeriesConfig, run, "time_series", "an LSTM that foretells a chaotic series")
