#pragma once
// Rules that look at the sign of the gradient: Rprop, Lion.

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct RpropConfig {
  double lr = 1e-2;                        // the first step of each weight
  double eta_minus = 0.5, eta_plus = 1.2;  // factors of the step after a change of sign, and without one
  double step_min = 1e-6, step_max = 50;   // in the units of the weights
  FORNAX_LAZY_CONFIG(RpropConfig, lr, eta_minus, eta_plus, step_min, step_max)
};

/// Each weight has a step of its own, which grows while its gradient keeps its sign and shrinks when that changes. For
/// gradients of the whole data: noise in the signs spoils it. A change of the rate after the first step does nothing.
///
/// Errors: ValueError unless 0 < eta_minus < 1 < eta_plus and 0 <= step_min <= step_max.
/// Source: Riedmiller and Braun 1993; the form is PyTorch's (no step back after a change of sign).
class Rprop final : public ConfiguredOptimizer<RpropConfig> {
 public:
  Rprop() : Rprop(Config()) {}
  explicit Rprop(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

struct LionConfig {
  double lr = 1e-4;
  double beta1 = 0.9, beta2 = 0.99;  // the mix whose sign is taken, and how much of the average is kept
  double weight_decay = 0;           // scales w by 1 - lr weight_decay
  FORNAX_LAZY_CONFIG(LionConfig, lr, beta1, beta2, weight_decay)
};

/// w -= lr sign(beta1 m + (1 - beta1) g), then m = beta2 m + (1 - beta2) g.
///
/// Source: Chen et al. 2023.
class Lion final : public ConfiguredOptimizer<LionConfig> {
 public:
  Lion() : Lion(Config()) {}
  explicit Lion(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

}  // namespace fornax::optim
