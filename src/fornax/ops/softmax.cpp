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

Specs MeanCrossEntropy::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const Array &logits = x[0].array(), &classes = x[1].array();
  require_classes(name(), logits, classes);
  if (classes.rank() == 0)
    throw ShapeError(name(), "the logits have shape " + logits.shape().str() + "; must be [..., N, C]");
  Specs specs{Spec{classes.shape().with(classes.rank() - 1, 1), logits.dtype(), logits.device()}};
  if (slope) specs.push_back({logits.shape(), logits.dtype(), logits.device()});
  return specs;
}

namespace {

// softmax(x), from the gradient of the mean of its cross entropy.
Array probabilities_of_mean(const Array& slope, const Array& classes) {
  const std::int64_t samples = slope.shape()[slope.rank() - 2], count = slope.shape()[slope.rank() - 1];
  const Array hit = equal(beside_row(cast(classes, DType::I64)), counting(classes, count));
  return slope * static_cast<double>(samples) + cast(hit, slope.dtype());
}

// What a change of the logits does to that gradient; what it does is symmetric.
Array change_of_slope(const Array& slope, const Array& classes, const Array& t) {
  const Array p = probabilities_of_mean(slope, classes), change = p * t;
  return (change - p * row_sum(change)) / static_cast<double>(slope.shape()[slope.rank() - 2]);
}

Array matrix_sum(const Array& a) { return without_last(reduce(ReduceFn::Sum, row_sum(a), -2)); }

}  // namespace

Arrays MeanCrossEntropy::vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted) const {
  Array dx;
  if (g[0].defined()) dx = run(Scaled{}, {y[1], g[0]});
  if (g[1].defined()) {
    const Array by_slope = change_of_slope(y[1], x[1], g[1]);
    dx = dx.defined() ? dx + by_slope : by_slope;
  }
  return {dx, Array()};
}

Arrays MeanCrossEntropy::jvp(const Arrays& x, const Arrays& y, const Arrays& t) const {
  return {matrix_sum(y[1] * t[0]), change_of_slope(y[1], x[1], t[0])};
}

Arrays MeanCrossEntropy::lower(const Arrays& x) const {
  const DType type = x[0].dtype();
  if (!slope && (type == DType::F32 || type == DType::F64)) return {run_all(MeanCrossEntropy{true}, lent(x))[0]};
  const Arrays of_sample = run_all(CrossEntropy{}, lent(x));
  const Array loss = reduce(ReduceFn::Mean, of_sample[0], -1);
  if (!slope) return {loss};
  const Array share = full_like(of_sample[0], 1.0) / static_cast<double>(x[0].shape()[x[0].rank() - 2]);
  return {loss, run(CrossEntropyGrad{}, {x[0], x[1], of_sample[1], share})};
}

SamplesOf<MeanCrossEntropy> MeanCrossEntropy::samples() {
  const auto classes = [](const Shape& shape) { return SampleInput{shape, DType::I64, 0, 4}; };
  return {{{}, {{Shape{3, 4}}, classes(Shape{3})}},
          {{true}, {{Shape{3, 4}}, classes(Shape{3})}},
          {{true}, {{Shape{1, 4}}, classes(Shape{1})}},
          {{true}, {{Shape{2, 3, 5}}, classes(Shape{2, 3})}}};
}

Spec Scaled::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const Array &a = x[0].array(), &factor = x[1].array();
  require_float(name(), a);
  require_same_type(name(), a, factor);
  const int matrix = a.rank() - 2;
  if (matrix < 0 || !(a.shape().without(matrix + 1).with(matrix, 1) == factor.shape()))
    throw ShapeError(name(), "the factors have shape " + factor.shape().str() + ", the matrices " + a.shape().str() +
                                 "; must be [..., 1] and [..., N, C]");
  return {a.shape(), a.dtype(), a.device()};
}

Keep Scaled::keep(Wanted wanted) const {
  return {.inputs = static_cast<std::uint8_t>((wanted[0] ? 2 : 0) | (wanted[1] ? 1 : 0))};
}

Arrays Scaled::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  Arrays grads;
  grads.resize(2);
  if (wanted[0]) grads[0] = run(*this, {g, x[1]});
  if (wanted[1]) grads[1] = matrix_sum(x[0] * g);
  return grads;
}

SamplesOf<Scaled> Scaled::samples() {
  return {{{}, {{Shape{3, 4}}, {Shape{1}}}}, {{}, {{Shape{2, 3, 2}}, {Shape{2, 1}}}}};
}

Array Softmax::jvp(const Arrays&, const Array& y, const Arrays& t) const {
  const DimSet dims = DimSet::of(dim);
  if (log) return t[0] - reduce(ReduceFn::Sum, exp(y) * t[0], dims);
  return y * (t[0] - reduce(ReduceFn::Sum, y * t[0], dims));
}

}  // namespace fornax::op
