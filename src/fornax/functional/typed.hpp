#pragma once
// What the typed faces share: templates over Tensor<B, D, K> that forward to the functions on Array above them.

#include <optional>
#include <type_traits>

#include <fornax/tensor/tensor.hpp>

namespace fornax::functional {

/// A tensor that may be left out. It takes no part in the deduction of B, so `{}`, std::nullopt and a tensor all fit.
template <BackendType B, std::size_t D, Kind K = Float>
using Optional = std::type_identity_t<std::optional<Tensor<B, D, K>>>;

namespace impl {

/// The array of an optional tensor; empty if it was left out. Throws ValueError for a tensor that was moved from.
template <class T> Array array_or_none(const std::optional<T>& t) {
  if (!t) return {};
  if (!t->array().defined()) fornax::detail::throw_empty();
  return t->array();
}

}  // namespace impl
}  // namespace fornax::functional
