#pragma once
// Integers as vectors.

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// Row index[...] of weight for each index. The row at `padding_idx` (negative: counted from the end) is read like any
/// other, but gets no gradient.
///
/// Shapes: weight [N, E], index [...] -> [..., E].
/// Errors: IndexError if an index is outside [0, N).
Array embedding(const Array& weight, const Array& index, std::optional<std::int64_t> padding_idx = {});

/// How embedding_bag joins the rows of a bag.
enum class Bag : std::uint8_t { Sum, Mean, Max };
/// The rows of each bag joined to one.
///
/// Shapes: weight [N, E], index [M, L] -> [M, E].
/// Errors: ValueError for the largest row of an empty bag; the mean of none is NaN, the sum 0.
Array embedding_bag(const Array& weight, const Array& index, Bag join = Bag::Mean);

/// 1 at each class, 0 elsewhere. Without a number of classes it is the largest class plus 1.
///
/// Shapes: index [...] -> [..., classes], I64.
/// Errors: IndexError if a class is outside [0, classes); ValueError if there is none to count.
Array one_hot(const Array& index, std::optional<std::int64_t> classes = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D>
Tensor<B, D + 1> embedding(const Tensor<B, 2>& weight, const Tensor<B, D, Int>& index,
                           std::optional<std::int64_t> padding_idx = {}) {
  return Tensor<B, D + 1>::unchecked(embedding(weight.array(), index.array(), padding_idx));
}
template <BackendType B>
Tensor<B, 2> embedding_bag(const Tensor<B, 2>& weight, const Tensor<B, 2, Int>& index, Bag join = Bag::Mean) {
  return Tensor<B, 2>::unchecked(embedding_bag(weight.array(), index.array(), join));
}
template <BackendType B, std::size_t D>
Tensor<B, D + 1, Int> one_hot(const Tensor<B, D, Int>& index, std::optional<std::int64_t> classes = {}) {
  return Tensor<B, D + 1, Int>::unchecked(one_hot(index.array(), classes));
}

}  // namespace fornax::functional
