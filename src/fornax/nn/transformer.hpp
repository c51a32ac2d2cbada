#pragma once
// Transformers: encoders and decoders of layers with attention and a network at each position.
//
// Source: Vaswani et al., "Attention is all you need", 2017; normalisation first: Xiong et al., "On layer normalization in
// the transformer architecture", 2020.

#include <fornax/nn/activation.hpp>
#include <fornax/nn/attention.hpp>
#include <fornax/nn/norm.hpp>

namespace fornax::nn {

/// linear_outer(dropout(activation(linear_inner(x)))) at each position.
template <class B> struct PositionWiseFeedForward {
  Linear<B> linear_inner, linear_outer;
  Dropout dropout;
  Activation activation;
  FORNAX_MODULE(PositionWiseFeedForward, linear_inner, linear_outer, dropout, activation)
  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return linear_outer.forward(dropout.forward(activation.forward(linear_inner, x)));
  }
};
struct PositionWiseFeedForwardConfig {
  std::int64_t d_model = 0, d_ff = 0;
  double dropout = 0.1;
  ActivationKind activation = ActivationKind::Gelu;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);
  FORNAX_LAZY_CONFIG(PositionWiseFeedForwardConfig, d_model, d_ff, dropout, activation, initializer)
  template <BackendType B> PositionWiseFeedForward<B> init(const InitOptions& on = {}) const {
    return {LinearConfig{d_model, d_ff, true, initializer}.init<B>(on),
            LinearConfig{d_ff, d_model, true, initializer}.init<B>(on),
            Dropout{dropout}.init(),
            {activation}};
  }
};

// What the configs of encoders and decoders have in common.
#define FORNAX_TRANSFORMER_CONFIG(Name)                                                                              \
  std::int64_t d_model = 0, d_ff = 0, n_heads = 0, n_layers = 0;                                                     \
  double dropout = 0.1;                                                                                              \
  bool norm_first = false; /* normalise before attention and network, not after */                                   \
  ActivationKind activation = ActivationKind::Gelu;                                                                  \
  double epsilon = 1e-5; /* of the normalisation */                                                                  \
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);                                              \
  FORNAX_LAZY_CONFIG(Name, d_model, d_ff, n_heads, n_layers, dropout, norm_first, activation, epsilon, initializer)  \
  /* Errors: ValueError unless the sizes are positive, n_heads divides d_model, and dropout is in [0, 1]. */         \
  void validate() const { detail::validate_transformer(#Name, d_model, d_ff, n_heads, n_layers, dropout, epsilon); } \
  MultiHeadAttentionConfig attention() const { return {d_model, n_heads, {}, dropout, true, initializer}; }          \
  PositionWiseFeedForwardConfig feed_forward() const { return {d_model, d_ff, dropout, activation, initializer}; }   \
  LayerNormConfig norm() const { return {.d_model = d_model, .epsilon = epsilon}; }

namespace detail {
void validate_transformer(std::string_view config, std::int64_t d_model, std::int64_t d_ff, std::int64_t n_heads,
                          std::int64_t n_layers, double dropout, double epsilon);
}  // namespace detail

/// Self-attention, then a network at each position; each is added to what went in, and normalised.
template <class B> struct TransformerEncoderLayer {
  MultiHeadAttention<B> attention;
  PositionWiseFeedForward<B> feed_forward;
  LayerNorm<B> norm_1, norm_2;
  Dropout dropout;
  bool norm_first = false;
  FORNAX_MODULE(TransformerEncoderLayer, attention, feed_forward, norm_1, norm_2, dropout, norm_first)

  /// `mask` as for MultiHeadAttention, given as it is to forward: a tensor, a bool for causal, both or none.
  template <class... Mask> Tensor<B, 3> forward(const Tensor<B, 3>& x, const Mask&... mask) const {
    return around(x, [&](const Tensor<B, 3>& y) { return attention.forward(y, y, y, mask...); });
  }
  /// The next positions of a causal sequence.
  Tensor<B, 3> forward_cache(const Tensor<B, 3>& x, AttentionCache<B>& cache) const {
    return around(x, [&](const Tensor<B, 3>& y) { return attention.forward_cache(y, cache); });
  }

 private:
  template <class F> Tensor<B, 3> around(const Tensor<B, 3>& x, const F& attend) const {
    if (norm_first) {
      const auto y = x + dropout.forward(attend(norm_1.forward(x)));
      return y + dropout.forward(feed_forward.forward(norm_2.forward(y)));
    }
    const auto y = norm_1.forward(x + dropout.forward(attend(x)));
    return norm_2.forward(y + dropout.forward(feed_forward.forward(y)));
  }
};

/// A stack of encoder layers.
///
/// Shapes: x [N, L, d_model] -> the same; masks as for MultiHeadAttention.
template <class B> struct TransformerEncoder {
  std::vector<TransformerEncoderLayer<B>> layers;
  FORNAX_MODULE(TransformerEncoder, layers)

  template <class... Mask> Tensor<B, 3> forward(Tensor<B, 3> x, const Mask&... mask) const {
    for (const auto& layer : layers) x = layer.forward(x, mask...);
    return x;
  }
  /// The next positions of a causal sequence, with a cache for each layer; without any at first.
  Tensor<B, 3> forward_cache(Tensor<B, 3> x, std::vector<AttentionCache<B>>& caches) const {
    caches.resize(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) x = layers[i].forward_cache(x, caches[i]);
    return x;
  }
};
struct TransformerEncoderConfig {
  FORNAX_TRANSFORMER_CONFIG(TransformerEncoderConfig)
  template <BackendType B> TransformerEncoderLayer<B> init_layer(const InitOptions& on = {}) const {
    return {attention().init<B>(on), feed_forward().init<B>(on), norm().init<B>(on),
            norm().init<B>(on),      Dropout{dropout},           norm_first};
  }
  template <BackendType B> TransformerEncoder<B> init(const InitOptions& on = {}) const {
    validate();
    TransformerEncoder<B> encoder;
    for (std::int64_t i = 0; i < n_layers; ++i) encoder.layers.push_back(init_layer<B>(on));
    return encoder;
  }
};

/// Causal self-attention, attention to a memory, then a network at each position.
template <class B> struct TransformerDecoderLayer {
  MultiHeadAttention<B> self_attention, cross_attention;
  PositionWiseFeedForward<B> feed_forward;
  LayerNorm<B> norm_1, norm_2, norm_3;
  Dropout dropout;
  bool norm_first = false;
  FORNAX_MODULE(TransformerDecoderLayer, self_attention, cross_attention, feed_forward, norm_1, norm_2, norm_3, dropout,
                norm_first)

  /// x attends to itself causally, and to the memory; `mask` is for the memory.
  template <class... Mask>
  Tensor<B, 3> forward(const Tensor<B, 3>& x, const Tensor<B, 3>& memory, const Mask&... mask) const {
    return around(
        x, memory, [&](const Tensor<B, 3>& y) { return self_attention.forward(y, y, y, true); }, mask...);
  }
  template <class... Mask>
  Tensor<B, 3> forward_cache(const Tensor<B, 3>& x, const Tensor<B, 3>& memory, AttentionCache<B>& cache,
                             const Mask&... mask) const {
    return around(
        x, memory, [&](const Tensor<B, 3>& y) { return self_attention.forward_cache(y, cache); }, mask...);
  }

 private:
  template <class F, class... Mask>
  Tensor<B, 3> around(const Tensor<B, 3>& x, const Tensor<B, 3>& memory, const F& attend, const Mask&... mask) const {
    if (norm_first) {
      auto y = x + dropout.forward(attend(norm_1.forward(x)));
      y = y + dropout.forward(cross_attention.forward(norm_2.forward(y), memory, memory, mask...));
      return y + dropout.forward(feed_forward.forward(norm_3.forward(y)));
    }
    auto y = norm_1.forward(x + dropout.forward(attend(x)));
    y = norm_2.forward(y + dropout.forward(cross_attention.forward(y, memory, memory, mask...)));
    return norm_3.forward(y + dropout.forward(feed_forward.forward(y)));
  }
};

/// A stack of decoder layers.
///
/// Shapes: x [N, L, d_model], memory [N, S, d_model] -> [N, L, d_model]; the mask is for the memory.
template <class B> struct TransformerDecoder {
  std::vector<TransformerDecoderLayer<B>> layers;
  FORNAX_MODULE(TransformerDecoder, layers)

  template <class... Mask> Tensor<B, 3> forward(Tensor<B, 3> x, const Tensor<B, 3>& memory, const Mask&... mask) const {
    for (const auto& layer : layers) x = layer.forward(x, memory, mask...);
    return x;
  }
  /// The next positions, with a cache for each layer; without any at first.
  template <class... Mask>
  Tensor<B, 3> forward_cache(Tensor<B, 3> x, const Tensor<B, 3>& memory, std::vector<AttentionCache<B>>& caches,
                             const Mask&... mask) const {
    caches.resize(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) x = layers[i].forward_cache(x, memory, caches[i], mask...);
    return x;
  }
};
struct TransformerDecoderConfig {
  FORNAX_TRANSFORMER_CONFIG(TransformerDecoderConfig)
  template <BackendType B> TransformerDecoderLayer<B> init_layer(const InitOptions& on = {}) const {
    return {attention().init<B>(on), attention().init<B>(on), feed_forward().init<B>(on), norm().init<B>(on),
            norm().init<B>(on),      norm().init<B>(on),      Dropout{dropout},           norm_first};
  }
  template <BackendType B> TransformerDecoder<B> init(const InitOptions& on = {}) const {
    validate();
    TransformerDecoder<B> decoder;
    for (std::int64_t i = 0; i < n_layers; ++i) decoder.layers.push_back(init_layer<B>(on));
    return decoder;
  }
};

#undef FORNAX_TRANSFORMER_CONFIG

}  // namespace fornax::nn
