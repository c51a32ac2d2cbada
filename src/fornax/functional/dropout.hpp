#pragma once
// Regularisation by random loss. Each function is the identity unless `training`. Draws come from the generator, or from
// the device's own if it is null; a checkpointed region repeats them.

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

struct Dropout {
  double probability = 0.5;  // of losing an element
  bool training = true;
  Generator* generator = nullptr;
};

/// Each element is 0 with the given probability, else divided by 1 - probability, so that the mean stays.
///
/// Errors: ValueError if the probability is outside [0, 1].
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
Array dropout(const Array& x, const Dropout& options = {});
/// dropout of whole channels: one draw for each pair of positions in the first two dims.
///
/// Shapes: [N, C, ...] -> the same.
/// Errors: ShapeError if the rank is below 2.
/// Source: Tompson et al., "Efficient object localization using convolutional networks", 2015.
Array feature_dropout(const Array& x, const Dropout& options = {});
/// Lost elements take the value that selu has at -inf, and the whole is scaled and moved so that mean 0 and variance 1
/// stay. With probability 1 the result is 0.
///
/// Source: Klambauer et al., "Self-normalizing neural networks", 2017.
Array alpha_dropout(const Array& x, const Dropout& options = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D> Tensor<B, D> dropout(const Tensor<B, D>& x, const Dropout& options = {}) {
  return Tensor<B, D>::unchecked(dropout(x.array(), options));
}
template <BackendType B, std::size_t D>
Tensor<B, D> feature_dropout(const Tensor<B, D>& x, const Dropout& options = {}) {
  static_assert(D >= 2, "feature_dropout needs a batch and a channel dim");
  return Tensor<B, D>::unchecked(feature_dropout(x.array(), options));
}
template <BackendType B, std::size_t D> Tensor<B, D> alpha_dropout(const Tensor<B, D>& x, const Dropout& options = {}) {
  return Tensor<B, D>::unchecked(alpha_dropout(x.array(), options));
}

}  // namespace fornax::functional
