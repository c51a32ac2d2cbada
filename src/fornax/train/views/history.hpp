#pragma once
// What a run has told so far, in the form in which it is drawn.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/train/view.hpp>

namespace fornax::train {

struct CurvePoint {
  double x = 0.0;  // optimizer steps
  double y = 0.0;
};

/// Values by step, thinned: however many are added, there are at most kMost points, each the mean of as many neighbours as
/// any other. A mean with a NaN in it is NaN, so that faults stay visible.
class Curve {
 public:
  static constexpr std::size_t kMost = 1024;

  void add(double x, double y);
  /// The last one may be of fewer values.
  std::vector<CurvePoint> points() const;
  /// Number of values behind each point.
  std::int64_t values_each() const { return each_; }

 private:
  std::vector<CurvePoint> points_;
  std::int64_t each_ = 1, pending_ = 0;
  CurvePoint sum_;
};

struct MetricHistory {
  MetricInfo info;
  Curve steps;                                 // of training batches
  std::vector<CurvePoint> train, valid, test;  // of epochs, at the step at which each ended

  const std::vector<CurvePoint>& of(Split split) const;
  /// The best value of an epoch, of validation if there is any; empty if the metric has no goal.
  std::optional<EpochEnd> best;
};

/// Collects the events of a run. Its size is bounded but for the number of epochs.
class History : public View {
 public:
  void on_start(const RunStart& start) override;
  void on_step(const StepEnd& step) override;
  void on_epoch(const EpochEnd& end) override;
  void on_saved(const CheckpointSaved& checkpoint) override;
  void on_message(const std::string& text) override;
  void on_end(const RunEnd& end) override;

  RunStart run;
  std::vector<MetricHistory> metrics;  // in the order of the run's
  std::vector<EpochEnd> epochs;        // one for each epoch and split, in the order of time
  std::optional<StepEnd> last;         // the latest batch
  std::optional<StepEnd> last_train;   // the latest one of training
  std::vector<CheckpointSaved> saved;  // the latest ones
  std::vector<std::string> messages;   // the latest ones
  std::optional<RunEnd> end;

  /// The part of the run's batches that is done, 0 to 1; less than 0 if that is not known.
  double done() const;
  /// The time that the rest will take if batches take what the last hundred took; less than 0 if that is not known.
  double seconds_left() const;
  double items_per_second() const { return items_per_second_; }

  const MetricHistory* find(std::string_view metric) const;

 private:
  MetricHistory& metric(const std::string& name, Split split);
  std::int64_t batches(Split split) const;
  /// Batches of the split that are done, in all epochs; of the run.
  double batches_done(Split split) const;

  struct Pace {
    double seconds = 0.0;  // for a batch
    std::int64_t batches = 0;
  };
  Pace pace_[2];
  std::int64_t batches_[2] = {-1, -1};
  double last_seconds_ = -1.0, items_per_second_ = 0.0;
};

}  // namespace fornax::train
