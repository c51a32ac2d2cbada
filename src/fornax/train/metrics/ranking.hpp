#pragma once
// Metrics of scores that order samples, whatever the threshold. They keep the scores of all batches.

#include <vector>

#include <fornax/train/metric.hpp>

namespace fornax::train {

struct RankingConfig {
  bool logits = true;  // scores of several classes become probabilities by softmax before samples are compared
};

namespace detail {

/// Scores in columns, one for each class (or label), with what is true of each.
class RankingMetric : public Metric {
 public:
  double update(const Observation& seen) final;
  double value() const final { return value_of(scores_, truths_, columns_); }
  void reset() final;
  bool cheap() const final { return false; }
  optim::State state() const final;
  void load_state(const optim::State& state) final;

 protected:
  struct Scored {
    double score;
    bool truth;
  };
  RankingMetric(std::string name, RankingConfig config);
  /// Of one column, by rising score; both truths occur.
  virtual double of_sorted(const std::vector<Scored>& samples) const = 0;

 private:
  double value_of(const std::vector<double>& scores, const std::vector<std::uint8_t>& truths,
                  std::int64_t columns) const;

  RankingConfig config_;
  std::vector<double> scores_;
  std::vector<std::uint8_t> truths_;
  std::int64_t columns_ = 0;
};

}  // namespace detail

/// Area under the ROC curve: the probability that a sample of a class scores higher than one that is not of it, with equal
/// scores counted half. The mean over classes, each against the rest; those that do not occur, or alone, are left out.
///
/// Shapes: [N] or [N, 1] and [N] of 0 and 1; [N, C] and Int [N]; [N, L] and [N, L] of 0 and 1.
/// Errors: ShapeError for others.
class Auroc final : public detail::RankingMetric {
 public:
  explicit Auroc(RankingConfig config = {}) : RankingMetric("auroc", config) {}

 private:
  double of_sorted(const std::vector<Scored>& samples) const override;
};

/// Average precision, the area under the curve of precision over recall as a sum of steps: sum (R_i - R_(i-1)) P_i over the
/// thresholds. The mean over classes, as of Auroc.
class AveragePrecision final : public detail::RankingMetric {
 public:
  explicit AveragePrecision(RankingConfig config = {}) : RankingMetric("auc-pr", config) {}

 private:
  double of_sorted(const std::vector<Scored>& samples) const override;
};
using AucPr = AveragePrecision;

}  // namespace fornax::train
