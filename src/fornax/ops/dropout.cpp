#include <fornax/ops/dropout.hpp>

#include <string>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

Spec Dropout::infer(Operands x) const {
  require_inputs(name(), x, 1);
  require_float(name(), x[0].array());
  if (!(probability >= 0 && probability < 1))
    throw ValueError(name(), "the probability is " + Scalar(probability).str() + "; must be in [0, 1)");
  if (dims < 0) throw ValueError(name(), std::to_string(dims) + " dims of draws; must not be negative");
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays Dropout::vjp(const Arrays&, const Array&, const Array& g, Wanted) const { return {run(*this, {g})}; }

Arrays Dropout::lower(const Arrays& x) const {
  Shape shape = x[0].shape();
  for (int d = dims; d < shape.rank(); ++d) shape = shape.with(d, 1);
  const Array kept =
      random(*x[0].interpreter(), {shape, DType::Bool, x[0].device()}, Distribution::bernoulli(1 - probability), draw);
  return {where(kept, x[0] / (1 - probability), 0.0)};
}

SamplesOf<Dropout> Dropout::samples() {
  return {{{0.5, {1, 2}}, {{Shape{2, 3}}}}, {{0.3, {7, 0}, 2}, {{Shape{2, 3, 5}}}}, {{0.8, {}, 0}, {{Shape{4}}}}};
}

}  // namespace fornax::op
