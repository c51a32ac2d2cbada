#pragma once
// Steps divided by the size of past gradients: Adagrad, Adadelta, RmsProp.

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct AdagradConfig {
  double lr = 1e-2;
  double lr_decay = 0;             // the rate of step t is lr / (1 + (t - 1) lr_decay)
  double initial_accumulator = 0;  // where the sum of squares starts
  double eps = 1e-10;
  double weight_decay = 0;
  FORNAX_LAZY_CONFIG(AdagradConfig, lr, lr_decay, initial_accumulator, eps, weight_decay)
};

/// w -= lr g / (sqrt(s) + eps), with s the sum of all g g.
///
/// Source: Duchi, Hazan and Singer 2011.
class Adagrad final : public ConfiguredOptimizer<AdagradConfig> {
 public:
  Adagrad() : Adagrad(Config()) {}
  explicit Adagrad(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

struct AdadeltaConfig {
  double lr = 1;
  double rho = 0.9;  // how much of the averages is kept in a step
  double eps = 1e-6;
  double weight_decay = 0;
  FORNAX_LAZY_CONFIG(AdadeltaConfig, lr, rho, eps, weight_decay)
};

/// w -= lr d, d = g sqrt(u + eps) / sqrt(v + eps), with v the average of g g, and u that of earlier d d.
///
/// Source: Zeiler 2012.
class Adadelta final : public ConfiguredOptimizer<AdadeltaConfig> {
 public:
  Adadelta() : Adadelta(Config()) {}
  explicit Adadelta(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

struct RmsPropConfig {
  double lr = 1e-2;
  double alpha = 0.99;  // how much of the averages is kept in a step
  double eps = 1e-8;
  double momentum = 0;
  bool centered = false;  // divide by the standard deviation of g instead of its size
  double weight_decay = 0;
  FORNAX_LAZY_CONFIG(RmsPropConfig, lr, alpha, eps, momentum, centered, weight_decay)
};

/// w -= lr b, b = momentum b + g / (sqrt(v) + eps), with v the average of g g; centered, less the square of the average
/// of g.
///
/// Source: Tieleman and Hinton 2012; centered: Graves 2013.
class RmsProp final : public ConfiguredOptimizer<RmsPropConfig> {
 public:
  RmsProp() : RmsProp(Config()) {}
  explicit RmsProp(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

}  // namespace fornax::optim
