#include <fornax/optim/adam_variants.hpp>

#include <cmath>

#include <fornax/optim/rules.hpp>

namespace fornax::optim {

namespace {

template <class Config> void require_betas(std::string_view name, const Config& config) {
  require_fraction(name, "beta1", config.beta1);
  require_fraction(name, "beta2", config.beta2);
  require_not_negative(name, "eps", config.eps);
}

}  // namespace

NAdam::NAdam(const Config& config)
    : ConfiguredOptimizer("NAdam", config, config.decoupled ? Decay::Decoupled : Decay::L2) {
  require_betas(name(), config);
  require_not_negative(name(), "momentum_decay", config.momentum_decay);
}

void NAdam::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const auto t = static_cast<double>(kept.step);
  const auto mu_at = [&](double step) {
    return config_.beta1 * (1 - 0.5 * std::pow(0.96, step * config_.momentum_decay));
  };
  const double mu = mu_at(t), mu_next = mu_at(t + 1);
  double& product = kept.number("mu_product", 1);
  product *= mu;
  const double product_next = product * mu_next * (config_.as_torch_1 ? mu : 1);
  blend(kept.array("exp_avg", w), g, config_.beta1);
  blend_square(kept.array("exp_avg_sq", w), g, config_.beta2);
  const double root = std::sqrt(1 - std::pow(config_.beta2, t));
  const Array d = root_plus(kept.array("exp_avg_sq"), config_.eps * root);
  descend(w, std::move(g) / d, rate.lr * root * (1 - mu) / (1 - product));
  descend(w, kept.array("exp_avg") / d, rate.lr * root * mu_next / (1 - product_next));
}

RAdam::RAdam(const Config& config)
    : ConfiguredOptimizer("RAdam", config, config.decoupled ? Decay::Decoupled : Decay::L2) {
  require_betas(name(), config);
}

void RAdam::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const auto t = static_cast<double>(kept.step);
  blend(kept.array("exp_avg", w), g, config_.beta1);
  blend_square(kept.array("exp_avg_sq", w), std::move(g), config_.beta2);
  const double power = std::pow(config_.beta2, t);
  const double longest = 2 / (1 - config_.beta2) - 1;
  const double length = longest - 2 * t * power / (1 - power);  // of the moving average, in effect
  const double lr = rate.lr / (1 - std::pow(config_.beta1, t));
  if (length <= 5) return descend(w, kept.array("exp_avg"), lr);
  const double rectified = std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  descend(w, kept.array("exp_avg") / root_plus(kept.array("exp_avg_sq"), config_.eps),
          lr * rectified * std::sqrt(1 - power));
}

Adamax::Adamax(const Config& config) : ConfiguredOptimizer("Adamax", config, Decay::L2) {
  require_betas(name(), config);
}

void Adamax::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  blend(kept.array("exp_avg", w), g, config_.beta1);
  Array& u = kept.array("exp_inf", w);
  u = binary(BinaryFn::Maximum, std::move(u) * config_.beta2, unary(UnaryFn::Abs, std::move(g)) + config_.eps);
  descend(w, kept.array("exp_avg") / kept.array("exp_inf"),
          rate.lr / (1 - std::pow(config_.beta1, static_cast<double>(kept.step))));
}

Adan::Adan(const Config& config) : ConfiguredOptimizer("Adan", config, Decay::Own) {
  require_betas(name(), config);
  require_fraction(name(), "beta3", config.beta3);
}

void Adan::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const auto t = static_cast<double>(kept.step);
  Array& previous = kept.array("previous");
  const Array change = previous.defined() ? g - std::move(previous) : zeros_like(g);
  kept.array("previous") = g;
  blend(kept.array("exp_avg", w), g, config_.beta1);
  blend(kept.array("exp_avg_change", w), change, config_.beta2);
  blend_square(kept.array("exp_avg_sq", w), std::move(g) + change * config_.beta2, config_.beta3);
  const double root = std::sqrt(1 - std::pow(config_.beta3, t));
  const Array d = root_plus(kept.array("exp_avg_sq"), config_.eps * root);
  descend(w, kept.array("exp_avg") / d, rate.lr * root / (1 - std::pow(config_.beta1, t)));
  descend(w, kept.array("exp_avg_change") / d, rate.lr * root * config_.beta2 / (1 - std::pow(config_.beta2, t)));
  if (rate.weight_decay != 0) w = std::move(w) / (1 + rate.lr * rate.weight_decay);
}

}  // namespace fornax::optim
