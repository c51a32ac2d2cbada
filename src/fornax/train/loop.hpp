#pragma once
// The compiled half of a Learner: epochs, metrics, rates, checkpoints, views, interrupts.

#include <chrono>
#include <exception>

#include <fornax/train/settings.hpp>

namespace fornax::train::detail {

/// Where a run is: so many batches of this part of this epoch are done.
struct Progress {
  std::int64_t epoch = 0, batch = 0, step = 0;
  Split phase = Split::Train;
  bool operator==(const Progress&) const = default;
};

class Loop {
 public:
  /// Throws ValueError for settings that do not fit together.
  explicit Loop(Settings settings);

  /// Trains from where the run is to its end.
  RunEnd fit(Task& task);
  /// Metrics of the valid loader's batches, for this split.
  std::vector<MetricValue> evaluate(Task& task);

  Settings& settings() { return settings_; }
  const Progress& progress() const { return at_; }
  const std::vector<EpochEnd>& history() const { return history_; }
  const std::string& last_checkpoint() const { return last_saved_path_; }
  std::string best_checkpoint() const { return keeper_.best(); }
  /// Throws ValueError if there is no such metric.
  const Metric& metric(const std::string& name, Split split) const;
  /// Puts the averages into the model, if there are any, and takes them out again.
  void swap_average(Task& task);

 private:
  // The course of a run: loop.cpp.
  void prepare(Task& task);
  void resolve(Task& task);
  Outcome run(Task& task);
  std::optional<Outcome> train(Task& task);
  std::optional<Outcome> validate(Task& task);
  void finish_epoch(Task& task);
  void take_step(Task& task, optim::NamedGradients gradients);
  void observe(Split split, Observation& seen);
  void end_of(Split split, double seconds);
  std::optional<Outcome> asked(Task& task);

  // What it keeps: loop_state.cpp.
  io::Record snapshot(Task& task, const Keeper& keeper) const;
  bool resume(Task& task);
  void restore(Task& task, const io::Record& record);
  void save(Task& task, const std::vector<std::size_t>& due, const std::vector<double>& values);
  void save_last(Task& task);
  std::vector<Generator> generators() const;
  void set_generators(const std::vector<Generator>& generators) const;

  // Those who watch: loop_views.cpp.
  // While one lives, the model is evaluated, with the averages if there are any.
  class Evaluation {
   public:
    Evaluation(Loop& loop, Task& task) : loop_(loop), task_(task) {
      loop_.swap_average(task_);
      task_.begin_evaluation();
    }
    ~Evaluation() {
      task_.end_evaluation();
      loop_.swap_average(task_);
    }
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

   private:
    Loop& loop_;
    Task& task_;
  };

  RunStart description(Task& task) const;
  RunEnd ending(Outcome outcome) const;
  /// Calls f for each view; one that throws is left out from there on.
  template <class F> void tell(const F& f) {
    for (auto& view : settings_.views) {
      try {
        f(*view);
      } catch (...) {
        view.reset();
        failures_.push_back(std::current_exception());
      }
    }
    if (!failures_.empty()) drop_failed_views();
  }
  void drop_failed_views();
  void say(const std::string& text);
  Request poll();

  double seconds() const;
  std::vector<std::shared_ptr<Metric>>& metrics(Split split) {
    return settings_.metrics[static_cast<std::size_t>(split)];
  }
  double value_of(const std::string& metric, Split split) const { return this->metric(metric, split).value(); }

  Settings settings_;
  Keeper keeper_;
  std::optional<optim::Scheduler> scheduler_;
  std::optional<optim::Plateau> plateau_;
  std::optional<optim::Ema> ema_;
  std::optional<EarlyStopping> stopping_;
  std::optional<optim::GradScaler> scaler_;
  optim::GradientsAccumulator accumulator_;

  Progress at_;
  bool started_ = false;
  double seconds_before_ = 0;  // of processes before this one
  std::chrono::steady_clock::time_point began_;
  bool save_wanted_ = false;
  std::optional<Progress> last_saved_;
  std::string last_saved_path_;
  std::vector<EpochEnd> history_;
  StepEnd step_end_;
  std::int64_t batches_[2] = {-1, -1};
  std::vector<std::exception_ptr> failures_;  // of views, to be told of
  const SignalGuard* signals_ = nullptr;
};

}  // namespace fornax::train::detail
