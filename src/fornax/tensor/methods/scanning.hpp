#pragma once
// Methods of Tensor: running results along a dim, differences and areas.

#include <utility>

#include <fornax/ops/functions/scanning.hpp>
#include <fornax/tensor/operators.hpp>

namespace fornax::methods {

template <class B, std::size_t D, class K> class Scanning {
  using Self = Tensor<B, D, K>;
  using Positions = Tensor<B, D, Int>;

 public:
  /// The running sum and product. The gradient of the product is exact with zeros.
  Self cumsum(std::int64_t dim) const { return Self::unchecked(fornax::cumsum(number(), dim)); }
  Self cumprod(std::int64_t dim) const { return Self::unchecked(fornax::cumprod(number(), dim)); }
  /// The running log(sum of exp), without overflow.
  Self logcumsumexp(std::int64_t dim) const {
    detail::require_float_kind<K>();
    return Self::unchecked(fornax::logcumsumexp(array(), dim));
  }
  /// The largest (smallest) element so far, and where it is: the last of ties; a NaN wins. The gradient goes there.
  Self cummax(std::int64_t dim) const { return Self::unchecked(fornax::cummax(number(), dim).values); }
  Self cummin(std::int64_t dim) const { return Self::unchecked(fornax::cummin(number(), dim).values); }
  std::pair<Self, Positions> cummax_with_indices(std::int64_t dim) const {
    return detail::pair_of<Self>(fornax::cummax(number(), dim));
  }
  std::pair<Self, Positions> cummin_with_indices(std::int64_t dim) const {
    return detail::pair_of<Self>(fornax::cummin(number(), dim));
  }
  /// The differences of neighbours along a dim, n times over; of Bool elements whether they differ.
  Self diff(std::int64_t dim, std::int64_t n = 1) const { return Self::unchecked(fornax::diff(array(), dim, n)); }
  /// The area below the line through points at a distance of dx along a dim, which stays with size 1.
  Self trapezoid(std::int64_t dim, double dx = 1) const {
    detail::require_float_kind<K>();
    return Self::unchecked(fornax::trapezoid(array(), dim, dx));
  }

 private:
  const Array& array() const { return static_cast<const Self&>(*this).array(); }
  const Array& number() const {
    detail::require_kinds<K, detail::numeric>();
    return array();
  }
};

}  // namespace fornax::methods
