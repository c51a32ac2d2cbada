#pragma once
// Gradient descent, with momentum or averaged.

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct SgdConfig {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;  // the velocity takes up 1 - dampening of each gradient but the first
  bool nesterov = false;
  double weight_decay = 0;
  bool decoupled = false;  // weight decay scales w by 1 - lr weight_decay, instead of adding to the gradient
  FORNAX_LAZY_CONFIG(SgdConfig, lr, momentum, dampening, nesterov, weight_decay, decoupled)
};

/// w -= lr v, with the velocity v = momentum v + (1 - dampening) g, which is g in the first step. Nesterov's steps are
/// along g + momentum v. Weight decay adds weight_decay w to g.
///
/// Errors: ValueError for settings out of range, or Nesterov without momentum or with dampening.
/// Source: Sutskever et al. 2013; the form is PyTorch's.
class Sgd final : public ConfiguredOptimizer<SgdConfig> {
 public:
  Sgd() : Sgd(Config()) {}
  explicit Sgd(const Config& config);

 private:
  void update_each(std::span<Update> updates) const override;
};

struct AsgdConfig {
  double lr = 1e-2;
  double lambd = 1e-4;  // decay of the weights
  double alpha = 0.75;  // power of the rate's decay
  double t0 = 1e6;      // the step at which averaging starts
  double weight_decay = 0;
  FORNAX_LAZY_CONFIG(AsgdConfig, lr, lambd, alpha, t0, weight_decay)
};

/// Averaged gradient descent: w = (1 - lambd eta) w - eta g with eta = lr / (1 + lambd lr t)^alpha. The state keeps the
/// average of w from step t0 on, as "ax".
///
/// Source: Polyak and Juditsky 1992; the form is PyTorch's.
class Asgd final : public ConfiguredOptimizer<AsgdConfig> {
 public:
  Asgd() : Asgd(Config()) {}
  explicit Asgd(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

}  // namespace fornax::optim
