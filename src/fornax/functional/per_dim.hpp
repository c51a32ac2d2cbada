#pragma once

#include <array>
#include <concepts>
#include <cstdint>

#include <fornax/ops/window.hpp>

namespace fornax {

/// A number for each of N spatial dims; one number stands for all: `.stride = 2` is `.stride = {2, 2}`.
template <int N> struct PerDim {
  static_assert(N >= 1 && N <= kMaxSpatialDims);
  std::array<std::int64_t, N> values;

  template <std::integral... T>
  requires(sizeof...(T) == N || sizeof...(T) == 1) constexpr PerDim(T... v) {  // NOLINT: implicit by design
    const std::int64_t given[] = {static_cast<std::int64_t>(v)...};
    for (std::size_t d = 0; d < N; ++d) values[d] = given[sizeof...(T) == 1 ? 0 : d];
  }
  constexpr explicit PerDim(const std::array<std::int64_t, N>& v) : values(v) {}

  constexpr std::int64_t operator[](int d) const { return values[static_cast<std::size_t>(d)]; }
  /// The same, in the form that settings of operations have.
  constexpr SpatialSizes sizes() const {
    SpatialSizes all{};
    for (std::size_t d = 0; d < N; ++d) all[d] = values[d];
    return all;
  }
};

namespace detail {
/// Tensors of N spatial dims are [N, C, ...] or, without a batch, [C, ...].
template <std::size_t D, int N> constexpr void require_picture() {
  static_assert(D == N + 1 || D == N + 2, "the tensor must be [N, C, spatial dims...] or [C, spatial dims...]");
}
}  // namespace detail

}  // namespace fornax
