#pragma once

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct AdafactorConfig {
  double lr = 1e-2;           // the largest relative step
  double beta2_decay = -0.8;  // the average of squares takes up t^beta2_decay of those of step t
  double eps1 = 0;            // keeps squares away from 0; 0: the dtype's epsilon
  double eps2 = 1e-3;         // the least scale of a parameter
  double d = 1;               // the largest root mean square of an update
  double weight_decay = 0;    // scales w by 1 - lr weight_decay
  FORNAX_LAZY_CONFIG(AdafactorConfig, lr, beta2_decay, eps1, eps2, d, weight_decay)
};

/// Adam without momentum, with steps relative to the scale of the weights, whose average of squares is kept for each row
/// and column of a matrix alone: memory of a + b numbers for [a, b]. Dims before the last two are batches of matrices.
///
/// Source: Shazeer and Stern 2018, algorithms 4 and 5, with the relative step min(lr, 1 / sqrt(t)); the form, and eps1, are
///         PyTorch's.
class Adafactor final : public ConfiguredOptimizer<AdafactorConfig> {
 public:
  Adafactor() : Adafactor(Config()) {}
  explicit Adafactor(const Config& config);

 private:
  void update(Array& w, Array g, Slots& kept, const Rate& rate) const override;
  Shape shape_of(std::string_view slot, const Shape& parameter) const override;
};

}  // namespace fornax::optim
