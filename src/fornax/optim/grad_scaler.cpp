#include <fornax/optim/grad_scaler.hpp>

#include <cmath>

#include <fornax/optim/rules.hpp>

namespace fornax::optim {

GradScaler::GradScaler(const Config& config) : config_(config), scale_(config.initial_scale) {
  require_positive("GradScaler", "initial_scale", config.initial_scale);
  if (!(config.growth > 1) || std::isinf(config.growth)) refuse("GradScaler", "growth", config.growth, "above 1");
  if (!(config.backoff > 0 && config.backoff < 1)) refuse("GradScaler", "backoff", config.backoff, "in (0, 1)");
  require_at_least("GradScaler", "interval", config.interval, 1);
}

void GradScaler::update(bool overflow) {
  if (overflow) {
    scale_ *= config_.backoff;
    since_ = 0;
  } else if (++since_ == config_.interval) {
    // A scale that is infinite in f32 would make every loss so.
    if (scale_ * config_.growth < 0x1p127) scale_ *= config_.growth;
    since_ = 0;
  }
}

State GradScaler::state() const {
  State s;
  s.kind = "GradScaler";
  s.numbers = {{"scale", scale_}, {"since", static_cast<double>(since_)}};
  return s;
}

void GradScaler::load_state(const State& state) {
  state.require_kind("GradScaler");
  const double scale = state.number("scale"), since = state.number("since");
  require_positive("load_state", "scale", scale);
  require_not_negative("load_state", "since", since);
  scale_ = scale;
  since_ = static_cast<std::int64_t>(since);
}

}  // namespace fornax::optim
