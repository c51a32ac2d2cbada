#include <fornax/optim/layerwise.hpp>

#include <fornax/optim/rules.hpp>

namespace fornax::optim {

Lars::Lars(const Config& config) : ConfiguredOptimizer("Lars", config, Decay::Own) {
  require_not_negative(name(), "momentum", config.momentum);
  require_positive(name(), "trust", config.trust);
  require_not_negative(name(), "eps", config.eps);
}

void Lars::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const double weights = norm_of(w), gradient = norm_of(g), decay = rate.weight_decay;
  const double q =
      weights > 0 && gradient > 0 ? config_.trust * weights / (gradient + decay * weights + config_.eps) : 1;
  if (decay != 0) g = std::move(g) + w * decay;
  Array& v = kept.array("momentum_buffer", w);
  v = std::move(v) * config_.momentum + std::move(g) * (rate.lr * q);
  w = std::move(w) - v;
}

Lamb::Lamb(const Config& config) : ConfiguredOptimizer("Lamb", config, Decay::Own) {
  require_fraction(name(), "beta1", config.beta1);
  require_fraction(name(), "beta2", config.beta2);
  require_not_negative(name(), "eps", config.eps);
}

void Lamb::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  AdamDirection d = adam_direction(kept, w, std::move(g), config_.beta1, config_.beta2, config_.eps);
  Array r = std::move(d.array) * d.scale;
  if (rate.weight_decay != 0) r = std::move(r) + w * rate.weight_decay;
  const double weights = norm_of(w), direction = norm_of(r);
  descend(w, std::move(r), rate.lr * (weights > 0 && direction > 0 ? weights / direction : 1));
}

}  // namespace fornax::optim
