#include <fornax/ops/attention.hpp>

#include <cmath>
#include <limits>
#include <string>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

Shape result_shape(const Array& q, const Array& v) { return q.shape().with(q.rank() - 1, v.shape()[v.rank() - 1]); }
Shape row_shape(const Array& q) { return q.shape().without(q.rank() - 1); }
Shape score_shape(const Array& q, const Array& k) { return q.shape().with(q.rank() - 1, k.shape()[k.rank() - 2]); }

/// Checks q, k and v, which come first, and the mask, which comes last.
void require_heads(std::string_view op, Operands x, const AttentionSettings& s) {
  const Array &q = x[0].array(), &k = x[1].array(), &v = x[2].array();
  require_float(op, q);
  require_same_type(op, q, k);
  require_same_type(op, q, v);
  if (!std::isfinite(s.scale)) throw ValueError(op, "scale is " + Scalar(s.scale).str() + "; must be finite");
  if (!(s.softcap >= 0) || std::isinf(s.softcap))
    throw ValueError(op, "softcap is " + Scalar(s.softcap).str() + "; must be finite and not negative");
  if (!(s.dropout >= 0 && s.dropout <= 1))
    throw ValueError(op, "dropout is " + Scalar(s.dropout).str() + "; must be in [0, 1]");
  const int rank = q.rank();
  bool fit = rank >= 2 && k.rank() == rank && v.rank() == rank;
  for (int d = 0; fit && d < rank - 2; ++d) {
    const std::int64_t of_q = q.shape()[d], of_k = k.shape()[d];
    const bool divides = d == rank - 3 && of_k > 0 && of_q % of_k == 0;
    fit = v.shape()[d] == of_k && (of_q == of_k || divides);
  }
  fit = fit && q.shape()[rank - 1] == k.shape()[rank - 1] && k.shape()[rank - 2] == v.shape()[rank - 2];
  if (!fit || k.shape()[rank - 2] == 0)
    throw ShapeError(op, "q, k and v have shapes " + q.shape().str() + ", " + k.shape().str() + " and " +
                             v.shape().str() +
                             "; needs [..., H, L, E], [..., H / G, S, E] and [..., H / G, S, V] with "
                             "S >= 1");
  if (!s.masked) return;
  const Array& mask = x[x.size() - 1].array();
  if (mask.dtype() != DType::Bool) require_same_type(op, q, mask);
  if (!(mask.shape() == score_shape(q, k)))
    throw ShapeError(op, "the mask has shape " + mask.shape().str() + "; needs " + score_shape(q, k).str());
}

// What belongs to a row is exact to f32 at least: an error in a logarithm is one in all of the row's probabilities.
DType row_dtype(const Array& q) { return wider(q.dtype(), DType::F32); }
Array widened(const Array& x) { return cast(x, row_dtype(x)); }
// Inputs as simpler operations compute with them: Float ones widened.
Arrays widened(Arrays x) {
  for (Array& a : x)
    if (is_float(a.dtype())) a = widened(a);
  return x;
}

Spec like(const Array& x) { return {x.shape(), x.dtype(), x.device()}; }
Array beside_row(const Array& a) { return reshape(a, a.shape().inserted(a.rank(), 1)); }
Array of_row(const Array& a) { return reshape(a, a.shape().without(a.rank() - 1)); }

std::int64_t group_of(const Array& q, const Array& k) {
  const int d = q.rank() - 3;
  return d < 0 || k.shape()[d] == 0 ? 1 : q.shape()[d] / k.shape()[d];
}
// Each head of k or v as often as it serves.
Array for_each_head(const Array& x, std::int64_t group) {
  if (group == 1) return x;
  const int d = x.rank() - 3;
  const Shape apart = x.shape().inserted(d + 1, 1);
  return reshape(broadcast_to(reshape(x, apart), apart.with(d + 1, group)), x.shape().with(d, x.shape()[d] * group));
}
// The transpose of that.
Array joined_heads(const Array& g, const Array& like, std::int64_t group) {
  if (group == 1) return g;
  const int d = g.rank() - 3;
  return reshape(reduce(ReduceFn::Sum, reshape(g, like.shape().inserted(d + 1, group)), d + 1), like.shape());
}

Array hidden_where(const Array& a, const AttentionSettings& s, const Array& mask, double value) {
  Array y = a;
  if (s.causal) {
    const std::int64_t rows = a.shape()[a.rank() - 2], columns = a.shape()[a.rank() - 1];
    const Array row = reshape(counting(a, rows), Shape{rows, 1});
    y = where(binary(BinaryFn::LessEqual, counting(a, columns), row), y, value);
  }
  return s.masked && mask.dtype() == DType::Bool ? where(mask, y, value) : y;
}

struct Scores {
  Array capped, seen;  // before and after keys are hidden
};
Scores scores_of(const Array& q, const Array& k, const AttentionSettings& s, const Array& mask) {
  Array scores = matmul(q * s.scale, k, false, true);
  if (s.softcap != 0) scores = s.softcap * tanh(scores / s.softcap);
  Array seen = hidden_where(scores, s, mask, -std::numeric_limits<double>::infinity());
  if (s.masked && mask.dtype() != DType::Bool) seen = seen + mask;
  return {scores, seen};
}

// What is kept of the probabilities p, scaled.
Array thinned(const Array& p, const AttentionSettings& s) {
  if (s.dropout == 0) return p;
  const std::int64_t keys = p.shape()[p.rank() - 1], whole = (keys + 3) / 4 * 4;
  const Spec spec{p.shape().with(p.rank() - 1, whole), DType::Bool, p.device()};
  const Array kept = random(*p.interpreter(), spec, Distribution::bernoulli(1 - s.dropout), s.draw);
  return where(narrow(kept, -1, 0, keys), p * (s.dropout < 1 ? 1 / (1 - s.dropout) : 0.0), 0.0);
}

SampleInput sample(const Shape& shape) { return {shape, DType::F64, -1, 1}; }
SampleInput row(const Shape& shape) { return {.shape = shape, .low = 1, .high = 2, .wide = true}; }

}  // namespace

Specs Attention::infer(Operands x) const {
  require_inputs(name(), x, masked ? 4 : 3);
  require_heads(name(), x, *this);
  const Array& q = x[0].array();
  return {Spec{result_shape(q, x[2].array()), q.dtype(), q.device()}, Spec{row_shape(q), row_dtype(q), q.device()}};
}

Arrays Attention::vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const {
  const Array gy = g[0].defined() ? g[0] : zeros_like(y[0]);
  // d(lse) adds p to the slope of the scores.
  Array delta = of_row(reduce(ReduceFn::Sum, widened(gy) * widened(y[0]), -1));
  if (g[1].defined()) delta = delta - g[1];
  const AttentionGrad grad{*this, masked && x[3].dtype() != DType::Bool && wanted[3]};
  Arrays inputs{x[0], x[1], x[2]};
  for (const Array& a : {y[1], delta, gy}) inputs.push_back(a);
  if (masked) inputs.push_back(x[3]);
  Arrays down = run_all(grad, lent(inputs));
  down.resize(x.size());
  return down;
}

Arrays Attention::lower(const Arrays& given) const {
  const Arrays x = widened(given);
  const std::int64_t group = group_of(x[0], x[1]);
  const Array scores = scores_of(x[0], for_each_head(x[1], group), *this, masked ? x[3] : Array()).seen;
  const Array top = reduce(ReduceFn::Max, scores, -1);
  const Array lse = top + log(reduce(ReduceFn::Sum, exp(scores - top), -1));
  const Array y = matmul(thinned(fornax::softmax(scores, -1), *this), for_each_head(x[2], group));
  return {cast(y, given[0].dtype()), of_row(lse)};
}

SamplesOf<Attention> Attention::samples() {
  const std::vector<SampleInput> plain{sample({2, 3, 4}), sample({2, 5, 4}), sample({2, 5, 3})};
  std::vector<SampleInput> added = plain;  // a Bool mask might hide all keys of a query: NaN
  added.push_back(sample({2, 3, 5}));
  return {{{{.scale = 0.5}}, plain},
          {{{.scale = 0.7, .causal = true}}, {sample({3, 4}), sample({5, 4}), sample({5, 2})}},
          {{{.causal = true}}, {sample({2, 1, 4, 2}), sample({2, 1, 3, 2}), sample({2, 1, 3, 2})}},
          {{{.scale = 0.5, .softcap = 1.5}}, {sample({2, 4, 2, 3}), sample({2, 2, 5, 3}), sample({2, 2, 5, 3})}},
          {{{.scale = 0.5, .masked = true}}, added},
          {{{.scale = 0.5, .causal = true, .masked = true, .softcap = 2, .dropout = 0.4, .draw = {3, 5}}}, added},
          {{{.scale = 0.5, .dropout = 0.5, .draw = {1, 7}}}, plain}};
}

Specs AttentionGrad::infer(Operands x) const {
  require_inputs(name(), x, masked ? 7 : 6);
  require_heads(name(), x, *this);
  const Array& q = x[0].array();
  for (std::size_t i = 3; i < 6; ++i) {
    const Spec wanted = i == 5 ? Spec{result_shape(q, x[2].array()), q.dtype()} : Spec{row_shape(q), row_dtype(q)};
    const std::string who = i == 3 ? "lse" : i == 4 ? "delta" : "g";
    if (!(x[i]->shape() == wanted.shape))
      throw ShapeError(name(), who + " has shape " + x[i]->shape().str() + "; needs " + wanted.shape.str());
    if (x[i]->dtype() != wanted.dtype)
      throw DTypeError(name(), who + " is " + std::string(fornax::name(x[i]->dtype())) + "; beside q of " +
                                   std::string(fornax::name(q.dtype())) + " it must be " +
                                   std::string(fornax::name(wanted.dtype)));
  }
  Specs specs{like(q), like(x[1].array()), like(x[2].array())};
  if (of_mask) {
    if (!masked) throw ValueError(name(), "there is no mask whose gradient could be wanted");
    require_same_type(name(), q, x[6].array());
    specs.push_back(like(x[6].array()));
  }
  return specs;
}

Arrays AttentionGrad::lower(const Arrays& given) const {
  const Arrays x = widened(given);
  const Array &q = x[0], &g = x[5], mask = masked ? x[6] : Array();
  const std::int64_t group = group_of(q, x[1]);
  const Array k = for_each_head(x[1], group), v = for_each_head(x[2], group);
  const Scores scores = scores_of(q, k, *this, mask);
  const Array p = hidden_where(exp(scores.seen - beside_row(x[3])), *this, mask, 0);
  const Array dmask = p * (thinned(matmul(g, v, false, true), *this) - beside_row(x[4]));
  Array ds = scale * dmask;
  if (softcap != 0) ds = ds * (1.0 - unary(UnaryFn::Square, scores.capped / softcap));
  Arrays down{matmul(ds, k), joined_heads(matmul(ds, q, true, false), x[1], group),
              joined_heads(matmul(thinned(p, *this), g, true, false), x[2], group)};
  if (of_mask) down.push_back(dmask);
  for (Array& a : down) a = cast(a, given[0].dtype());
  return down;
}

SamplesOf<AttentionGrad> AttentionGrad::samples() {
  const std::vector<SampleInput> plain{sample({2, 3, 4}), sample({2, 5, 4}), sample({2, 5, 3}),
                                       row({2, 3}),       row({2, 3}),       sample({2, 3, 3})};
  std::vector<SampleInput> added = plain, hidden = plain;
  added.push_back(sample({2, 3, 5}));
  hidden.push_back({Shape{2, 3, 5}, DType::Bool});
  return {{{{.scale = 0.5}}, plain},
          {{{.scale = 0.7, .causal = true}},
           {sample({3, 4}), sample({5, 4}), sample({5, 2}), row({3}), row({3}), sample({3, 2})}},
          {{{.scale = 0.5, .softcap = 1.5}},
           {sample({2, 4, 2, 3}), sample({2, 2, 5, 3}), sample({2, 2, 5, 3}), row({2, 4, 2}), row({2, 4, 2}),
            sample({2, 4, 2, 3})}},
          {{{.scale = 0.5, .masked = true}}, hidden},
          {{{.scale = 0.5, .causal = true, .masked = true, .softcap = 2, .dropout = 0.4, .draw = {3, 5}}, true}, added},
          {{{.scale = 0.5, .dropout = 0.5, .draw = {1, 7}}}, plain}};
}

}  // namespace fornax::op
