#pragma once
// Adam and AdamW.

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct AdamConfig {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  // how much of the averages is kept in a step
  double eps = 1e-8;
  double weight_decay = 0;  // added to the gradient as weight_decay w
  bool amsgrad = false;     // divide by the largest average of squares so far
  FORNAX_LAZY_CONFIG(AdamConfig, lr, beta1, beta2, eps, weight_decay, amsgrad)
};

/// w -= lr m / (sqrt(v) + eps), with m and v the averages of g and g g, each divided by 1 - beta^t to make up for their
/// start at zero.
///
/// Errors: ValueError for settings out of range.
/// Source: Kingma and Ba 2015; AMSGrad: Reddi, Kale and Kumar 2018.
class Adam : public ConfiguredOptimizer<AdamConfig> {
 public:
  Adam() : Adam(Config()) {}
  explicit Adam(const Config& config) : Adam("Adam", config, Decay::L2) {}

 protected:
  Adam(std::string_view name, const Config& config, Decay decay);
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;  // AMSGrad
  void update_each(std::span<Update> updates) const override;
};

struct AdamWConfig {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // scales w by 1 - lr weight_decay
  bool amsgrad = false;
  FORNAX_LAZY_CONFIG(AdamWConfig, lr, beta1, beta2, eps, weight_decay, amsgrad)
};

/// Adam with decoupled weight decay: w is scaled by 1 - lr weight_decay before the step, which knows nothing of it.
///
/// Source: Loshchilov and Hutter 2019.
class AdamW final : public Adam {
 public:
  using Config = AdamWConfig;
  AdamW() : AdamW(Config()) {}
  explicit AdamW(const Config& config);
};

}  // namespace fornax::optim
