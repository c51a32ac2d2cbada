#include <fornax/functional/attention.hpp>

#include <cmath>
#include <limits>

#include <fornax/functional/common.hpp>
#include <fornax/functional/dropout.hpp>
#include <fornax/functional/layout.hpp>
#include <fornax/functional/linear.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

constexpr double kMinusInf = -std::numeric_limits<double>::infinity();
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

// What op::Attention takes: the same leading dims, and a key to attend to.
bool same_heads(const Array& q, const Array& k, const Array& v) {
  bool same = q.rank() == k.rank() && q.rank() == v.rank() && k.shape()[k.rank() - 2] > 0;
  for (int d = 0; same && d < q.rank() - 2; ++d) same = q.shape()[d] == k.shape()[d] && q.shape()[d] == v.shape()[d];
  return same;
}

Array masked(const Array& scores, const Array& mask) {
  if (!mask.defined()) return scores;
  const Shape shape = broadcast_shape(kAttention, scores.shape(), mask.shape());
  if (!(shape == scores.shape()))
    throw ShapeError(kAttention, "the mask has shape " + mask.shape().str() + ", the scores " + scores.shape().str());
  if (mask.dtype() == DType::Bool) return where(mask, scores, kMinusInf);
  require_floats(kAttention, {&scores, &mask});
  return scores + mask;
}

}  // namespace

Array scaled_dot_product_attention(const Array& q, const Array& k, const Array& v, const Array& mask,
                                   const Attention& options) {
  check(q, k, v, options);
  const auto width = static_cast<double>(q.shape()[q.rank() - 1]);
  const double scale = options.scale.value_or(1 / std::sqrt(width));
  const Array keys = with_heads_of(q, k), values = with_heads_of(q, v);
  if (!mask.defined() && options.dropout == 0 && options.softcap == 0 && same_heads(q, keys, values))
    return run_all(op::Attention{scale, options.causal}, {q, keys, values})[0];
  // The smaller operand is scaled: L E multiplications in place of L S.
  Array scores = matmul(q * scale, keys, false, true);
  if (options.softcap != 0) scores = options.softcap * tanh(scores / options.softcap);
  if (options.causal) {
    const Array row = counting(q, scores.shape()[scores.rank() - 2]);
    const Array column = counting(q, scores.shape()[scores.rank() - 1]);
    scores = where(binary(BinaryFn::LessEqual, column, unsqueeze(row, 1)), scores, kMinusInf);
  }
  const Array weights = fornax::softmax(masked(scores, mask), -1);
  const Dropout loss{.probability = options.dropout, .training = options.dropout > 0, .generator = options.generator};
  return matmul(dropout(weights, loss), values);
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
