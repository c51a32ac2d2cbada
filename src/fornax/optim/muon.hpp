#pragma once

#include <string>
#include <vector>

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct MuonConfig {
  double lr = 1e-3;
  double momentum = 0.95;
  bool nesterov = true;
  double weight_decay = 0.1;  // scales w by 1 - lr weight_decay
  int steps = 5;              // of the Newton-Schulz iteration
  // The rate of a matrix [a, b] is times 0.2 sqrt(max(a, b)), which makes updates as large as AdamW's; else times
  // sqrt(max(1, a / b)).
  bool match_adamw = false;
  // Parameters of less than two dims, and those whose path matches one of the patterns, are stepped by AdamW.
  std::vector<std::string> adamw_for = {};
  double adamw_lr = 3e-4;  // scaled with lr
  double adamw_beta1 = 0.9, adamw_beta2 = 0.95, adamw_eps = 1e-8;
  FORNAX_LAZY_CONFIG(MuonConfig, lr, momentum, nesterov, weight_decay, steps, match_adamw, adamw_for, adamw_lr,
                     adamw_beta1, adamw_beta2, adamw_eps)
};

/// Momentum whose singular values are all brought near 1, by five steps of a polynomial Newton-Schulz iteration:
/// w -= lr U V^T for a velocity U S V^T. For the weight matrices inside a network; embeddings and the last layer are
/// better named in adamw_for. More than two dims are taken as [first, rest].
///
/// The iteration runs in the dtype of the parameter (f32 for 16 bits), where other programs take bf16.
///
/// Source: Jordan et al. 2024; velocity and rates as in PyTorch 2.9.
class Muon final : public ConfiguredOptimizer<MuonConfig> {
 public:
  Muon() : Muon(Config()) {}
  explicit Muon(const Config& config);
  void set_momentum(double momentum) override;

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
};

}  // namespace fornax::optim
