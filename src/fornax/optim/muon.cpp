#include <fornax/optim/muon.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/nn/module.hpp>
#include <fornax/optim/rules.hpp>

namespace fornax::optim {

namespace {

// x [a, b] with its singular values brought into about [0.7, 1.2]. The quintic's slope at 0 is as steep as it can be.
Array orthogonalised(Array x, int steps) {
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;
  const bool tall = x.shape()[0] > x.shape()[1];
  if (tall) x = swap_dims(std::move(x), 0, 1);
  x = std::move(x) / std::max(norm_of(x), 1e-7);
  for (int i = 0; i < steps; ++i) {
    const Array gram = matmul(x, x, false, true);
    const Array polynomial = gram * b + matmul(gram, gram) * c;
    x = matmul(polynomial, x) + x * a;
  }
  return tall ? swap_dims(std::move(x), 0, 1) : x;
}

}  // namespace

Muon::Muon(const Config& config) : ConfiguredOptimizer("Muon", config, Decay::Own) {
  require_fraction(name(), "momentum", config.momentum);
  if (config.steps < 0 || config.steps > 100) refuse(name(), "steps", config.steps, "in [0, 100]");
  require_not_negative(name(), "adamw_lr", config.adamw_lr);
  require_fraction(name(), "adamw_beta1", config.adamw_beta1);
  require_fraction(name(), "adamw_beta2", config.adamw_beta2);
  require_not_negative(name(), "adamw_eps", config.adamw_eps);
}

void Muon::set_momentum(double momentum) {
  require_fraction(name(), "momentum", momentum);
  config_.momentum = momentum;
}

void Muon::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const bool by_adamw = w.rank() < 2 || std::any_of(config_.adamw_for.begin(), config_.adamw_for.end(),
                                                    [&](const std::string& p) { return nn::matches(p, kept.path); });
  if (by_adamw) {
    const double lr = config_.lr > 0 ? config_.adamw_lr * rate.lr / config_.lr : config_.adamw_lr;
    w = std::move(w) * (1 - lr * rate.weight_decay);
    AdamDirection d =
        adam_direction(kept, w, std::move(g), config_.adamw_beta1, config_.adamw_beta2, config_.adamw_eps);
    return descend(w, std::move(d.array), lr * d.scale);
  }
  if (rate.weight_decay != 0) w = std::move(w) * (1 - rate.lr * rate.weight_decay);
  Array& v = kept.array("momentum_buffer", w);
  blend(v, g, config_.momentum);
  const Shape shape = w.shape();
  if (shape.numel() == 0) return;
  const std::int64_t rows = shape[0], columns = shape.numel() / rows;
  Array direction = config_.nesterov ? std::move(g) * (1 - config_.momentum) + v * config_.momentum : v;
  direction = orthogonalised(reshape(std::move(direction), Shape{rows, columns}), config_.steps);
  const auto a = static_cast<double>(rows), b = static_cast<double>(columns);
  const double scale = config_.match_adamw ? 0.2 * std::sqrt(std::max(a, b)) : std::sqrt(std::max(1.0, a / b));
  descend(w, reshape(std::move(direction), shape), rate.lr * scale);
}

}  // namespace fornax::optim
