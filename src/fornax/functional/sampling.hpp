#pragma once
// Draws from distributions over classes, and all combinations of coordinates.

#include <span>
#include <vector>

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// Independent draws of -log(-log(u)), u uniform: F64, of the given shape, beside x.
Array gumbel_noise(const Array& x, const Shape& shape, Generator* generator = nullptr);

struct Categorical {
  std::int64_t samples = 1;
  Generator* generator = nullptr;  // the device's own if null
};
/// Classes drawn with the probabilities softmax(logits), with replacement: the largest of logits + Gumbel noise. A logit
/// of -inf is never drawn.
///
/// Shapes: logits [..., C] -> [..., samples], I64. Memory for samples * C numbers for each row.
/// Errors: ShapeError if there are no classes; ValueError if samples is negative, or a row has NaN, +inf, or only -inf.
/// Source: Gumbel, "Statistical theory of extreme values", 1954; Maddison et al., "A* sampling", 2014.
Array categorical_from_logits(const Array& logits, const Categorical& options = {});
/// The same from probabilities, which need not add up to 1. A probability of 0 is never drawn.
///
/// Errors: ValueError also if one is negative.
Array categorical(const Array& probabilities, const Categorical& options = {});

/// All combinations of one element of each vector, the last vector's running fastest.
///
/// Shapes: vectors [n1], ..., [nk] -> [n1 ... nk, k].
/// Errors: ValueError for no vectors; ShapeError if one is not of rank 1.
Array cartesian_prod(std::span<const Array> vectors);
/// Coordinates of every position of a shape: the element at position (i, j) is (i, j).
///
/// Shapes: sizes n1, ..., nk -> [n1, ..., nk, k], I64, on the backend below `on`.
Array cartesian_grid(Interpreter& on, const Shape& shape, Device device = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D>
Tensor<B, D, Int> categorical_from_logits(const Tensor<B, D>& logits, const Categorical& options = {}) {
  static_assert(D >= 1, "categorical_from_logits needs a dim of classes");
  return Tensor<B, D, Int>::unchecked(categorical_from_logits(logits.array(), options));
}
template <BackendType B, std::size_t D>
Tensor<B, D, Int> categorical(const Tensor<B, D>& probabilities, const Categorical& options = {}) {
  static_assert(D >= 1, "categorical needs a dim of classes");
  return Tensor<B, D, Int>::unchecked(categorical(probabilities.array(), options));
}
template <BackendType B, Kind K> Tensor<B, 2, K> cartesian_prod(std::span<const Tensor<B, 1, K>> vectors) {
  std::vector<Array> arrays;
  for (const auto& v : vectors) arrays.push_back(v.array());
  return Tensor<B, 2, K>::unchecked(cartesian_prod(arrays));
}
template <BackendType B, Kind K> Tensor<B, 2, K> cartesian_prod(std::initializer_list<Tensor<B, 1, K>> vectors) {
  return cartesian_prod(std::span<const Tensor<B, 1, K>>(vectors.begin(), vectors.size()));
}
/// Example: auto grid = cartesian_grid<Cpu>({2, 3});   // [2, 3, 2]
template <BackendType B, std::size_t N>
Tensor<B, N + 1, Int> cartesian_grid(const Index (&dims)[N], Device device = {}) {
  std::array<std::int64_t, N> sizes{};
  for (std::size_t d = 0; d < N; ++d) sizes[d] = dims[d].value;
  return Tensor<B, N + 1, Int>::unchecked(
      cartesian_grid(B::interpreter(), Shape(std::span<const std::int64_t>(sizes)), device));
}

}  // namespace fornax::functional
