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

Shape two_beside(const Shape& samples) { return samples.inserted(samples.rank(), 2); }

// A value for each sample, beside its row.
Array beside_row(const Array& a) { return reshape(a, a.shape().inserted(a.rank(), 1)); }
Array without_last(const Array& a) { return reshape(a, a.shape().without(a.rank() - 1)); }
Array row_sum(const Array& a) { return reduce(ReduceFn::Sum, a, -1); }

// softmax(x), from the two parts of lse.
Array probabilities(const Array& x, const Array& lse) { return exp(x - narrow(lse, -1, 0, 1) - narrow(lse, -1, 1, 1)); }

Array at_class(const Array& t, const Array& classes) { return gather(t, -1, beside_row(classes)); }

}  // namespace

Specs CrossEntropy::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const Array& logits = x[0].array();
  require_classes(name(), logits, x[1].array());
  const Shape& samples = x[1]->shape();
  return {Spec{samples, logits.dtype(), logits.device()}, Spec{two_beside(samples), logits.dtype(), logits.device()}};
}

Arrays CrossEntropy::vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted) const {
  Array dx;
  if (g[0].defined()) dx = run(CrossEntropyGrad{}, {x[0], x[1], y[1], g[0]});
  if (g[1].defined()) {
    const Array by_lse = narrow(g[1], -1, 0, 1) * probabilities(x[0], y[1]);
    dx = dx.defined() ? dx + by_lse : by_lse;
  }
  return {dx, Array()};
}

Arrays CrossEntropy::jvp(const Arrays& x, const Arrays& y, const Arrays& t) const {
  const Array of_lse = row_sum(probabilities(x[0], y[1]) * t[0]);
  return {without_last(of_lse - at_class(t[0], x[1])), cat({of_lse, zeros_like(of_lse)}, -1)};
}

SamplesOf<CrossEntropy> CrossEntropy::samples() {
  const auto classes = [](const Shape& shape) { return SampleInput{shape, DType::I64, 0, 4}; };
  return {{{}, {{Shape{3, 4}}, classes(Shape{3})}},
          {{}, {{Shape{4}}, classes(Shape{})}},
          {{}, {{Shape{2, 3, 5}}, classes(Shape{2, 3})}}};
}

Spec CrossEntropyGrad::infer(Operands x) const {
  require_inputs(name(), x, 4);
  const Array &logits = x[0].array(), &lse = x[2].array(), &g = x[3].array();
  require_classes(name(), logits, x[1].array());
  require_same_type(name(), logits, lse);
  require_same_type(name(), logits, g);
  require_same_shape(name(), x[1].array(), g);
  if (const Shape two = two_beside(g.shape()); !(lse.shape() == two))
    throw ShapeError(name(), "lse has shape " + lse.shape().str() + "; beside these logits it has " + two.str());
  return {logits.shape(), logits.dtype(), logits.device()};
}

Arrays CrossEntropyGrad::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  const Array p = probabilities(x[0], x[2]) * g;
  Arrays grads;
  grads.resize(4);
  if (wanted[0]) grads[0] = beside_row(x[3]) * p;
  if (wanted[2]) grads[2] = broadcast_to(-(beside_row(x[3]) * row_sum(p)), x[2].shape());
  if (wanted[3]) grads[3] = without_last(row_sum(p) - at_class(g, x[1]));
  return grads;
}

Array CrossEntropyGrad::jvp(const Arrays& x, const Array&, const Arrays& t) const {
  Array y;
  const auto add = [&](const Array& term) { y = y.defined() ? y + term : term; };
  const auto slope = [&] { return beside_row(x[3]) * probabilities(x[0], x[2]); };
  if (t[0].defined()) add(slope() * t[0]);
  if (t[2].defined()) add(-(slope() * row_sum(t[2])));
  if (t[3].defined()) add(run(*this, {x[0], x[1], x[2], t[3]}));
  return y;
}

SamplesOf<CrossEntropyGrad> CrossEntropyGrad::samples() {
  const auto classes = [](const Shape& shape) { return SampleInput{shape, DType::I64, 0, 4}; };
  const auto lse = [](const Shape& shape) { return SampleInput{shape, DType::F64, 0, 1}; };
  return {{{}, {{Shape{3, 4}}, classes(Shape{3}), lse(Shape{3, 2}), {Shape{3}}}},
          {{}, {{Shape{4}}, classes(Shape{}), lse(Shape{2}), {Shape{}}}},
          {{}, {{Shape{2, 2, 5}}, classes(Shape{2, 2}), lse(Shape{2, 2, 2}), {Shape{2, 2}}}}};
}

Array Softmax::jvp(const Arrays&, const Array& y, const Arrays& t) const {
  const DimSet dims = DimSet::of(dim);
  if (log) return t[0] - reduce(ReduceFn::Sum, exp(y) * t[0], dims);
  return y * (t[0] - reduce(ReduceFn::Sum, y * t[0], dims));
}

}  // namespace fornax::op
