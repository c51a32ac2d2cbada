#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

#include <fornax/array/array.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax {

/// Sums of products in Einstein's notation. A letter names a dim in every operand; dims with the same letter are walked
/// together; letters that are missing after "->" are summed over.
///
///   einsum("ij,jk->ik", {a, b})          matrix product           einsum("ii->i", {a})     diagonal
///   einsum("b...i,...ij->b...j", {a, b})  "..." stands for dims that broadcast
///
/// Without "->" the result has "..." first, then the letters that occur once, in the order of ASCII. Sizes of one letter
/// are equal or 1. "..." missing from the result is summed over. Operands are multiplied in pairs: in the order of least
/// work up to eight of them, beyond that always the cheapest pair.
///
/// Kinds:  Float and Int, all of one dtype.
/// Errors: ValueError if the equation is malformed or does not suit the number of operands, ShapeError if it does not
///         suit their ranks and sizes.
Array einsum(std::string_view equation, std::span<const Array> operands);
Array einsum(std::string_view equation, std::initializer_list<Array> operands);

/// The same on tensors; the rank of the result comes first: einsum<2>("ij,jk->ik", a, b).
template <std::size_t D, BackendType B, std::size_t R, Kind K, std::size_t... Ranks>
Tensor<B, D, K> einsum(std::string_view equation, const Tensor<B, R, K>& first, const Tensor<B, Ranks, K>&... rest) {
  const std::array<Array, 1 + sizeof...(rest)> operands{first.array(), rest.array()...};
  return Tensor<B, D, K>(einsum(equation, std::span<const Array>(operands)));
}

}  // namespace fornax
