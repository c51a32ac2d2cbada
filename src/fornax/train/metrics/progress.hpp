#pragma once
// Metrics of the run itself: loss, rate, speed, memory.

#include <fornax/train/metric.hpp>

namespace fornax::train {

/// The loss, as a mean over items.
class Loss final : public MeanMetric {
 public:
  Loss();

 private:
  Sum sum_of(const Observation& seen) const override;
};

/// The rate of the last step.
class LearningRate final : public Metric {
 public:
  LearningRate();
  double update(const Observation& seen) override { return last_ = seen.lr; }
  double value() const override { return last_; }
  void reset() override { last_ = 0; }
  optim::State state() const override;
  void load_state(const optim::State& state) override;

 private:
  double last_ = 0;
};

/// Items a second, loading included.
class Throughput final : public MeanMetric {
 public:
  Throughput();

 private:
  Sum sum_of(const Observation& seen) const override;
};

/// Memory of the process that is in use, in MiB; the value of an epoch is the most of its steps. Read at most ten times a
/// second.
class ProcessMemory final : public Metric {
 public:
  ProcessMemory();
  double update(const Observation& seen) override;
  double value() const override { return most_; }
  void reset() override { most_ = 0; }
  optim::State state() const override;
  void load_state(const optim::State& state) override;

 private:
  double last_ = 0, most_ = 0, age_ = 0;
};

/// Memory in arrays, in MiB; the value of an epoch is the most of its steps.
class ArrayMemory final : public Metric {
 public:
  ArrayMemory();
  double update(const Observation& seen) override;
  double value() const override { return most_; }
  void reset() override { most_ = 0; }
  optim::State state() const override;
  void load_state(const optim::State& state) override;

 private:
  double most_ = 0;
};

}  // namespace fornax::train
