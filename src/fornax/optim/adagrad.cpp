#include <fornax/optim/adagrad.hpp>

#include <fornax/optim/rules.hpp>

namespace fornax::optim {

Adagrad::Adagrad(const Config& config) : ConfiguredOptimizer("Adagrad", config, Decay::L2) {
  require_not_negative(name(), "lr_decay", config.lr_decay);
  require_not_negative(name(), "initial_accumulator", config.initial_accumulator);
  require_not_negative(name(), "eps", config.eps);
}

void Adagrad::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  Array& sum = kept.array("sum");
  if (!sum.defined()) sum = full_like(w, config_.initial_accumulator);
  sum = std::move(sum) + unary(UnaryFn::Square, g);
  descend(w, std::move(g) / root_plus(sum, config_.eps),
          rate.lr / (1 + static_cast<double>(kept.step - 1) * config_.lr_decay));
}

Adadelta::Adadelta(const Config& config) : ConfiguredOptimizer("Adadelta", config, Decay::L2) {
  if (!(config.rho >= 0 && config.rho <= 1)) refuse(name(), "rho", config.rho, "in [0, 1]");
  require_not_negative(name(), "eps", config.eps);
}

void Adadelta::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  Array& v = kept.array("square_avg", w);
  blend_square(v, g, config_.rho);
  Array& u = kept.array("acc_delta", w);
  Array d = sqrt(u + config_.eps) / sqrt(v + config_.eps) * std::move(g);
  blend_square(u, d, config_.rho);
  descend(w, std::move(d), rate.lr);
}

RmsProp::RmsProp(const Config& config) : ConfiguredOptimizer("RmsProp", config, Decay::L2) {
  require_fraction(name(), "alpha", config.alpha);
  require_not_negative(name(), "eps", config.eps);
  require_not_negative(name(), "momentum", config.momentum);
}

void RmsProp::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  Array& v = kept.array("square_avg", w);
  blend_square(v, g, config_.alpha);
  Array size;
  if (config_.centered) {
    Array& mean = kept.array("grad_avg", w);
    blend(mean, g, config_.alpha);
    size = sqrt(v - unary(UnaryFn::Square, mean)) + config_.eps;
  } else {
    size = root_plus(v, config_.eps);
  }
  Array d = std::move(g) / std::move(size);
  if (config_.momentum == 0) return descend(w, std::move(d), rate.lr);
  Array& b = kept.array("momentum_buffer", w);
  b = std::move(b) * config_.momentum + std::move(d);
  descend(w, b, rate.lr);
}

}  // namespace fornax::optim
