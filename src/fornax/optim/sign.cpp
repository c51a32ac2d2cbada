#include <fornax/optim/sign.hpp>

#include <fornax/optim/rules.hpp>

namespace fornax::optim {

Rprop::Rprop(const Config& config) : ConfiguredOptimizer("Rprop", config, Decay::None) {
  if (!(config.eta_minus > 0 && config.eta_minus < 1)) refuse(name(), "eta_minus", config.eta_minus, "in (0, 1)");
  if (!(config.eta_plus > 1)) refuse(name(), "eta_plus", config.eta_plus, "above 1");
  require_not_negative(name(), "step_min", config.step_min);
  if (!(config.step_max >= config.step_min)) refuse(name(), "step_max", config.step_max, "at least step_min");
}

void Rprop::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  Array& previous = kept.array("prev", w);
  Array& size = kept.array("step_size");
  if (!size.defined()) size = full_like(w, rate.lr);
  const Array agreement = g * std::move(previous);
  const Array against = with_scalar(ScalarFn::Less, agreement, 0.0);
  Array factor = where(against, Scalar(config_.eta_minus), full_like(w, 1.0));
  factor = where(greater(agreement, 0.0), Scalar(config_.eta_plus), std::move(factor));
  const Scalar low = config_.step_min, high = config_.step_max;
  size = clamp(std::move(size) * std::move(factor), &low, &high);
  g = where(against, Scalar(0.0), std::move(g));
  descend(w, sign(g) * size, 1);
  kept.array("prev") = std::move(g);
}

Lion::Lion(const Config& config) : ConfiguredOptimizer("Lion", config, Decay::Decoupled) {
  require_fraction(name(), "beta1", config.beta1);
  require_fraction(name(), "beta2", config.beta2);
}

void Lion::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  Array& m = kept.array("exp_avg", w);
  descend(w, sign(m * config_.beta1 + g * (1 - config_.beta1)), rate.lr);
  blend(m, g, config_.beta2);
}

}  // namespace fornax::optim
