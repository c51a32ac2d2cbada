#include <fornax/optim/adam.hpp>

#include <fornax/ops/op.hpp>
#include <fornax/optim/rules.hpp>

namespace fornax::optim {

Adam::Adam(std::string_view name, const Config& config, Decay decay) : ConfiguredOptimizer(name, config, decay) {
  require_fraction(name, "beta1", config.beta1);
  require_fraction(name, "beta2", config.beta2);
  require_not_negative(name, "eps", config.eps);
}

void Adam::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const auto& [lr, beta1, beta2, eps, weight_decay, amsgrad] = config_;
  if (amsgrad) {
    AdamDirection d = adam_direction(kept, w, std::move(g), beta1, beta2, eps, true);
    return descend(w, std::move(d.array), rate.lr * d.scale);
  }
  const AdamStart start(kept.step, beta1, beta2);
  Array &m = kept.array("exp_avg", w), &v = kept.array("exp_avg_sq", w);
  const op::AdamStep step{rate.lr * start.scale, beta1, beta2, eps * start.root};
  Arrays moved = run_all(step, {std::move(w), g, std::move(m), std::move(v)});
  w = std::move(moved[0]);
  m = std::move(moved[1]);
  v = std::move(moved[2]);
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
