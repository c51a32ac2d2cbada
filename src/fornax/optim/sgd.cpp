#include <fornax/optim/sgd.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/ops/op.hpp>
#include <fornax/optim/rules.hpp>

namespace fornax::optim {

Sgd::Sgd(const Config& config) : ConfiguredOptimizer("Sgd", config, config.decoupled ? Decay::Decoupled : Decay::L2) {
  require_not_negative(name(), "momentum", config.momentum);
  if (!std::isfinite(config.dampening)) refuse(name(), "dampening", config.dampening, "finite");
  if (config.nesterov && (config.momentum == 0 || config.dampening != 0))
    throw ValueError(name(), "Nesterov's steps need a momentum and no dampening: momentum is " +
                                 Scalar(config.momentum).str() + ", dampening " + Scalar(config.dampening).str());
}

void Sgd::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const double mu = config_.momentum;
  if (mu == 0) return descend(w, std::move(g), rate.lr);
  Array& v = kept.array("momentum_buffer");
  if (!v.defined()) {
    v = g;
    return descend(w, config_.nesterov ? std::move(g) + v * mu : v, rate.lr);
  }
  const op::SgdStep step{rate.lr, mu, 1 - config_.dampening, config_.nesterov};
  Arrays moved = run_all(step, {std::move(w), g, std::move(v)});
  w = std::move(moved[0]);
  v = std::move(moved[1]);
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
