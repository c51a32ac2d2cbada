#include <fornax/ops/softmax.hpp>

#include <fornax/ops/functions.hpp>

namespace fornax::op {

Spec Softmax::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_float(name(), a);
  if (a.rank() == 0) throw ShapeError(name(), "a tensor of rank 0 has no dim to normalise along");
  static_cast<void>(checked_dim(name(), dim, a.rank()));
  return {a.shape(), a.dtype(), a.device()};
}

Arrays Softmax::vjp(const Arrays&, const Array& y, const Array& g, Wanted) const {
  const DimSet dims = DimSet::of(dim);
  if (log) return g - exp(y) * reduce(ReduceFn::Sum, g, dims);
  return y * (g - reduce(ReduceFn::Sum, g * y, dims));
}

SamplesOf<Softmax> Softmax::samples() {
  SamplesOf<Softmax> all;
  for (const bool log : {false, true}) {
    all.push_back({{1, log}, {{Shape{3, 4}}}});
    all.push_back({{0, log}, {{Shape{3, 2, 2}}}});
  }
  return all;
}

Array Softmax::jvp(const Arrays&, const Array& y, const Arrays& t) const {
  const DimSet dims = DimSet::of(dim);
  if (log) return t[0] - reduce(ReduceFn::Sum, exp(y) * t[0], dims);
  return y * (t[0] - reduce(ReduceFn::Sum, y * t[0], dims));
}

}  // namespace fornax::op
