#pragma once
// Attention of several heads, with a cache for sequences that are made step by step.

#include <fornax/functional/attention.hpp>
#include <fornax/nn/dropout.hpp>
#include <fornax/nn/linear.hpp>

namespace fornax::nn {

/// The keys and values of the positions so far: [N, heads, S, d_head] each; empty at first.
template <class B> struct AttentionCache {
  std::optional<Tensor<B, 4>> keys, values;
  FORNAX_FIELDS(keys, values)
  /// Number of positions that are in it.
  std::int64_t length() const { return keys ? keys->dims()[2] : 0; }
};

namespace detail {

struct AttentionSettings {
  std::int64_t n_heads, n_kv_heads;
  double dropout;
  bool causal;
};
/// q [N, L, E], k and v [N, S, E'], mapped already -> [N, L, E]. With a cache (null: without) k and v are put behind what
/// it has, and causal counts from there.
Array attend(const Array& q, const Array& k, const Array& v, const Array& mask, const AttentionSettings& settings,
             Array* cached_keys, Array* cached_values);

}  // namespace detail

/// Queries, keys and values mapped, attention in n_heads parts, the parts mapped together: functional::
/// scaled_dot_product_attention.
///
/// Shapes: query [N, L, d_model], key and value [N, S, d_model] -> [N, L, d_model].
/// Mask:   broadcasts to [N, heads, L, S]: [L, S], [N, 1, 1, S], ... Bool: true where a row may attend. Float: added to
///         the scores. `causal` lets row i attend to columns 0 to i only; with a cache, to all that came before it too.
template <class B> struct MultiHeadAttention {
  Linear<B> query, key, value, output;
  Dropout dropout;  // of the weights
  std::int64_t n_heads = 1, n_kv_heads = 1;
  FORNAX_MODULE(MultiHeadAttention, query, key, value, output, dropout, n_heads, n_kv_heads)

  Tensor<B, 3> forward(const Tensor<B, 3>& q, const Tensor<B, 3>& k, const Tensor<B, 3>& v, bool causal = false) const {
    return attend(q, k, v, Array(), causal, nullptr);
  }
  template <std::size_t M, Kind K>
  Tensor<B, 3> forward(const Tensor<B, 3>& q, const Tensor<B, 3>& k, const Tensor<B, 3>& v, const Tensor<B, M, K>& mask,
                       bool causal = false) const {
    static_assert(M <= 4, "the mask broadcasts to the scores [N, heads, L, S]");
    static_assert(!std::same_as<K, Int>, "a mask is Float (added) or Bool (true: may attend)");
    return attend(q, k, v, mask.array(), causal, nullptr);
  }
  /// Self-attention of x [N, L, d_model], the next L positions, to those in the cache and to themselves. The cache takes
  /// their keys and values.
  Tensor<B, 3> forward_cache(const Tensor<B, 3>& x, AttentionCache<B>& cache, bool causal = true) const {
    return attend(x, x, x, Array(), causal, &cache);
  }

 private:
  Tensor<B, 3> attend(const Tensor<B, 3>& q, const Tensor<B, 3>& k, const Tensor<B, 3>& v, const Array& mask,
                      bool causal, AttentionCache<B>* cache) const {
    Array keys = cache && cache->keys ? cache->keys->array() : Array();
    Array values = cache && cache->values ? cache->values->array() : Array();
    const Array y = detail::attend(query.forward(q).array(), key.forward(k).array(), value.forward(v).array(), mask,
                                   {n_heads, n_kv_heads, is_training<B>() ? dropout.prob : 0, causal},
                                   cache ? &keys : nullptr, cache ? &values : nullptr);
    if (cache) cache->keys = Tensor<B, 4>::unchecked(std::move(keys));
    if (cache) cache->values = Tensor<B, 4>::unchecked(std::move(values));
    return output.forward(Tensor<B, 3>::unchecked(y));
  }
};
struct MultiHeadAttentionConfig {
  std::int64_t d_model = 0, n_heads = 0;
  std::optional<std::int64_t> n_kv_heads = {};  // fewer heads of keys and values, each for a group of queries
  double dropout = 0.1;
  bool bias = true;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);
  FORNAX_LAZY_CONFIG(MultiHeadAttentionConfig, d_model, n_heads, n_kv_heads, dropout, bias, initializer)

  /// Errors: ValueError unless n_heads divides d_model and n_kv_heads divides n_heads.
  void validate() const;
  template <BackendType B> MultiHeadAttention<B> init(const InitOptions& on = {}) const {
    validate();
    const std::int64_t kv = n_kv_heads.value_or(n_heads);
    const LinearConfig whole{d_model, d_model, bias, initializer},
        part{d_model, d_model / n_heads * kv, bias, initializer};
    return {whole.init<B>(on), part.init<B>(on), part.init<B>(on), whole.init<B>(on), Dropout{dropout}, n_heads, kv};
  }
};

}  // namespace fornax::nn
