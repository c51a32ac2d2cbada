#include <fornax/ops/step.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

// All inputs alike, with a result like each of them but the gradient, which is the second.
Specs alike(std::string_view op, Operands x, std::size_t count) {
  require_inputs(op, x, count);
  const Array& w = x[0].array();
  require_float(op, w);
  for (std::size_t i = 1; i < count; ++i) {
    require_same_type(op, w, x[i].array());
    require_same_shape(op, w, x[i].array());
  }
  Specs specs;
  for (std::size_t i = 1; i < count; ++i) specs.push_back(Spec{w.shape(), w.dtype(), w.device()});
  return specs;
}

}  // namespace

Specs SgdStep::infer(Operands x) const { return alike(name(), x, 3); }

Arrays SgdStep::lower(const Arrays& x) const {
  const Array &w = x[0], &g = x[1];
  const Array v = x[2] * momentum + (share == 1 ? g : g * share);
  return {w + (nesterov ? g + v * momentum : v) * -rate, v};
}

SamplesOf<SgdStep> SgdStep::samples() {
  const SampleInput x{Shape{2, 3}};
  return {{{0.1, 0.9}, {x, x, x}}, {{0.1, 0.9, 1, true}, {x, x, x}}, {{0.2, 0.5, 0.7}, {x, x, x}}};
}

Specs AdamStep::infer(Operands x) const { return alike(name(), x, 4); }

Arrays AdamStep::lower(const Arrays& x) const {
  const Array &w = x[0], &g = x[1];
  const Array m = x[2] * beta1 + g * (1 - beta1);
  const Array v = x[3] * beta2 + unary(UnaryFn::Square, g) * (1 - beta2);
  return {w + m / (sqrt(v) + eps) * -rate, m, v};
}

SamplesOf<AdamStep> AdamStep::samples() {
  const SampleInput x{Shape{2, 3}}, square{Shape{2, 3}, DType::F64, 0.3, 2};
  return {{{0.1, 0.9, 0.99, 1e-3}, {x, x, x, square}}};
}

}  // namespace fornax::op
