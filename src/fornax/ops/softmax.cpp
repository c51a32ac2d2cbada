#include <fornax/ops/softmax.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

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

namespace {

void require_classes(std::string_view op, const Array& x, const Array& classes) {
  require_float(op, x);
  require_int(op, classes);
  if (x.rank() == 0 || !(x.shape().without(x.rank() - 1) == classes.shape()))
    throw ShapeError(op, "the classes have shape " + classes.shape().str() + ", the logits " + x.shape().str() +
                             "; they must be its shape without the last dim");
}

// A value for each sample, beside its row.
Array beside_row(const Array& a) { return reshape(a, a.shape().inserted(a.rank(), 1)); }
Array without_last(const Array& a) { return reshape(a, a.shape().without(a.rank() - 1)); }

// The sum over a row of p t, less t at the class.
Array row_difference(const Array& p, const Array& t, const Array& classes) {
  return without_last(reduce(ReduceFn::Sum, p * t, -1) - gather(t, -1, beside_row(classes)));
}

// The tangent of g softmax(x) in x: g p (t - sum(p t)).
Array softmax_tangent(const Array& p, const Array& g, const Array& t) {
  return beside_row(g) * (p * (t - reduce(ReduceFn::Sum, p * t, -1)));
}

}  // namespace

Spec CrossEntropy::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const Array& logits = x[0].array();
  require_classes(name(), logits, x[1].array());
  return {x[1]->shape(), logits.dtype(), logits.device()};
}

Arrays CrossEntropy::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  return {run(CrossEntropyGrad{}, {x[0], x[1], g}), Array()};
}

Array CrossEntropy::jvp(const Arrays& x, const Array&, const Arrays& t) const {
  return row_difference(fornax::softmax(x[0], -1), t[0], x[1]);
}

SamplesOf<CrossEntropy> CrossEntropy::samples() {
  const auto classes = [](const Shape& shape) { return SampleInput{shape, DType::I64, 0, 4}; };
  return {{{}, {{Shape{3, 4}}, classes(Shape{3})}},
          {{}, {{Shape{4}}, classes(Shape{})}},
          {{}, {{Shape{2, 3, 5}}, classes(Shape{2, 3})}}};
}

Spec CrossEntropyGrad::infer(Operands x) const {
  require_inputs(name(), x, 3);
  const Array &logits = x[0].array(), &g = x[2].array();
  require_classes(name(), logits, x[1].array());
  require_same_type(name(), logits, g);
  require_same_shape(name(), x[1].array(), g);
  return {logits.shape(), logits.dtype(), logits.device()};
}

Arrays CrossEntropyGrad::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  const Array p = fornax::softmax(x[0], -1);
  Arrays grads;
  grads.resize(3);
  if (wanted[0]) grads[0] = softmax_tangent(p, x[2], g);  // the derivative of softmax is symmetric
  if (wanted[2]) grads[2] = row_difference(p, g, x[1]);
  return grads;
}

Array CrossEntropyGrad::jvp(const Arrays& x, const Array&, const Arrays& t) const {
  Array y;
  if (t[0].defined()) y = softmax_tangent(fornax::softmax(x[0], -1), x[2], t[0]);
  if (t[2].defined()) {
    const Array z = run(*this, {x[0], x[1], t[2]});
    y = y.defined() ? y + z : z;
  }
  return y;
}

SamplesOf<CrossEntropyGrad> CrossEntropyGrad::samples() {
  const auto classes = [](const Shape& shape) { return SampleInput{shape, DType::I64, 0, 4}; };
  return {{{}, {{Shape{3, 4}}, classes(Shape{3}), {Shape{3}}}},
          {{}, {{Shape{4}}, classes(Shape{}), {Shape{}}}},
          {{}, {{Shape{2, 2, 5}}, classes(Shape{2, 2}), {Shape{2, 2}}}}};
}

Array Softmax::jvp(const Arrays&, const Array& y, const Arrays& t) const {
  const DimSet dims = DimSet::of(dim);
  if (log) return t[0] - reduce(ReduceFn::Sum, exp(y) * t[0], dims);
  return y * (t[0] - reduce(ReduceFn::Sum, y * t[0], dims));
}

}  // namespace fornax::op
