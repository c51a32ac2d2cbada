#include <fornax/nn/attention.hpp>

#include <cmath>

#include <fornax/array/error.hpp>
#include <fornax/functional/layout.hpp>
#include <fornax/nn/embedding.hpp>

namespace fornax::nn {

namespace detail {

namespace {

using namespace functional;

// [N, L, heads d] -> [N, heads, L, d].
Array split_heads(const Array& x, std::int64_t heads) {
  const Shape& s = x.shape();
  return swap_dims(reshape(x, Shape{s[0], s[1], heads, s[2] / heads}), 1, 2);
}

}  // namespace

Array attend(const Array& q, const Array& k, const Array& v, const Array& mask, const AttentionSettings& settings,
             Array* cached_keys, Array* cached_values) {
  const Array queries = split_heads(q, settings.n_heads);
  Array keys = split_heads(k, settings.n_kv_heads), values = split_heads(v, settings.n_kv_heads);
  if (cached_keys) {
    if (cached_keys->defined()) {
      keys = cat({*cached_keys, keys}, 2);
      values = cat({*cached_values, values}, 2);
    }
    *cached_keys = keys;
    *cached_values = values;
  }
  const std::int64_t rows = queries.shape()[2], columns = keys.shape()[2];
  Array allowed = mask;
  bool causal = settings.causal;
  if (causal && cached_keys) {
    // Row i stands at position columns - rows + i: the cache has come before it.
    const Array ones = full(*q.interpreter(), Shape{rows, columns}, DType::Bool, q.device(), true);
    allowed = tril(ones, columns - rows);
    causal = false;
  }
  const Array y =
      scaled_dot_product_attention(queries, keys, values, allowed, {.causal = causal, .dropout = settings.dropout});
  return reshape(swap_dims(y, 1, 2), q.shape());
}

Array sinusoids(std::int64_t length, std::int64_t d_model, double max_timescale, const InitOptions& on,
                Interpreter& backend) {
  TensorData table(Shape{length, d_model}, DType::F64);
  const auto elements = table.values<double>();
  std::size_t at = 0;
  for (std::int64_t l = 0; l < length; ++l)
    for (std::int64_t i = 0; i < d_model / 2; ++i) {
      const double angle = static_cast<double>(l) *
                           std::pow(max_timescale, -2.0 * static_cast<double>(i) / static_cast<double>(d_model));
      elements[at++] = std::sin(angle);
      elements[at++] = std::cos(angle);
    }
  const TensorData rounded = table.convert(on.dtype);
  return backend_of(backend).upload(on.dtype, rounded.shape(), rounded.bytes(), on.device);
}

Array add_positions(const Array& x, const Array& table, std::int64_t offset) {
  const std::int64_t length = x.shape()[1], size = table.shape()[0];
  if (x.shape()[2] != table.shape()[1])
    throw ShapeError("PositionalEncoding",
                     "x has shape " + x.shape().str() + ", d_model is " + std::to_string(table.shape()[1]));
  if (offset < 0 || length > size - offset)
    throw ShapeError("PositionalEncoding", "positions " + std::to_string(offset) + " to " +
                                               std::to_string(offset + length - 1) + " of at most " +
                                               std::to_string(size) + " (max_sequence_size)");
  return x + narrow(table, 0, offset, length);
}

}  // namespace detail

void MultiHeadAttentionConfig::validate() const {
  const char* const name = "MultiHeadAttentionConfig";
  require_positive(name, "d_model", d_model);
  require(n_heads > 0 && d_model % n_heads == 0, name, "n_heads", n_heads,
          "a divisor of d_model, " + std::to_string(d_model));
  if (n_kv_heads)
    require(*n_kv_heads > 0 && n_heads % *n_kv_heads == 0, name, "n_kv_heads", *n_kv_heads,
            "a divisor of n_heads, " + std::to_string(n_heads));
  require_probability(name, "dropout", dropout);
}

void EmbeddingConfig::validate() const {
  require_positive("EmbeddingConfig", "n_embedding", n_embedding);
  require_positive("EmbeddingConfig", "d_model", d_model);
  if (padding_idx)
    require(*padding_idx >= -n_embedding && *padding_idx < n_embedding, "EmbeddingConfig", "padding_idx", *padding_idx,
            "a row of n_embedding, " + std::to_string(n_embedding));
}

void PositionalEncodingConfig::validate() const {
  require(d_model > 0 && d_model % 2 == 0, "PositionalEncodingConfig", "d_model", d_model, "positive and even");
  require_positive("PositionalEncodingConfig", "max_sequence_size", max_sequence_size);
  require_positive("PositionalEncodingConfig", "max_timescale", max_timescale);
}

}  // namespace fornax::nn
