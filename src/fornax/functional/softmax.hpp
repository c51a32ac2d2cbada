#pragma once
// Functions that turn scores into weights which add up to 1.

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// exp(x) / sum(exp(x)) along a dim, without overflow. The only element of a rank-0 array is its own dim: 1.
///
/// Domain: -inf gets weight 0; a row of only -inf gives NaN.
Array softmax(const Array& x, std::int64_t dim);
/// log(softmax(x)), without rounding small weights to 0.
Array log_softmax(const Array& x, std::int64_t dim);
/// softmax(-x).
Array softmin(const Array& x, std::int64_t dim);
/// exp(x) / (1 + sum(exp(x))): as if one more score of 0 stood in the row, so that all weights may be near 0.
///
/// Domain: a row of only -inf gives 0.
/// Errors: ValueError if the dim has no elements.
/// Source: Miller, "Attention is off by one", 2023.
Array quiet_softmax(const Array& x, std::int64_t dim);

/// softmax((x + g) / temperature) along a dim with Gumbel noise g: a sample from softmax(x) that has a gradient.
///
/// Gradient: with `hard` the values are one-hot, and the gradient that of the soft ones (straight through).
/// Errors:   ValueError if the temperature is not positive.
/// Source:   Jang, Gu, Poole, "Categorical reparameterization with Gumbel-softmax", 2017.
struct GumbelSoftmax {
  double temperature = 1;
  bool hard = false;
  std::int64_t dim = -1;
  Generator* generator = nullptr;  // the device's own if null
};
Array gumbel_softmax(const Array& x, const GumbelSoftmax& options = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D> Tensor<B, D> softmax(const Tensor<B, D>& x, std::int64_t dim) {
  return Tensor<B, D>::unchecked(softmax(x.array(), dim));
}
template <BackendType B, std::size_t D> Tensor<B, D> log_softmax(const Tensor<B, D>& x, std::int64_t dim) {
  return Tensor<B, D>::unchecked(log_softmax(x.array(), dim));
}
template <BackendType B, std::size_t D> Tensor<B, D> softmin(const Tensor<B, D>& x, std::int64_t dim) {
  return Tensor<B, D>::unchecked(softmin(x.array(), dim));
}
template <BackendType B, std::size_t D> Tensor<B, D> quiet_softmax(const Tensor<B, D>& x, std::int64_t dim) {
  return Tensor<B, D>::unchecked(quiet_softmax(x.array(), dim));
}
template <BackendType B, std::size_t D>
Tensor<B, D> gumbel_softmax(const Tensor<B, D>& x, const GumbelSoftmax& options = {}) {
  return Tensor<B, D>::unchecked(gumbel_softmax(x.array(), options));
}

}  // namespace fornax::functional
