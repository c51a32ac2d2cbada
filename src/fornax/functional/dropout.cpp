#include <fornax/functional/dropout.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/functional/common.hpp>
#include <fornax/ops/op.hpp>

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

// One draw for each position in the first `dims` dims.
Array thinned(const Array& x, int dims, const Dropout& options) {
  if (!options.training || options.probability == 0) return x;
  if (options.probability == 1) return x * 0.0;
  std::int64_t draws = 1;
  for (int d = 0; d < std::min(dims, x.rank()); ++d) draws *= x.shape()[d];
  return run(op::Dropout{options.probability, draw_of(x, draws, options.generator), dims}, {x});
}

}  // namespace

Array dropout(const Array& x, const Dropout& options) {
  check("dropout", x, options);
  return thinned(x, kMaxRank, options);
}

Array feature_dropout(const Array& x, const Dropout& options) {
  check("feature_dropout", x, options);
  if (x.rank() < 2)
    throw ShapeError("feature_dropout", "needs a batch and a channel dim, got shape " + x.shape().str());
  return thinned(x, 2, options);
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
