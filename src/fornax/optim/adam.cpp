#include <fornax/optim/adam.hpp>

#include <fornax/optim/rules.hpp>
#include <fornax/optim/step_lists.hpp>

namespace fornax::optim {

Adam::Adam(std::string_view name, const Config& config, Decay decay) : ConfiguredOptimizer(name, config, decay) {
  require_fraction(name, "beta1", config.beta1);
  require_fraction(name, "beta2", config.beta2);
  require_not_negative(name, "eps", config.eps);
}

void Adam::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  AdamDirection d = adam_direction(kept, w, std::move(g), config_.beta1, config_.beta2, config_.eps, config_.amsgrad);
  descend(w, std::move(d.array), rate.lr * d.scale);
}

void Adam::update_each(std::span<Update> updates) const {
  if (config_.amsgrad) return GradientOptimizer::update_each(updates);
  StepLists<op::AdamStep> steps;
  for (Update& u : updates) {
    const AdamStart start(u.kept->step + 1, config_.beta1, config_.beta2);
    Array &m = u.kept->array("exp_avg", u.w), &v = u.kept->array("exp_avg_sq", u.w);
    steps.add(
        {u.rate.lr * start.scale, config_.beta1, config_.beta2, config_.eps * start.root, u.rate.l2(), u.rate.shrink()},
        *u.kept, {&u.w, &u.g, &m, &v});
  }
  steps.run();
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
