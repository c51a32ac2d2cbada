#include <fornax/optim/adam.hpp>

#include <cmath>

#include <fornax/optim/rules.hpp>

namespace fornax::optim {

Adam::Adam(std::string_view name, const Config& config, Decay decay)
    : GradientOptimizer(name, config.lr, config.weight_decay, decay), config_(config) {
  require_fraction(name, "beta1", config.beta1);
  require_fraction(name, "beta2", config.beta2);
  require_not_negative(name, "eps", config.eps);
}

void Adam::set_momentum(double momentum) {
  require_fraction(name(), "beta1", momentum);
  config_.beta1 = momentum;
}

void Adam::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const auto t = static_cast<double>(kept.step);
  Array& m = kept.array("exp_avg", w);
  blend(m, g, config_.beta1);
  Array& v = kept.array("exp_avg_sq", w);
  blend_square(v, std::move(g), config_.beta2);
  const Array* squares = &v;
  if (config_.amsgrad) {
    Array& largest = kept.array("max_exp_avg_sq", w);
    largest = binary(BinaryFn::Maximum, std::move(largest), kept.array("exp_avg_sq"));
    squares = &largest;
  }
  Array d = root_plus(*squares, 1 / std::sqrt(1 - std::pow(config_.beta2, t)), config_.eps);
  descend(w, kept.array("exp_avg") / std::move(d), rate.lr / (1 - std::pow(config_.beta1, t)));
}

AdamW::AdamW(const Config& c)
    : Adam("AdamW",
           {.lr = c.lr,
            .beta1 = c.beta1,
            .beta2 = c.beta2,
            .eps = c.eps,
            .weight_decay = c.weight_decay,
            .amsgrad = c.amsgrad},
           Decay::Decoupled) {}

}  // namespace fornax::optim
