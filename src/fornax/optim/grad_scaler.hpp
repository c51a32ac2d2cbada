#pragma once

#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

struct GradScalerConfig {
  double initial_scale = 65536;
  double growth = 2;     // factor of the scale after `interval` steps without an overflow
  double backoff = 0.5;  // factor after an overflow
  std::int64_t interval = 2000;
  FORNAX_LAZY_CONFIG(GradScalerConfig, initial_scale, growth, backoff, interval)
};

/// Loss scaling for 16-bit floats, whose gradients would vanish below 6e-8 (f16): the loss is multiplied by a scale that is
/// as large as overflows allow, and the gradients are divided by it before the step.
///
/// Example: auto grads = scaler.scale(loss).backward();
///          scaler.step(optimizer, model, grads);        // skips the step after an overflow
/// Source:  Micikevicius et al. 2018; the numbers are PyTorch's.
class GradScaler {
 public:
  using Config = GradScalerConfig;
  GradScaler() : GradScaler(Config()) {}
  /// Throws ValueError unless scale > 0, growth > 1, 0 < backoff < 1 and interval > 0.
  explicit GradScaler(const Config& config);

  double scale() const { return scale_; }
  /// The loss times the scale.
  template <AnyTensor T> T scale(const T& loss) const { return loss * scale_; }
  /// Divides the gradients by the scale; for clipping before step(), which does it otherwise.
  void unscale(NamedGradients& gradients) const { gradients.scale(1 / scale_); }

  /// Steps with the gradients of a scaled loss if all are finite, and changes the scale by the outcome.
  template <class M, class G> StepReport step(GradientOptimizer& optimizer, M& model, G&& gradients) {
    NamedGradients named = gradients_of(model, std::forward<G>(gradients));
    StepReport report;
    if (const std::string* path = named.first_non_finite()) {
      report.skipped = true;
      report.non_finite = *path;
    } else {
      unscale(named);
      report = optimizer.step(model, std::move(named));
    }
    update(report.skipped);
    return report;
  }
  /// Changes the scale after a step that did or did not overflow: what step() calls.
  void update(bool overflow);

  State state() const;
  void load_state(const State& state);

 private:
  Config config_;
  double scale_;
  std::int64_t since_ = 0;  // steps without an overflow
};

}  // namespace fornax::optim
