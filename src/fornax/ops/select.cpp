#include <fornax/ops/select.hpp>

#include <fornax/ops/functions.hpp>

namespace fornax::op {

Spec Where::infer(Operands x) const {
  require_inputs(name(), x, 3);
  require_bool(name(), x[0].array());
  require_same_type(name(), x[1].array(), x[2].array());
  require_same_shape(name(), x[0].array(), x[1].array());
  require_same_shape(name(), x[1].array(), x[2].array());
  return {x[1]->shape(), x[1]->dtype(), x[1]->device()};
}

Arrays Where::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  return {Array(), wanted[1] ? where(x[0], g, 0.0) : Array(), wanted[2] ? where(x[0], 0.0, g) : Array()};
}

SamplesOf<Where> Where::samples() { return {{{}, {{Shape{2, 3}, DType::Bool, 0, 2}, {Shape{2, 3}}, {Shape{2, 3}}}}}; }

Spec Clamp::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_numeric(name(), a);
  if (is_int(a.dtype()) &&
      ((has_low && low.kind == Scalar::Kind::Float) || (has_high && high.kind == Scalar::Kind::Float)))
    throw DTypeError(name(), "the bounds are floats, the tensor is " + std::string(fornax::name(a.dtype())));
  return {a.shape(), a.dtype(), a.device()};
}

Arrays Clamp::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  if (has_low && has_high) return where(logical_and(greater_equal(x[0], low), lower_equal(x[0], high)), g, 0.0);
  if (has_low) return where(greater_equal(x[0], low), g, 0.0);
  if (has_high) return where(lower_equal(x[0], high), g, 0.0);
  return g;
}

SamplesOf<Clamp> Clamp::samples() {
  return {{{-1.0, 1.0, true, true}, {{Shape{3, 4}}}},
          {{-0.5, 0.0, true, false}, {{Shape{5}}}},
          {{0.0, 0.5, false, true}, {{Shape{5}}}}};
}

Spec Cast::infer(Operands x) const {
  require_inputs(name(), x, 1);
  return {x[0]->shape(), dtype, x[0]->device()};
}

Arrays Cast::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const { return cast(g, x[0].dtype()); }

SamplesOf<Cast> Cast::samples() {
  SamplesOf<Cast> all;
  for (int t = 0; t < kDTypeCount; ++t) all.push_back({{static_cast<DType>(t)}, {{Shape{2, 3}, DType::F64, -3, 3}}});
  all.push_back({{DType::F64}, {{Shape{2, 3}, DType::F32}}});
  return all;
}

}  // namespace fornax::op
