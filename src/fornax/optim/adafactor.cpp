#include <fornax/optim/adafactor.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fornax/optim/rules.hpp>

namespace fornax::optim {

namespace {

double root_mean_square(const Array& x) {
  return x.numel() == 0 ? 0 : norm_of(x) / std::sqrt(static_cast<double>(x.numel()));
}

}  // namespace

Adafactor::Adafactor(const Config& config) : ConfiguredOptimizer("Adafactor", config, Decay::Own) {
  if (!(config.beta2_decay <= 0)) refuse(name(), "beta2_decay", config.beta2_decay, "at most 0");
  require_not_negative(name(), "eps1", config.eps1);
  require_not_negative(name(), "eps2", config.eps2);
  if (!(config.d >= 1)) refuse(name(), "d", config.d, "at least 1");
}

Shape Adafactor::shape_of(std::string_view slot, const Shape& parameter) const {
  if (slot == "row_var") return parameter.with(parameter.rank() - 1, 1);
  if (slot == "col_var") return parameter.with(parameter.rank() - 2, 1);
  return parameter;
}

void Adafactor::update(Array& w, Array g, Slots& kept, const Rate& rate) const {
  const auto t = static_cast<double>(kept.step);
  const double fresh = std::pow(t, config_.beta2_decay);
  const double eps1 = config_.eps1 > 0          ? config_.eps1
                      : w.dtype() == DType::F64 ? std::numeric_limits<double>::epsilon()
                                                : std::numeric_limits<float>::epsilon();
  const double alpha = std::max(config_.eps2, root_mean_square(w)) * std::min(rate.lr, 1 / std::sqrt(t));
  // After the scale was taken.
  if (rate.weight_decay != 0) w = std::move(w) * (1 - rate.lr * rate.weight_decay);
  const Array square = unary(UnaryFn::Square, g);
  Array variance;
  if (w.rank() >= 2) {
    const Shape& shape = w.shape();
    Array& rows = kept.array("row_var", zeros_like(w, shape_of("row_var", shape)));
    blend(rows, reduce(ReduceFn::Mean, square, -1), 1 - fresh);
    Array& columns = kept.array("col_var", zeros_like(w, shape_of("col_var", shape)));
    blend(columns, reduce(ReduceFn::Mean, square, -2), 1 - fresh);
    const Scalar least = eps1;
    variance = rows * columns / clamp(reduce(ReduceFn::Mean, rows, -2), &least, nullptr);
  } else {
    blend(kept.array("variance", w), square, 1 - fresh);
    variance = kept.array("variance");
  }
  const Scalar least = eps1 * eps1;
  Array step = rsqrt(clamp(std::move(variance), &least, nullptr)) * std::move(g);
  const double size = std::max(1.0, root_mean_square(step) / config_.d);
  descend(w, std::move(step), alpha / size);
}

}  // namespace fornax::optim
