#pragma once
// Metrics of classifiers: predicted classes against true ones.
//
// Scores and targets may have these shapes:
//   [N, C, ...] and Int [N, ...]      one of C classes: that with the largest score
//   [N, L] and [N, L]                 L labels, each there or not: where the score is above the threshold
//   [N] or [N, 1] and [N]             two classes: 1 where the score is above the threshold
//   Int [N, ...] and Int [N, ...]     classes that were chosen already

#include <optional>
#include <vector>

#include <fornax/train/metric.hpp>

namespace fornax::train {

/// How the scores of classes become one: that of class 1; of all decisions together; the mean over the classes that occur
/// among predictions or targets; the same, weighted by how often each is among the targets.
enum class Average : std::uint8_t { Binary, Micro, Macro, Weighted };

struct ClassMetricConfig {
  Average average = Average::Macro;
  double threshold = 0;                           // for scores of two classes; 0.5 for probabilities
  std::optional<std::int64_t> ignore_index = {};  // targets of this value count nothing
};

namespace detail {

/// Classes side by side.
struct Decisions {
  std::vector<std::int64_t> predicted, target;
  std::int64_t labels = 0;  // more than 0: rows of so many labels
};
/// Throws ShapeError if the shapes are none of the above, IndexError for a negative class.
Decisions decide(const std::string& metric, const Observation& seen, const ClassMetricConfig& config);

/// What is counted of each class: right, wrongly predicted, missed.
struct Counts {
  std::vector<double> hits, false_alarms, misses;

  void resize(std::size_t classes);
  void add(const Decisions& decisions);
  void add(const Counts& other);
};

/// Metrics that follow from the counts.
class CountMetric : public Metric {
 public:
  double update(const Observation& seen) final;
  double value() const final { return average(counts_); }
  void reset() final { counts_ = {}; }
  optim::State state() const final;
  void load_state(const optim::State& state) final;

 protected:
  CountMetric(std::string name, const ClassMetricConfig& config)
      : Metric({.name = std::move(name), .unit = "", .goal = Goal::Higher}), config_(config) {}

  /// Of a class.
  virtual double score(double hits, double false_alarms, double misses) const = 0;

 private:
  double average(const Counts& counts) const;

  ClassMetricConfig config_;
  Counts counts_;
};

}  // namespace detail

struct AccuracyConfig {
  double threshold = 0;
  std::optional<std::int64_t> ignore_index = {};
};

/// The share of right decisions.
class Accuracy final : public MeanMetric {
 public:
  explicit Accuracy(const AccuracyConfig& config = {});

 private:
  Sum sum_of(const Observation& seen) const override;
  ClassMetricConfig config_;
};

/// The share of samples whose class is among the k with the largest scores; of equal ones the first class counts more.
///
/// Shapes: [N, C, ...] and Int [N, ...].
class TopKAccuracy final : public MeanMetric {
 public:
  explicit TopKAccuracy(std::int64_t k, std::optional<std::int64_t> ignore_index = {});

 private:
  Sum sum_of(const Observation& seen) const override;
  std::int64_t k_;
  std::optional<std::int64_t> ignore_index_;
};

/// The share of labels that are right, each counted for itself.
class HammingScore final : public MeanMetric {
 public:
  explicit HammingScore(double threshold = 0);

 private:
  Sum sum_of(const Observation& seen) const override;
  ClassMetricConfig config_;
};

/// hits / (hits + false alarms); 0 for a class that was never predicted, here and below as in scikit-learn.
class Precision final : public detail::CountMetric {
 public:
  explicit Precision(const ClassMetricConfig& config = {}) : CountMetric("precision", config) {}

 private:
  double score(double hits, double false_alarms, double misses) const override;
};

/// hits / (hits + misses).
class Recall final : public detail::CountMetric {
 public:
  explicit Recall(const ClassMetricConfig& config = {}) : CountMetric("recall", config) {}

 private:
  double score(double hits, double false_alarms, double misses) const override;
};

/// (1 + beta^2) P R / (beta^2 P + R), with precision P and recall R; F1 for a beta of 1.
class FBeta final : public detail::CountMetric {
 public:
  explicit FBeta(double beta = 1, const ClassMetricConfig& config = {});

 private:
  double score(double hits, double false_alarms, double misses) const override;
  double beta_;
};

/// 2 hits / (2 hits + false alarms + misses), of segments: F1 under the name that it has for pictures.
class Dice final : public detail::CountMetric {
 public:
  explicit Dice(const ClassMetricConfig& config = {}) : CountMetric("dice", config) {}

 private:
  double score(double hits, double false_alarms, double misses) const override;
};

/// Intersection over union, hits / (hits + false alarms + misses): Jaccard's index.
class Iou final : public detail::CountMetric {
 public:
  explicit Iou(const ClassMetricConfig& config = {}) : CountMetric("iou", config) {}

 private:
  double score(double hits, double false_alarms, double misses) const override;
};

/// How often each class was taken for each. Its value is the accuracy.
class ConfusionMatrix final : public Metric {
 public:
  explicit ConfusionMatrix(const ClassMetricConfig& config = {});

  /// i64 [classes, classes]: a row for each true class, a column for each predicted one.
  TensorData matrix() const;

  double update(const Observation& seen) override;
  double value() const override;
  void reset() override;
  optim::State state() const override;
  void load_state(const optim::State& state) override;

 private:
  double& cell(std::size_t target, std::size_t predicted) { return counts_[target * classes_ + predicted]; }
  void resize(std::size_t classes);

  ClassMetricConfig config_;
  std::size_t classes_ = 0;
  std::vector<double> counts_;
};

}  // namespace fornax::train
