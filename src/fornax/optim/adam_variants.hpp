#pragma once
// Relatives of Adam: NAdam, RAdam, Adamax, Adan.

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct NAdamConfig {
  double lr = 2e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;        // weight decay scales w, instead of adding to the gradient
  double momentum_decay = 4e-3;  // mu(t) = beta1 (1 - 0.96^(t momentum_decay) / 2)
  bool as_torch_1 = false;       // PyTorch before 2.0 divides the momentum's share by 1 - mu(1) ... mu(t)^2 mu(t + 1)
  FORNAX_LAZY_CONFIG(NAdamConfig, lr, beta1, beta2, eps, weight_decay, decoupled, momentum_decay, as_torch_1)
};

/// Adam with Nesterov's momentum: w -= lr (g (1 - mu(t)) / (1 - P(t)) + m mu(t + 1) / (1 - P(t + 1))) / (sqrt(v) + eps)
/// with P(t) = mu(1) ... mu(t) and v corrected for its start.
///
/// Source: Dozat 2016.
class NAdam final : public ConfiguredOptimizer<NAdamConfig> {
 public:
  NAdam() : NAdam(Config()) {}
  explicit NAdam(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

struct RAdamConfig {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;
  FORNAX_LAZY_CONFIG(RAdamConfig, lr, beta1, beta2, eps, weight_decay, decoupled)
};

/// Adam whose step is scaled by how well the average of squares is known, and is plain momentum while it is not.
///
/// Source: Liu et al. 2020.
class RAdam final : public ConfiguredOptimizer<RAdamConfig> {
 public:
  RAdam() : RAdam(Config()) {}
  explicit RAdam(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

struct AdamaxConfig {
  double lr = 2e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  FORNAX_LAZY_CONFIG(AdamaxConfig, lr, beta1, beta2, eps, weight_decay)
};

/// Adam with the largest gradient in place of the mean square: w -= lr m / ((1 - beta1^t) u),
/// u = max(beta2 u, |g| + eps).
///
/// Source: Kingma and Ba 2015, section 7.1.
class Adamax final : public ConfiguredOptimizer<AdamaxConfig> {
 public:
  Adamax() : Adamax(Config()) {}
  explicit Adamax(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

struct AdanConfig {
  double lr = 1e-3;
  double beta1 = 0.98, beta2 = 0.92, beta3 = 0.99;  // how much is kept of the averages of g, of its change, of squares
  double eps = 1e-8;
  double weight_decay = 0;  // w is divided by 1 + lr weight_decay after the step
  FORNAX_LAZY_CONFIG(AdanConfig, lr, beta1, beta2, beta3, eps, weight_decay)
};

/// Nesterov's momentum by differences of gradients: w -= lr (m + beta2 d) / (sqrt(n) + eps), with m, d and n the averages,
/// corrected for their start, of g, of its change g - g(t - 1), and of (g + beta2 (g - g(t - 1)))^2.
///
/// Source: Xie et al. 2022, with the betas of its program (1 minus those of the text).
class Adan final : public ConfiguredOptimizer<AdanConfig> {
 public:
  Adan() : Adan(Config()) {}
  explicit Adan(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

}  // namespace fornax::optim
