#include <fornax/ops/step.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

// All inputs of a set alike, with a result like each of them but the gradient, which is the second.
Specs alike(std::string_view op, Operands x, std::size_t set) {
  if (x.empty() || x.size() % set != 0) require_inputs(op, x, set);
  for (const Operand& a : x) require_defined(op, a);
  require_float(op, x[0].array());
  Specs specs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    require_same_type(op, x[0].array(), x[i].array());
    require_same_shape(op, x[i / set * set].array(), x[i].array());
    if (i % set != 1) specs.push_back(Spec{x[i]->shape(), x[i]->dtype(), x[i]->device()});
  }
  return specs;
}

struct Decayed {
  Array w, g;
};
Decayed decayed(const Array& w, const Array& g, double l2, double shrink) {
  return {shrink == 1 ? w : w * shrink, l2 == 0 ? g : g + w * l2};
}

}  // namespace

Specs SgdStep::infer(Operands x) const { return alike(name(), x, set()); }

Arrays SgdStep::lower(const Arrays& x) const {
  Arrays y;
  for (std::size_t i = 0; i < x.size(); i += set()) {
    const auto [w, g] = decayed(x[i], x[i + 1], l2, shrink);
    if (momentum == 0) {
      y.push_back(w + g * -rate);
      continue;
    }
    const Array v = x[i + 2] * momentum + (share == 1 ? g : g * share);
    y.push_back(w + (nesterov ? g + v * momentum : v) * -rate);
    y.push_back(v);
  }
  return y;
}

SamplesOf<SgdStep> SgdStep::samples() {
  const SampleInput x{Shape{2, 3}}, y{Shape{4}};
  return {{{0.1, 0.9}, {x, x, x}},
          {{0.1, 0.9, 1, true}, {x, x, x}},
          {{0.2, 0.5, 0.7}, {x, x, x}},
          {{0.1, 0.9, 1, false, 0.3}, {x, x, x, y, y, y}},
          {{0.1, 0, 1, false, 0, 0.8}, {x, x, y, y, x, x}}};
}

Specs AdamStep::infer(Operands x) const { return alike(name(), x, set()); }

Arrays AdamStep::lower(const Arrays& x) const {
  Arrays y;
  for (std::size_t i = 0; i < x.size(); i += set()) {
    const auto [w, g] = decayed(x[i], x[i + 1], l2, shrink);
    const Array m = x[i + 2] * beta1 + g * (1 - beta1);
    const Array v = x[i + 3] * beta2 + unary(UnaryFn::Square, g) * (1 - beta2);
    for (const Array& a : {w + m / (sqrt(v) + eps) * -rate, m, v}) y.push_back(a);
  }
  return y;
}

SamplesOf<AdamStep> AdamStep::samples() {
  const SampleInput x{Shape{2, 3}}, square{Shape{2, 3}, DType::F64, 0.3, 2};
  const SampleInput y{Shape{4}}, other{Shape{4}, DType::F64, 0.3, 2};
  return {{{0.1, 0.9, 0.99, 1e-3}, {x, x, x, square}},
          {{0.1, 0.9, 0.99, 1e-3, 0.2}, {x, x, x, square, y, y, y, other}},
          {{0.1, 0.9, 0.99, 1e-3, 0, 0.7}, {y, y, y, other, x, x, x, square}}};
}

}  // namespace fornax::op
