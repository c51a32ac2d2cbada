#pragma once
// Attention and the positions that go with it.

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

struct Attention {
  bool causal = false;               // row i attends to columns 0 to i only
  std::optional<double> scale = {};  // of the scores; 1 / sqrt(E) if none is given
  double softcap = 0;                // c tanh(score / c) in place of the score; 0: not
  double dropout = 0;                // of the weights
  Generator* generator = nullptr;    // for dropout; the device's own if null
};
/// softmax(q kᵀ scale + mask) v, rows of weights over the keys.
///
/// Shapes: q [..., H, L, E], k [..., H, S, E], v [..., H, S, V] -> [..., H, L, V]; leading dims broadcast. k and v may
///         have fewer heads: each serves H / heads neighbouring heads of q. Without a head dim: q [L, E] and so on.
/// Mask:   broadcasts to [..., L, S]. Float: added to the scores. Bool: true where a row may attend. The soft cap comes
///         before it. A row that may attend to nothing gives NaN, as in PyTorch.
/// Errors: ShapeError if the shapes do not fit; ValueError if dropout is outside [0, 1] or softcap negative.
/// Source: Vaswani et al., "Attention is all you need", 2017; grouped heads: Ainslie et al., "GQA", 2023.
Array scaled_dot_product_attention(const Array& q, const Array& k, const Array& v, const Array& mask = {},
                                   const Attention& options = {});

/// Weights [E, E_in] and biases [E], as linear takes them; a bias may be empty.
struct MultiHeadWeights {
  Array query, query_bias, key, key_bias, value, value_bias, output, output_bias;
};
/// Queries, keys and values mapped by linear, attention in `heads` parts of them, the parts mapped together.
///
/// Shapes: q [N, L, E], k and v [N, S, E] -> [N, L, E]; mask as above, [L, S] or [N, 1, L, S] or [N, H, L, S].
/// Errors: ShapeError unless heads divides E.
Array multi_head_attention(const Array& q, const Array& k, const Array& v, const MultiHeadWeights& weights,
                           std::int64_t heads, const Array& mask = {}, const Attention& options = {});

/// Rotary positions: pairs of neighbouring elements (2i, 2i + 1) turned by the angle (offset + l) theta^(-2i/D).
///
/// Shapes: [N, L, H, D] -> the same. Angles are computed in f64, so that far positions keep their precision.
/// Errors: ShapeError unless D is even; ValueError if theta is not positive.
/// Source: Su et al., "RoFormer", 2021.
struct Rope {
  double theta = 10000;
  std::int64_t offset = 0;  // position of the first element: those before it are in a cache
};
Array rope(const Array& x, const Rope& options = {});

/// Penalties for distance, to be added to scores: -slope (i - j), slope 2^(-8 (h + 1) / H) for head h of H.
///
/// Shapes: -> [H, L, S], of x's dtype and beside it; the last row's position is S - 1.
/// Errors: ValueError if a size is negative or there are no heads.
/// Source: Press, Smith, Lewis, "Train short, test long", 2022.
Array alibi_bias(const Array& x, std::int64_t heads, std::int64_t length, std::int64_t keys);

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D>
Tensor<B, D> scaled_dot_product_attention(const Tensor<B, D>& q, const Tensor<B, D>& k, const Tensor<B, D>& v,
                                          const Attention& options = {}) {
  static_assert(D >= 2, "attention needs rank >= 2");
  return Tensor<B, D>::unchecked(scaled_dot_product_attention(q.array(), k.array(), v.array(), {}, options));
}
/// With a mask of any rank up to the scores', Float or Bool.
template <BackendType B, std::size_t D, std::size_t M, Kind K>
Tensor<B, D> scaled_dot_product_attention(const Tensor<B, D>& q, const Tensor<B, D>& k, const Tensor<B, D>& v,
                                          const Tensor<B, M, K>& mask, const Attention& options = {}) {
  static_assert(D >= 2, "attention needs rank >= 2");
  static_assert(M <= D, "the mask broadcasts to the scores: its rank is at most theirs");
  static_assert(!std::same_as<K, Int>, "a mask is Float (added) or Bool (true: may attend)");
  return Tensor<B, D>::unchecked(scaled_dot_product_attention(q.array(), k.array(), v.array(), mask.array(), options));
}
template <BackendType B>
Tensor<B, 3> multi_head_attention(const Tensor<B, 3>& q, const Tensor<B, 3>& k, const Tensor<B, 3>& v,
                                  const MultiHeadWeights& weights, std::int64_t heads, const Attention& options = {}) {
  return Tensor<B, 3>::unchecked(multi_head_attention(q.array(), k.array(), v.array(), weights, heads, {}, options));
}
template <BackendType B, std::size_t M, Kind K>
Tensor<B, 3> multi_head_attention(const Tensor<B, 3>& q, const Tensor<B, 3>& k, const Tensor<B, 3>& v,
                                  const MultiHeadWeights& weights, std::int64_t heads, const Tensor<B, M, K>& mask,
                                  const Attention& options = {}) {
  static_assert(M <= 4, "the mask broadcasts to the scores [N, heads, L, S]");
  static_assert(!std::same_as<K, Int>, "a mask is Float (added) or Bool (true: may attend)");
  return Tensor<B, 3>::unchecked(
      multi_head_attention(q.array(), k.array(), v.array(), weights, heads, mask.array(), options));
}
template <BackendType B> Tensor<B, 4> rope(const Tensor<B, 4>& x, const Rope& options = {}) {
  return Tensor<B, 4>::unchecked(rope(x.array(), options));
}
template <BackendType B, std::size_t D>
Tensor<B, 3> alibi_bias(const Tensor<B, D>& x, std::int64_t heads, std::int64_t length, std::int64_t keys) {
  return Tensor<B, 3>::unchecked(alibi_bias(x.array(), heads, length, keys));
}

}  // namespace fornax::functional
