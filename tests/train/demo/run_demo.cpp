// run_demo VIEWS SECONDS [DIRECTORY]: tells the chosen views (of "lines,terminal,web,log,tensorboard") a run with made-up
// numbers that lasts about so long. For tests that need a process of its own, and for looking at views by hand.
// With "throw" among the views, an exception that nobody catches ends it soon.

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fornax/train/views/views.hpp>

using namespace fornax::train;

namespace {

constexpr std::int64_t kEpochs = 12, kTrain = 150, kValid = 30;

RunStart start_of(const std::string& directory) {
  RunStart start;
  start.name = "fashion-mnist-cnn";
  start.directory = directory;
  start.summary =
      "layer    output            parameters\n"
      "conv1    [N, 16, 28, 28]          160\n"
      "conv2    [N, 32, 14, 14]        4 640\n"
      "linear   [N, 10]               15 690\n"
      "total                          20 490\n";
  start.config =
      R"({"model":{"channels":[16,32],"dropout":0.1},"optimizer":{"name":"adamw","lr":0.002},"batch_size":64})";
  start.epochs = kEpochs;
  start.train_batches = kTrain;
  start.valid_batches = kValid;
  start.metrics = {{.name = "loss", .unit = "", .goal = Goal::Lower},
                   {.name = "accuracy", .unit = "%", .goal = Goal::Higher},
                   {.name = "lr", .unit = "", .goal = Goal::None, .train = true, .valid = false},
                   {.name = "speed", .unit = "items/s", .goal = Goal::None, .train = true, .valid = false}};
  return start;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "run_demo VIEWS SECONDS [DIRECTORY]\n");
    return 2;
  }
  const std::string wanted = arguments[1], directory = count > 3 ? arguments[3] : "";
  const auto has = [&](const char* name) { return wanted.find(name) != std::string::npos; };
  std::vector<std::unique_ptr<View>> views;
  if (has("web")) views.push_back(web_view());
  if (has("log")) views.push_back(run_log());
  if (has("tensorboard")) views.push_back(tensorboard_view());
  if (has("lines")) views.push_back(line_view({.progress_every = 1.0}));
  if (has("terminal")) views.push_back(terminal_view());
  if (has("auto")) views.push_back(auto_view());
  const auto tell = [&](auto&& f) {
    for (auto& view : views) f(*view);
  };

  tell([&](View& v) { v.on_start(start_of(directory)); });
  const auto begin = std::chrono::steady_clock::now();
  const auto now = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  const std::chrono::duration<double> pause(std::atof(arguments[2]) / static_cast<double>(kEpochs * (kTrain + kValid)));
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0.0, 1.0);
  std::int64_t step = 0;
  RunEnd end{.outcome = Outcome::Finished, .text = "all epochs are done"};
  for (std::int64_t epoch = 0; epoch < kEpochs && end.outcome == Outcome::Finished; ++epoch) {
    for (const Split split : {Split::Train, Split::Valid}) {
      const double epoch_begin = now();
      std::vector<MetricValue> values;
      for (std::int64_t batch = 0, n = split == Split::Train ? kTrain : kValid; batch < n; ++batch) {
        std::this_thread::sleep_for(pause);
        if (split == Split::Train) ++step;
        const double t = static_cast<double>(step) / 300;
        const double loss = 0.25 + 2.0 * std::exp(-t) + (split == Split::Valid ? 0.01 * t * t : 0.0);
        const double noisy = loss * std::exp(0.12 * noise(random));
        values = {{"loss", noisy, loss}, {"accuracy", 100 - 22 * noisy, 100 - 22 * loss}};
        if (split == Split::Train) {
          const double rate = 0.001 * (1 + std::cos(t / 2));
          values.push_back({"lr", rate, rate});
          values.push_back({"speed", 6000 + 200 * noise(random), 6000});
        }
        tell([&](View& v) {
          v.on_step({.split = split,
                     .epoch = epoch,
                     .batch = batch,
                     .batches = n,
                     .step = step,
                     .items = 64,
                     .seconds = now(),
                     .metrics = values});
        });
        Request request;
        tell([&](View& v) {
          const Request r = v.poll();
          request.stop |= r.stop;
          request.save |= r.save;
        });
        if (request.save)
          tell([&](View& v) { v.on_saved({"checkpoints/asked.safetensors", "asked for", epoch, step}); });
        if (request.stop) {
          end = {.outcome = Outcome::Stopped, .text = "run it again to go on from here"};
          break;
        }
        if (has("throw") && step == 20) throw std::runtime_error("at once");
      }
      if (end.outcome != Outcome::Finished) break;
      tell([&](View& v) {
        v.on_epoch({.split = split,
                    .epoch = epoch,
                    .step = step,
                    .seconds = now(),
                    .epoch_seconds = now() - epoch_begin,
                    .metrics = values});
      });
    }
    if (epoch % 4 == 3)
      tell([&](View& v) { v.on_saved({"checkpoints/best.safetensors", "best valid loss", epoch, step}); });
    if (epoch == 6) tell([&](View& v) { v.on_message("early stopping in 5 epochs"); });
  }
  end.seconds = now();
  tell([&](View& v) { v.on_end(end); });
  return 0;
}
