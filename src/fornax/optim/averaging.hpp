#pragma once
// Averages of weights over training, which often do better than the last weights: exponential (EMA) and plain (SWA).
//
//   optim::Ema ema({.decay = 0.999});
//   optimizer.step(model, grads);
//   ema.update(model);              // after each step
//   ema.swap(model);                // evaluate with the averages ...
//   ema.swap(model);                // ... and go on with the weights
//
// Parameters that require a gradient are averaged; batch statistics have to be computed anew for the averages.

#include <string>
#include <vector>

#include <fornax/nn/config.hpp>
#include <fornax/optim/state.hpp>

namespace fornax::optim {

/// What both have in common.
class WeightAverage {
 public:
  virtual ~WeightAverage() = default;

  /// Takes up the weights of the model. The first call takes them as they are. Throws ShapeError or ValueError if it is
  /// another model.
  template <class M> void update(M& model) { add(nn::parameters_of(model)); }
  /// Writes the averages into a model.
  template <class M> void copy_to(M& model) const { write(nn::parameters_of(model)); }
  /// Exchanges the averages and the weights of a model.
  template <class M> void swap(M& model) { exchange(nn::parameters_of(model)); }
  /// The average of a parameter; empty if there is none.
  Array find(std::string_view path) const;
  /// How often update() was called.
  std::int64_t updates() const { return updates_; }

  State state() const;
  void load_state(const State& state);

 protected:
  explicit WeightAverage(std::string_view name) : name_(name) {}
  /// How much of the average is kept in update number n, from 1 on.
  virtual double keep(std::int64_t n) const = 0;

 private:
  struct Entry {
    std::string path;
    Array average;
  };
  void add(const nn::Parameters& parameters);
  void write(const nn::Parameters& parameters) const;
  void exchange(const nn::Parameters& parameters);
  void require_same(const nn::Parameters& parameters) const;

  std::string_view name_;
  std::vector<Entry> entries_;
  std::int64_t updates_ = 0;
};

struct EmaConfig {
  double decay = 0.999;
  bool warmup = false;  // decays by (1 + n) / (10 + n) while that is less, so that early weights do not linger
  FORNAX_LAZY_CONFIG(EmaConfig, decay, warmup)
};

/// average = decay average + (1 - decay) w.
class Ema final : public WeightAverage {
 public:
  using Config = EmaConfig;
  Ema() : Ema(Config()) {}
  /// Throws ValueError for a decay outside [0, 1].
  explicit Ema(const Config& config);

 private:
  double keep(std::int64_t n) const override;
  Config config_;
};

/// The mean of the weights of all updates: stochastic weight averaging, for the weights at the ends of cycles.
///
/// Source: Izmailov et al. 2018.
class Swa final : public WeightAverage {
 public:
  Swa() : WeightAverage("Swa") {}

 private:
  double keep(std::int64_t n) const override;
};

}  // namespace fornax::optim
