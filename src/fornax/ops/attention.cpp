#include <fornax/ops/attention.hpp>

#include <cmath>
#include <limits>
#include <string>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

void require_heads(std::string_view op, Operands x, double scale) {
  const Array &q = x[0].array(), &k = x[1].array(), &v = x[2].array();
  require_float(op, q);
  require_same_type(op, q, k);
  require_same_type(op, q, v);
  if (!std::isfinite(scale)) throw ValueError(op, "scale is " + Scalar(scale).str() + "; must be finite");
  const int rank = q.rank();
  bool fit = rank >= 2 && k.rank() == rank && v.rank() == rank;
  for (int d = 0; fit && d < rank - 2; ++d) fit = q.shape()[d] == k.shape()[d] && q.shape()[d] == v.shape()[d];
  fit = fit && q.shape()[rank - 1] == k.shape()[rank - 1] && k.shape()[rank - 2] == v.shape()[rank - 2];
  if (!fit || k.shape()[rank - 2] == 0)
    throw ShapeError(op, "q, k and v have shapes " + q.shape().str() + ", " + k.shape().str() + " and " +
                             v.shape().str() + "; needs [..., L, E], [..., S, E] and [..., S, V] with S >= 1");
}

Spec like(const Array& x) { return {x.shape(), x.dtype(), x.device()}; }
Shape result_shape(const Array& q, const Array& v) { return q.shape().with(q.rank() - 1, v.shape()[v.rank() - 1]); }
Shape row_shape(const Array& q) { return q.shape().without(q.rank() - 1); }
Array beside_row(const Array& a) { return reshape(a, a.shape().inserted(a.rank(), 1)); }
Array of_row(const Array& a) { return reshape(a, a.shape().without(a.rank() - 1)); }

Array scores_of(const Array& q, const Array& k, double scale) { return matmul(q * scale, k, false, true); }

// `hidden` where a query does not see a key.
Array seen(const Array& a, bool causal, double hidden) {
  if (!causal) return a;
  const std::int64_t rows = a.shape()[a.rank() - 2], columns = a.shape()[a.rank() - 1];
  const Array row = reshape(counting(a, rows), Shape{rows, 1});
  return where(binary(BinaryFn::LessEqual, counting(a, columns), row), a, hidden);
}

SampleInput sample(const Shape& shape) { return {shape, DType::F64, -1, 1}; }

}  // namespace

Specs Attention::infer(Operands x) const {
  require_inputs(name(), x, 3);
  require_heads(name(), x, scale);
  const Array& q = x[0].array();
  return {Spec{result_shape(q, x[2].array()), q.dtype(), q.device()}, Spec{row_shape(q), q.dtype(), q.device()}};
}

Arrays Attention::vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted) const {
  const Array gy = g[0].defined() ? g[0] : zeros_like(y[0]);
  // d(lse) adds p to the slope of the scores.
  Array delta = of_row(reduce(ReduceFn::Sum, gy * y[0], -1));
  if (g[1].defined()) delta = delta - g[1];
  return run_all(AttentionGrad{scale, causal}, {x[0], x[1], x[2], y[1], delta, gy});
}

Arrays Attention::lower(const Arrays& x) const {
  const Array scores = seen(scores_of(x[0], x[1], scale), causal, -std::numeric_limits<double>::infinity());
  // Every query sees the first key.
  const Array lse = narrow(scores, -1, 0, 1) - narrow(fornax::log_softmax(scores, -1), -1, 0, 1);
  return {matmul(fornax::softmax(scores, -1), x[2]), of_row(lse)};
}

SamplesOf<Attention> Attention::samples() {
  return {{{0.5, false}, {sample({2, 3, 4}), sample({2, 5, 4}), sample({2, 5, 3})}},
          {{0.7, true}, {sample({3, 4}), sample({5, 4}), sample({5, 2})}},
          {{1.0, true}, {sample({2, 1, 4, 2}), sample({2, 1, 3, 2}), sample({2, 1, 3, 2})}}};
}

Specs AttentionGrad::infer(Operands x) const {
  require_inputs(name(), x, 6);
  require_heads(name(), x, scale);
  const Array& q = x[0].array();
  for (std::size_t i = 3; i < 6; ++i) {
    require_same_type(name(), q, x[i].array());
    const Shape wanted = i == 5 ? result_shape(q, x[2].array()) : row_shape(q);
    if (!(x[i]->shape() == wanted))
      throw ShapeError(name(), std::string(i == 3   ? "lse"
                                           : i == 4 ? "delta"
                                                    : "g") +
                                   " has shape " + x[i]->shape().str() + "; needs " + wanted.str());
  }
  return {like(q), like(x[1].array()), like(x[2].array())};
}

Arrays AttentionGrad::lower(const Arrays& x) const {
  const Array &q = x[0], &k = x[1], &v = x[2], &g = x[5];
  const Array p = seen(exp(scores_of(q, k, scale) - beside_row(x[3])), causal, 0);
  const Array ds = scale * (p * (matmul(g, v, false, true) - beside_row(x[4])));
  return {matmul(ds, k), matmul(ds, q, true, false), matmul(p, g, true, false)};
}

SamplesOf<AttentionGrad> AttentionGrad::samples() {
  const auto row = [](const Shape& shape) { return SampleInput{shape, DType::F64, 1, 2}; };
  return {{{0.5, false},
           {sample({2, 3, 4}), sample({2, 5, 4}), sample({2, 5, 3}), row({2, 3}), row({2, 3}), sample({2, 3, 3})}},
          {{0.7, true}, {sample({3, 4}), sample({5, 4}), sample({5, 2}), row({3}), row({3}), sample({3, 2})}}};
}

}  // namespace fornax::op
