#pragma once
// Metrics: numbers that say how a model does, over batches one after the other. They serve outside the Learner too:
//
//   train::Accuracy accuracy;
//   for (auto& batch : loader) accuracy.update({.output = model.forward(x).array(), .target = y.array()});
//   accuracy.value();

#include <fornax/optim/state.hpp>
#include <fornax/train/observation.hpp>
#include <fornax/train/view.hpp>

namespace fornax::train {

/// Sums up batches. Copies are independent of each other.
class Metric {
 public:
  virtual ~Metric() = default;

  const MetricInfo& info() const { return info_; }
  const std::string& name() const { return info_.name; }
  /// Under another name, if two of one kind are wanted.
  void rename(std::string name) { info_.name = std::move(name); }

  /// Takes up a batch; returns the metric of this batch alone. NaN where it is not defined, such as for an empty batch.
  virtual double update(const Observation& seen) = 0;
  /// Of all batches since the last reset; NaN where it is not defined.
  virtual double value() const = 0;
  virtual void reset() = 0;
  /// False if `value` is too much work for each step, and is wanted at the end of an epoch only.
  virtual bool cheap() const { return true; }

  /// What is needed to go on with the same bits in the middle of an epoch.
  virtual optim::State state() const = 0;
  /// Throws ValueError for the state of another kind of metric.
  virtual void load_state(const optim::State& state) = 0;

 protected:
  explicit Metric(MetricInfo info) : info_(std::move(info)) {}

 private:
  MetricInfo info_;
};

/// A mean over items, elements or words: sum / weight. What metrics of the user's own derive from, most easily.
class MeanMetric : public Metric {
 public:
  double update(const Observation& seen) final;
  double value() const final { return finish(total_); }
  void reset() final { total_ = {}; }
  optim::State state() const final;
  void load_state(const optim::State& state) final;

 protected:
  struct Sum {
    double sum = 0, weight = 0;
  };
  explicit MeanMetric(MetricInfo info) : Metric(std::move(info)) {}

  /// Of one batch.
  virtual Sum sum_of(const Observation& seen) const = 0;
  /// What the sums mean; sum / weight unless it is said otherwise, NaN without weight.
  virtual double finish(const Sum& total) const;
  void add(const Sum& batch);

 private:
  Sum total_;
};

/// A mean over items of a function of the batch.
///
/// Example: builder.metric(train::mean_of("margin", [](const train::Observation& seen) { return ...; }));
template <class F> class MeanOf final : public MeanMetric {
 public:
  MeanOf(MetricInfo info, F f) : MeanMetric(std::move(info)), f_(std::move(f)) {}

 private:
  Sum sum_of(const Observation& seen) const override {
    const double n = static_cast<double>(seen.items);
    return {static_cast<double>(f_(seen)) * n, n};
  }
  F f_;
};
template <class F> MeanOf<F> mean_of(MetricInfo info, F f) { return MeanOf<F>(std::move(info), std::move(f)); }
template <class F> MeanOf<F> mean_of(std::string name, F f) {
  MetricInfo info;
  info.name = std::move(name);
  return MeanOf<F>(std::move(info), std::move(f));
}

}  // namespace fornax::train
