#pragma once
// A run told by hand, for tests of views: its numbers are known in advance.

#include <cmath>
#include <cstdint>
#include <string>

#include <fornax/train/view.hpp>

namespace fornax::test {

inline train::RunStart small_run(const std::string& directory = {}) {
  train::RunStart start;
  start.name = "small run";
  start.directory = directory;
  start.summary = "linear  [4, 2]  10";
  start.config = R"({"lr":0.1,"layers":[4,2]})";
  start.epochs = 3;
  start.train_batches = 4;
  start.valid_batches = 2;
  start.metrics = {{.name = "loss", .unit = "", .goal = train::Goal::Lower},
                   {.name = "accuracy", .unit = "%", .goal = train::Goal::Higher},
                   {.name = "lr", .unit = "", .goal = train::Goal::None, .train = true, .valid = false}};
  return start;
}

/// After step s the loss of its batch is 1/s and its accuracy 100 - 100/s; a step takes half a second.
inline double small_loss(std::int64_t step) { return 1.0 / static_cast<double>(step); }

/// Tells the epochs [first, last) of the small run, from the second of the event before on.
inline void tell_epochs(train::View& view, std::int64_t first, std::int64_t last) {
  using train::Split;
  for (std::int64_t epoch = first; epoch < last; ++epoch) {
    const auto metrics = [](std::int64_t step, bool training) {
      const double loss = small_loss(step);
      std::vector<train::MetricValue> values{{"loss", loss, loss + 0.01},
                                             {"accuracy", 100 - 100 * loss, 99 - 100 * loss}};
      if (training) values.push_back({"lr", 0.1, 0.1});
      return values;
    };
    std::int64_t step = epoch * 4;
    double seconds = static_cast<double>(epoch) * 3;
    for (std::int64_t batch = 0; batch < 4; ++batch)
      view.on_step({.split = Split::Train,
                    .epoch = epoch,
                    .batch = batch,
                    .batches = 4,
                    .step = ++step,
                    .items = 32,
                    .seconds = seconds += 0.5,
                    .metrics = metrics(step, true)});
    view.on_epoch({.split = Split::Train,
                   .epoch = epoch,
                   .step = step,
                   .seconds = seconds,
                   .epoch_seconds = 2.0,
                   .metrics = metrics(step, true)});
    for (std::int64_t batch = 0; batch < 2; ++batch)
      view.on_step({.split = Split::Valid,
                    .epoch = epoch,
                    .batch = batch,
                    .batches = 2,
                    .step = step,
                    .items = 32,
                    .seconds = seconds += 0.5,
                    .metrics = metrics(step, false)});
    view.on_epoch({.split = Split::Valid,
                   .epoch = epoch,
                   .step = step,
                   .seconds = seconds,
                   .epoch_seconds = 1.0,
                   .metrics = metrics(step, false)});
  }
}

inline void tell_small_run(train::View& view, const std::string& directory = {}) {
  view.on_start(small_run(directory));
  tell_epochs(view, 0, 2);
  view.on_saved({.path = "best.safetensors", .reason = "best valid loss", .epoch = 1, .step = 8});
  view.on_message("the rate falls to 0.01");
  tell_epochs(view, 2, 3);
  view.on_end({.outcome = train::Outcome::Finished, .text = "all epochs are done", .seconds = 9.0});
}

}  // namespace fornax::test
