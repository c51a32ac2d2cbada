#include <fornax/functional/attention.hpp>

#include <cmath>

#include <fornax/functional/common.hpp>
#include <fornax/functional/layout.hpp>
#include <fornax/functional/linear.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

constexpr std::string_view kAttention = "scaled_dot_product_attention";

std::string shapes(const Array& q, const Array& k, const Array& v) {
  return "q, k and v have shapes " + q.shape().str() + ", " + k.shape().str() + " and " + v.shape().str();
}

void check(const Array& q, const Array& k, const Array& v, const Attention& options) {
  require_floats(kAttention, {&q, &k, &v});
  require_probability(kAttention, "dropout", options.dropout);
  require_not_negative(kAttention, "softcap", options.softcap);
  const bool ranks = q.rank() >= 2 && k.rank() >= 2 && v.rank() >= 2;
  if (!ranks || q.shape()[q.rank() - 1] != k.shape()[k.rank() - 1] ||
      k.shape()[k.rank() - 2] != v.shape()[v.rank() - 2])
    throw ShapeError(kAttention, shapes(q, k, v) + "; needs [..., L, E], [..., S, E] and [..., S, V]");
}

// k or v with the heads of q.
Array with_heads_of(const Array& q, const Array& x) {
  if (q.rank() < 3 || x.rank() < 3) return x;
  const std::int64_t wanted = q.shape()[q.rank() - 3], heads = x.shape()[x.rank() - 3];
  if (heads <= 1 || wanted <= heads) return x;
  if (wanted % heads != 0)
    throw ShapeError(kAttention, "q has " + std::to_string(wanted) + " heads, k and v " + std::to_string(heads) +
                                     ", which do not divide them");
  return repeat_interleave(x, wanted / heads, -3);
}

std::int64_t heads_of(const Array& x) { return x.rank() < 3 ? 1 : x.shape()[x.rank() - 3]; }

// The dims before those of a matrix, with so many heads.
Shape leading(const Array& x, std::int64_t heads) {
  Shape shape = x.shape().without(x.rank() - 1).without(x.rank() - 2);
  return shape.rank() == 0 ? shape : shape.with(shape.rank() - 1, heads);
}

Array with_leading(const Array& x, const Shape& leading) {
  const int rank = leading.rank();
  return broadcast_to(x, leading.inserted(rank, x.shape()[x.rank() - 2]).inserted(rank + 1, x.shape()[x.rank() - 1]));
}

Array beside_scores(const Array& mask, const Array& q, const Array& k) {
  const Shape scores = q.shape().with(q.rank() - 1, k.shape()[k.rank() - 2]);
  if (!(broadcast_shape(kAttention, scores, mask.shape()) == scores))
    throw ShapeError(kAttention, "the mask has shape " + mask.shape().str() + ", the scores " + scores.str());
  if (mask.dtype() != DType::Bool) require_floats(kAttention, {&q, &mask});
  return broadcast_to(mask, scores);
}

}  // namespace

Array scaled_dot_product_attention(const Array& q, const Array& k, const Array& v, const Array& mask,
                                   const Attention& options) {
  check(q, k, v, options);
  const auto width = static_cast<double>(q.shape()[q.rank() - 1]);
  const std::int64_t heads = heads_of(q), few = heads_of(k), keys = k.shape()[k.rank() - 2];
  // Fewer heads of k and v are read as often as they serve; other sizes broadcast, as views.
  const bool grouped = few == heads_of(v) && few > 0 && heads > few && heads % few == 0;
  const Array all_k = grouped ? k : with_heads_of(q, k), all_v = grouped ? v : with_heads_of(q, v);
  const std::int64_t heads_k = grouped ? heads : heads_of(all_k), heads_v = grouped ? heads : heads_of(all_v);
  const Shape lead = broadcast_shape(kAttention, leading(q, heads),
                                     broadcast_shape(kAttention, leading(all_k, heads_k), leading(all_v, heads_v)));
  const Shape lead_k = grouped ? lead.with(lead.rank() - 1, few) : lead;
  std::vector<Array> inputs{with_leading(q, lead), with_leading(all_k, lead_k), with_leading(all_v, lead_k)};
  if (mask.defined()) inputs.push_back(beside_scores(mask, inputs[0], inputs[1]));
  if (keys == 0)  // sums of nothing
    return matmul(matmul(inputs[0], with_heads_of(q, inputs[1]), false, true), with_heads_of(q, inputs[2]));
  op::Attention attention{{.scale = options.scale.value_or(1 / std::sqrt(width)),
                           .causal = options.causal,
                           .masked = mask.defined(),
                           .softcap = options.softcap,
                           .dropout = options.dropout}};
  if (options.dropout > 0) {
    std::int64_t rows = inputs[0].shape()[lead.rank()];
    for (const std::int64_t size : lead.dims()) rows *= size;
    attention.draw = draw_of(q, rows * ((keys + 3) / 4 * 4), options.generator);
  }
  return run_all(attention, lent(inputs))[0];
}

Array multi_head_attention(const Array& q, const Array& k, const Array& v, const MultiHeadWeights& weights,
                           std::int64_t heads, const Array& mask, const Attention& options) {
  constexpr std::string_view name = "multi_head_attention";
  require_floats(name, {&q, &k, &v, &weights.query, &weights.key, &weights.value, &weights.output});
  for (const Array* x : {&q, &k, &v})
    if (x->rank() != 3 || x->shape()[0] != q.shape()[0])
      throw ShapeError(name, shapes(q, k, v) + "; needs [N, L, E], [N, S, E] and [N, S, E]");
  require_rank(name, "the query's weight", weights.query, 2);
  const std::int64_t batch = q.shape()[0], width = weights.query.shape()[0];
  if (heads <= 0 || width % heads != 0)
    throw ShapeError(name, std::to_string(heads) + " heads of width " + std::to_string(width) + "; must divide it");
  const auto split_heads = [&](const Array& x, const Array& weight, const Array& bias) {
    require_shape(name, "a weight", weight, Shape{width, x.shape()[2]});
    const Array y = linear(x, weight, bias);
    return swap_dims(reshape(y, Shape{batch, y.shape()[1], heads, width / heads}), 1, 2);
  };
  const Array out = scaled_dot_product_attention(split_heads(q, weights.query, weights.query_bias),
                                                 split_heads(k, weights.key, weights.key_bias),
                                                 split_heads(v, weights.value, weights.value_bias), mask, options);
  return linear(reshape(swap_dims(out, 1, 2), Shape{batch, q.shape()[1], width}), weights.output, weights.output_bias);
}

Array rope(const Array& x, const Rope& options) {
  require_floats("rope", {&x});
  require_positive("rope", "theta", options.theta);
  if (x.rank() != 4 || x.shape()[3] % 2 != 0)
    throw ShapeError("rope", "the input has shape " + x.shape().str() + "; needs [N, L, H, D] with D even");
  const std::int64_t length = x.shape()[1], pairs = x.shape()[3] / 2;
  if (pairs == 0) return x;
  const double step = -2.0 / static_cast<double>(x.shape()[3]);
  const Array frequency = with_scalar(ScalarFn::Rpow, counting(x, pairs, DType::F64) * step, options.theta);
  const Array position = counting(x, length, DType::F64) + static_cast<double>(options.offset);
  const Array angle = unsqueeze(unsqueeze(position, 1) * frequency, 1);  // [L, 1, D/2]
  const Array cosine = cast(cos(angle), x.dtype()), sine = cast(sin(angle), x.dtype());
  const Array split = reshape(x, x.shape().with(3, pairs).inserted(4, 2));
  const Array a = squeeze(narrow(split, 4, 0, 1), 4), b = squeeze(narrow(split, 4, 1, 1), 4);
  const Array turned[] = {a * cosine - b * sine, a * sine + b * cosine};
  return reshape(stacked(turned, 4), x.shape());
}

Array alibi_bias(const Array& x, std::int64_t heads, std::int64_t length, std::int64_t keys) {
  require_floats("alibi_bias", {&x});
  if (heads <= 0 || length < 0 || keys < 0)
    throw ValueError("alibi_bias", std::to_string(heads) + " heads, " + std::to_string(length) + " rows, " +
                                       std::to_string(keys) + " keys");
  static_cast<void>(Shape{heads, length, keys});  // refuses what no array can hold
  const Array exponent = (counting(x, heads, DType::F64) + 1.0) * (-8.0 / static_cast<double>(heads));
  const Array slope = with_scalar(ScalarFn::Rpow, exponent, 2.0);
  const Array row = counting(x, length, DType::F64) + static_cast<double>(keys - length);
  const Array distance = unsqueeze(row, 1) - counting(x, keys, DType::F64);
  return cast(-(reshape(slope, Shape{heads, 1, 1}) * distance), x.dtype());
}

}  // namespace fornax::functional
