#pragma once
// Metrics of predicted numbers: output and target of as many elements.

#include <fornax/train/metric.hpp>

namespace fornax::train {

/// Mean of |y - t|.
class Mae final : public MeanMetric {
 public:
  Mae();

 private:
  Sum sum_of(const Observation& seen) const override;
};

/// Mean of (y - t)^2.
class Mse final : public MeanMetric {
 public:
  Mse();

 private:
  Sum sum_of(const Observation& seen) const override;
};

/// The root of the mean of (y - t)^2.
class Rmse final : public MeanMetric {
 public:
  Rmse();

 private:
  Sum sum_of(const Observation& seen) const override;
  double finish(const Sum& total) const override;
};

/// 1 - sum (y - t)^2 / sum (t - mean t)^2, the share of the variance that is explained. Where targets are constant: 1 if all
/// predictions are right, else 0. NaN for less than two targets.
class R2 final : public Metric {
 public:
  R2();
  double update(const Observation& seen) override;
  double value() const override { return total_.value(); }
  void reset() override { total_ = {}; }
  optim::State state() const override;
  void load_state(const optim::State& state) override;

 private:
  struct Moments {
    double n = 0, mean = 0, squares = 0, residual = 0;
    void add(const Moments& other);
    double value() const;
  };
  Moments total_;
};

}  // namespace fornax::train
