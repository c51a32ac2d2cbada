#include <fornax/optim/sgd.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/optim/rules.hpp>
#include <fornax/optim/step_lists.hpp>

namespace fornax::optim {

Sgd::Sgd(const Config& config) : ConfiguredOptimizer("Sgd", config, config.decoupled ? Decay::Decoupled : Decay::L2) {
  require_not_negative(name(), "momentum", config.momentum);
  if (!std::isfinite(config.dampening)) refuse(name(), "dampening", config.dampening, "finite");
  if (config.nesterov && (config.momentum == 0 || config.dampening != 0))
    throw ValueError(name(), "Nesterov's steps need a momentum and no dampening: momentum is " +
                                 Scalar(config.momentum).str() + ", dampening " + Scalar(config.dampening).str());
}

void Sgd::update_each(std::span<Update> updates) const {
  StepLists<op::SgdStep> steps;
  for (Update& u : updates) {
    op::SgdStep step{u.rate.lr,        config_.momentum, 1 - config_.dampening,
                     config_.nesterov, u.rate.l2(),      u.rate.shrink()};
    if (step.momentum == 0) {
      steps.add(step, *u.kept, {&u.w, &u.g});
      continue;
    }
    Array& v = u.kept->array("momentum_buffer");
    if (!v.defined()) {
      v = zeros_like(u.w);
      step.share = 1;
    }
    steps.add(step, *u.kept, {&u.w, &u.g, &v});
  }
  steps.run();
}

Asgd::Asgd(const Config& config) : ConfiguredOptimizer("Asgd", config, Decay::L2) {
  require_not_negative(name(), "lambd", config.lambd);
  require_not_negative(name(), "alpha", config.alpha);
  require_not_negative(name(), "t0", config.t0);
}

void Asgd::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  Array& ax = kept.array("ax");
  double& eta = kept.number("eta", rate.lr);
  double& mu = kept.number("mu", 1);
  w = std::move(w) * (1 - config_.lambd * eta);
  descend(w, std::move(g), eta);
  if (mu == 1 || !ax.defined()) {
    ax = w;
  } else {
    ax = std::move(ax) * (1 - mu) + w * mu;
  }
  const auto step = static_cast<double>(kept.step);
  eta = rate.lr / std::pow(1 + config_.lambd * rate.lr * step, config_.alpha);
  mu = 1 / std::max(1.0, step - config_.t0);
}

}  // namespace fornax::optim
