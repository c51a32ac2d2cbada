#pragma once
// Rules whose rate is scaled for each parameter by the size of its weights, for large batches: LARS, LAMB.

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct LarsConfig {
  double lr = 1e-1;
  double momentum = 0.9;
  double trust = 1e-3;  // the share of a parameter's norm that a step of rate 1 is long
  double eps = 1e-8;
  double weight_decay = 0;  // adds weight_decay w to the gradient
  FORNAX_LAZY_CONFIG(LarsConfig, lr, momentum, trust, eps, weight_decay)
};

/// v = momentum v + lr q (g + weight_decay w), w -= v, with q = trust |w| / (|g| + weight_decay |w| + eps), or 1 where w
/// or g is 0.
///
/// Source: You, Gitman and Ginsburg 2017, algorithm 1.
class Lars final : public ConfiguredOptimizer<LarsConfig> {
 public:
  Lars() : Lars(Config()) {}
  explicit Lars(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

struct LambConfig {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-6;
  double weight_decay = 0;
  FORNAX_LAZY_CONFIG(LambConfig, lr, beta1, beta2, eps, weight_decay)
};

/// w -= lr q r, with r = m / (sqrt(v) + eps) + weight_decay w for Adam's m and v, corrected for their start, and
/// q = |w| / |r|, or 1 where one of them is 0.
///
/// Source: You et al. 2020, algorithm 2.
class Lamb final : public ConfiguredOptimizer<LambConfig> {
 public:
  Lamb() : Lamb(Config()) {}
  explicit Lamb(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

}  // namespace fornax::optim
