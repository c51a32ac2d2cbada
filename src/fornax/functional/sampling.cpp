#include <fornax/functional/sampling.hpp>

#include <limits>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/functional/layout.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

bool any(const Array& flags) { return reduce_all(ReduceFn::Any, flags).item() != 0; }

std::int64_t classes_of(std::string_view operation, const Array& x, const Categorical& options) {
  require_floats(operation, {&x});
  if (x.rank() == 0 || x.shape()[x.rank() - 1] == 0)
    throw ShapeError(operation, "the input has shape " + x.shape().str() + "; needs classes in the last dim");
  if (options.samples < 0) throw ValueError(operation, "the number of samples is " + std::to_string(options.samples));
  return x.shape()[x.rank() - 1];
}

// The largest of logits + noise: a sample, see Gumbel.
Array drawn(std::string_view operation, const Array& logits, const Categorical& options) {
  const std::int64_t classes = classes_of(operation, logits, options);
  const int last = logits.rank() - 1;
  const Shape shape = logits.shape().with(last, options.samples);
  if (shape.numel() == 0) return zeros_like(counting(logits, 1), shape);
  const Array best = reduce(ReduceFn::Max, logits, last);
  if (any(logical_not(unary(UnaryFn::IsFinite, best))))
    throw ValueError(operation, "a row has no class to draw: NaN, +inf, or nothing but impossible classes");
  const Array noise = gumbel_noise(logits, shape.inserted(last + 1, classes), options.generator);
  return squeeze(arg_reduce(true, unsqueeze(logits, last) + noise, last + 1), last + 1);
}

}  // namespace

Array gumbel_noise(const Array& x, const Shape& shape, Generator* generator) {
  // In f64, whatever x is: u of f32 ends 6e-8 below 1, and classes rarer than that would not be drawn. u = 0 would
  // give -inf, which no class could be told apart by.
  const double tiny = std::numeric_limits<double>::min();
  const Array u = draws(x, shape, DType::F64, Distribution::standard(), generator);
  return -log(-log(at_least(u, tiny)));
}

Array categorical_from_logits(const Array& logits, const Categorical& options) {
  static_cast<void>(classes_of("categorical_from_logits", logits, options));
  return drawn("categorical_from_logits", cast(detach(logits), DType::F64), options);
}

Array categorical(const Array& probabilities, const Categorical& options) {
  static_cast<void>(classes_of("categorical", probabilities, options));
  const Array p = cast(detach(probabilities), DType::F64);
  if (any(logical_not(with_scalar(ScalarFn::GreaterEqual, p, 0.0))))
    throw ValueError("categorical", "a probability is negative or NaN");
  return drawn("categorical", log(p), options);
}

Array cartesian_prod(std::span<const Array> vectors) {
  if (vectors.empty()) throw ValueError("cartesian_prod", "needs at least one tensor");
  for (const Array& v : vectors) {
    require_defined("cartesian_prod", v);
    require_rank("cartesian_prod", "a vector", v, 1);
    require_same_type("cartesian_prod", vectors[0], v);
  }
  std::vector<Array> columns;
  for (const Array& grid : meshgrid(vectors)) columns.push_back(reshape(grid, Shape{grid.numel()}));
  return stacked(columns, 1);
}

Array cartesian_grid(Interpreter& on, const Shape& shape, Device device) {
  if (shape.rank() == 0 || shape.rank() == kMaxRank)
    throw ShapeError("cartesian_grid", "the shape has rank " + std::to_string(shape.rank()) + "; needs 1 to 7");
  std::vector<Array> axes;
  for (const std::int64_t n : shape.dims()) axes.push_back(arange(on, 0, n, 1, DType::I64, device));
  const std::vector<Array> grids = meshgrid(axes);
  return stacked(grids, shape.rank());
}

}  // namespace fornax::functional
