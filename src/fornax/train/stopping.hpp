#pragma once
// Ending a run when a metric gets no better.

#include <cstdint>
#include <string>

#include <fornax/optim/state.hpp>
#include <fornax/train/view.hpp>

namespace fornax::train {

/// True if `value` is better than `best` by more than `delta`. NaN is never better, and everything else is better than NaN.
/// Without a goal nothing is.
bool is_better(Goal goal, double value, double best, double delta = 0);

struct EarlyStoppingConfig {
  std::string metric = "loss";
  Split split = Split::Valid;
  Goal goal = Goal::None;     // None: the metric's own
  std::int64_t patience = 3;  // the run ends with this many epochs in a row without improvement
  std::int64_t warm_up = 0;   // so many epochs at the beginning count neither way
  double min_delta = 0;       // what is less than this is no improvement
};

/// Counts epochs without improvement.
///
/// Errors: ValueError for a patience below 1, or a negative warm-up or min_delta.
class EarlyStopping {
 public:
  explicit EarlyStopping(EarlyStoppingConfig config);

  const EarlyStoppingConfig& config() const { return config_; }
  /// The goal, where the config has none.
  void set_goal(Goal goal) { config_.goal = goal; }

  /// Takes the metric of an epoch; true if the run is to end.
  bool update(double value);
  bool stopped() const { return bad_ >= config_.patience; }
  /// NaN before the first epoch that counts.
  double best() const { return best_; }
  /// Epochs in a row without improvement.
  std::int64_t bad_epochs() const { return bad_; }

  optim::State state() const;
  void load_state(const optim::State& state);

 private:
  EarlyStoppingConfig config_;
  double best_;
  std::int64_t epochs_ = 0, bad_ = 0;
};

}  // namespace fornax::train
