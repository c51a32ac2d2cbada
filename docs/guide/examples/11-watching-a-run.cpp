// [begin]
#include <filesystem>
#include <fornax/train/views/run_log.hpp>
#include <fornax/train/views/views.hpp>
#include <iostream>
#include <string>

namespace train = fornax::train;
// [/begin]

// [view]
struct BestSoFar : train::View {
  double best = 1e9;
  void on_epoch(const train::EpochEnd& end) override {
    for (const train::MetricValue& v : end.metrics)
      if (end.split == train::Split::Valid && v.name == "loss" && v.epoch < best) {
        best = v.epoch;
        std::cout << "  better than ever: " << best << "\n";
      }
  }
};
// [/view]

// What a Learner tells its views of a run of two epochs of three batches.
void tell(train::View& view, const std::string& folder) {
  train::RunStart start;
  start.name = "circle";
  start.directory = folder;
  start.epochs = 2;
  start.train_batches = 3;
  start.valid_batches = 1;
  start.metrics = {{.name = "loss", .unit = "", .goal = train::Goal::Lower}};
  view.on_start(start);
  std::int64_t step = 0;
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    double loss = 0;
    for (std::int64_t batch = 0; batch < 3; ++batch) {
      loss = 1.0 / static_cast<double>(++step);
      view.on_step({.epoch = epoch,
                    .batch = batch,
                    .batches = 3,
                    .step = step,
                    .items = 32,
                    .seconds = 0.5 * static_cast<double>(step),
                    .metrics = {{"loss", loss, loss}}});
    }
    const double seconds = 0.5 * static_cast<double>(step);
    view.on_epoch({.split = train::Split::Train,
                   .epoch = epoch,
                   .step = step,
                   .seconds = seconds,
                   .epoch_seconds = 1.5,
                   .metrics = {{"loss", loss, loss}}});
    view.on_epoch({.split = train::Split::Valid,
                   .epoch = epoch,
                   .step = step,
                   .seconds = seconds,
                   .epoch_seconds = 0.2,
                   .metrics = {{"loss", loss + 0.1, loss + 0.1}}});
  }
  view.on_end({.outcome = train::Outcome::Finished, .text = "", .seconds = 3.0});
}

int main() {
  const std::string folder = (std::filesystem::temp_directory_path() / "fornax_guide_run").string();
  std::filesystem::remove_all(folder);
  tell(*train::line_view(), folder);
  BestSoFar mine;
  tell(mine, folder);
  tell(*train::run_log(), folder);

  // [read]
  train::History run = train::read_run(folder);
  const train::MetricHistory& loss = *run.find("loss");
  std::cout << loss.steps.points().size() << " steps, " << run.epochs.size() << " ends of epochs, "
            << train::name_of(run.end->outcome) << "\n";
  std::cout << "best loss " << loss.best->metrics[0].epoch << " after step " << loss.best->step << "\n";
  // [/read]
  std::filesystem::remove_all(folder);
}
