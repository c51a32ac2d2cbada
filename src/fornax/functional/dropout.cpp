#include <fornax/functional/dropout.hpp>

#include <cmath>

#include <fornax/functional/common.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

void check(std::string_view operation, const Array& x, const Dropout& options) {
  require_floats(operation, {&x});
  require_probability(operation, "the probability", options.probability);
}

Array kept(const Array& x, const Shape& shape, const Dropout& options) {
  return draws(x, shape, DType::Bool, Distribution::bernoulli(1 - options.probability), options.generator);
}

// An infinity that is lost is 0 like any other.
Array thinned(const Array& x, const Shape& shape, const Dropout& options) {
  if (!options.training || options.probability == 0) return x;
  if (options.probability == 1) return x * 0.0;
  return where(kept(x, shape, options), x / (1 - options.probability), 0.0);
}

}  // namespace

Array dropout(const Array& x, const Dropout& options) {
  check("dropout", x, options);
  return thinned(x, x.shape(), options);
}

Array feature_dropout(const Array& x, const Dropout& options) {
  check("feature_dropout", x, options);
  if (x.rank() < 2)
    throw ShapeError("feature_dropout", "needs a batch and a channel dim, got shape " + x.shape().str());
  Shape shape = x.shape();
  for (int d = 2; d < x.rank(); ++d) shape = shape.with(d, 1);
  return thinned(x, shape, options);
}

Array alpha_dropout(const Array& x, const Dropout& options) {
  check("alpha_dropout", x, options);
  const double p = options.probability;
  if (!options.training || p == 0) return x;
  if (p == 1) return x * 0.0;
  constexpr double floor = -1.7580993408473766;  // -scale * alpha of selu
  const double scale = 1 / std::sqrt((1 - p) * (1 + p * floor * floor));
  return where(kept(x, x.shape(), options), x, floor) * scale - scale * floor * p;
}

}  // namespace fornax::functional
