#pragma once
// Integers as vectors, and the positions of elements in sequences.

#include <fornax/functional/attention.hpp>
#include <fornax/functional/embedding.hpp>
#include <fornax/nn/layer.hpp>

namespace fornax::functional {
FORNAX_ENUM(Bag, Sum, Mean, Max)
}

namespace fornax::nn {

/// A learned vector for each of n_embedding integers.
///
/// Shapes: index [...] -> [..., d_model].
/// Errors: IndexError for an index outside [0, n_embedding).
template <class B> struct Embedding {
  Tensor<B, 2> weight;
  std::optional<std::int64_t> padding_idx = {};  // the row that gets no gradient
  FORNAX_MODULE(Embedding, weight, padding_idx)

  template <std::size_t D> Tensor<B, D + 1> forward(const Tensor<B, D, Int>& index) const {
    return functional::embedding(weight, index, padding_idx);
  }
};
struct EmbeddingConfig {
  std::int64_t n_embedding = 0, d_model = 0;
  std::optional<std::int64_t> padding_idx = {};
  Initializer initializer = Initializer::normal(0, 1);
  FORNAX_LAZY_CONFIG(EmbeddingConfig, n_embedding, d_model, padding_idx, initializer)

  /// Errors: ValueError unless the sizes are positive and padding_idx is in [-n_embedding, n_embedding).
  void validate() const;
  template <BackendType B> Embedding<B> init(const InitOptions& on = {}) const {
    validate();
    return {init_parameter<B>(initializer, {n_embedding, d_model}, on), padding_idx};
  }
};

/// The rows of bags of indices, joined to one: functional::embedding_bag.
///
/// Shapes: index [M, L] -> [M, d_model].
template <class B> struct EmbeddingBag {
  Tensor<B, 2> weight;
  functional::Bag join = functional::Bag::Mean;
  FORNAX_MODULE(EmbeddingBag, weight, join)

  Tensor<B, 2> forward(const Tensor<B, 2, Int>& index) const { return functional::embedding_bag(weight, index, join); }
};
struct EmbeddingBagConfig {
  std::int64_t n_embedding = 0, d_model = 0;
  functional::Bag join = functional::Bag::Mean;
  Initializer initializer = Initializer::normal(0, 1);
  FORNAX_LAZY_CONFIG(EmbeddingBagConfig, n_embedding, d_model, join, initializer)

  /// Errors: ValueError unless the sizes are positive.
  void validate() const {
    require_positive("EmbeddingBagConfig", "n_embedding", n_embedding);
    require_positive("EmbeddingBagConfig", "d_model", d_model);
  }
  template <BackendType B> EmbeddingBag<B> init(const InitOptions& on = {}) const {
    validate();
    return {init_parameter<B>(initializer, {n_embedding, d_model}, on), join};
  }
};

namespace detail {
/// sin and cos by turns: row l, column 2i has sin(l t^(-2i/d)), column 2i + 1 its cos. Computed in f64.
Array sinusoids(std::int64_t length, std::int64_t d_model, double max_timescale, const InitOptions& on,
                Interpreter& backend);
/// x [..., L, E] plus the first L rows of a table, from row `offset` on.
Array add_positions(const Array& x, const Array& table, std::int64_t offset);
}  // namespace detail

/// Adds to each position of a sequence its own pattern of sines.
///
/// Shapes: x [N, L, d_model] -> the same.
/// Errors: ShapeError if a position is beyond max_sequence_size.
/// Source: Vaswani et al., "Attention is all you need", 2017.
template <class B> struct PositionalEncoding {
  Constant<B, 2> sinusoids;
  FORNAX_MODULE(PositionalEncoding, sinusoids)

  /// `offset` is the position of the first element.
  Tensor<B, 3> forward(const Tensor<B, 3>& x, std::int64_t offset = 0) const {
    return Tensor<B, 3>::unchecked(detail::add_positions(x.array(), sinusoids.value.array(), offset));
  }
};
struct PositionalEncodingConfig {
  std::int64_t d_model = 0, max_sequence_size = 5000;
  double max_timescale = 10000;
  FORNAX_LAZY_CONFIG(PositionalEncodingConfig, d_model, max_sequence_size, max_timescale)

  /// Errors: ValueError unless d_model is even and all are positive.
  void validate() const;
  template <BackendType B> PositionalEncoding<B> init(const InitOptions& on = {}) const {
    validate();
    return {
        Tensor<B, 2>::unchecked(detail::sinusoids(max_sequence_size, d_model, max_timescale, on, B::interpreter()))};
  }
};

/// Turns pairs of neighbouring elements by an angle that grows with the position: functional::rope.
///
/// Shapes: x [N, L, H, D] -> the same.
struct RotaryEncoding {
  double theta = 10000;
  FORNAX_LAYER(RotaryEncoding, theta)
  void validate() const { require_positive("RotaryEncoding", "theta", theta); }
  /// `offset` is the position of the first element.
  template <BackendType B> Tensor<B, 4> forward(const Tensor<B, 4>& x, std::int64_t offset = 0) const {
    return functional::rope(x, {.theta = theta, .offset = offset});
  }
};
using RotaryEncodingConfig = RotaryEncoding;

}  // namespace fornax::nn
