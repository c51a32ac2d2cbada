#pragma once
// Methods of Tensor: order along a dim. A NaN counts as larger than every number; equal elements keep their order.

#include <utility>

#include <fornax/ops/functions/sorting.hpp>
#include <fornax/tensor/operators.hpp>

namespace fornax {

/// Distinct elements in ascending order, of each element its position among them, and how often each occurs.
template <class B, std::size_t D, class K> struct UniqueElements {
  Tensor<B, 1, K> values;
  Tensor<B, D, Int> inverse;
  Tensor<B, 1, Int> counts;
};

namespace methods {

template <class B, std::size_t D, class K> class Sorting {
  using Self = Tensor<B, D, K>;
  using Positions = Tensor<B, D, Int>;

 public:
  /// The elements of a dim in ascending (descending) order; the gradient goes back to where each was.
  Self sort(std::int64_t dim) const { return sorted(dim, false).first; }
  Self sort_descending(std::int64_t dim) const { return sorted(dim, true).first; }
  std::pair<Self, Positions> sort_with_indices(std::int64_t dim) const { return sorted(dim, false); }
  std::pair<Self, Positions> sort_descending_with_indices(std::int64_t dim) const { return sorted(dim, true); }
  /// The positions that put a dim in order.
  Positions argsort(std::int64_t dim) const { return Positions::unchecked(fornax::argsort(array(), dim)); }
  Positions argsort_descending(std::int64_t dim) const {
    return Positions::unchecked(fornax::argsort(array(), dim, true));
  }
  /// The k largest elements of a dim, the largest first; the k smallest, the smallest first, if `largest` is false.
  Self topk(std::int64_t k, std::int64_t dim, bool largest = true) const {
    return topk_with_indices(k, dim, largest).first;
  }
  std::pair<Self, Positions> topk_with_indices(std::int64_t k, std::int64_t dim, bool largest = true) const {
    detail::require_kinds<K, detail::numeric>();
    return detail::pair_of<Self>(fornax::topk(array(), k, dim, largest));
  }
  Positions argtopk(std::int64_t k, std::int64_t dim, bool largest = true) const {
    detail::require_kinds<K, detail::numeric>();
    return Positions::unchecked(fornax::argtopk(array(), k, dim, largest));
  }
  /// The distinct elements in ascending order; how many there are is read from the data.
  Tensor<B, 1, K> unique() const { return Tensor<B, 1, K>::unchecked(fornax::unique(array()).values); }
  UniqueElements<B, D, K> unique_with_counts() const {
    const Unique u = fornax::unique(array());
    return {Tensor<B, 1, K>::unchecked(u.values), Positions::unchecked(u.inverse),
            Tensor<B, 1, Int>::unchecked(u.counts)};
  }
  /// Where values belong among these elements, which ascend: before equal ones, or after them if `right`. Rank 1 serves
  /// values of any rank; else each row serves the row of values beside it.
  template <std::size_t D2> Tensor<B, D2, Int> searchsorted(const Tensor<B, D2, K>& values, bool right = false) const {
    static_assert(D == 1 || D == D2, "searchsorted needs one ascending row, or a row for each row of the values");
    detail::require_kinds<K, detail::numeric>();
    return Tensor<B, D2, Int>::unchecked(fornax::searchsorted(array(), values.array(), right));
  }
  /// The number of the bucket that each element falls into, between boundaries, which ascend.
  Positions bucketize(const Tensor<B, 1, K>& boundaries, bool right = false) const {
    detail::require_kinds<K, detail::numeric>();
    return Positions::unchecked(fornax::bucketize(array(), boundaries.array(), right));
  }

 private:
  const Array& array() const { return static_cast<const Self&>(*this).array(); }
  std::pair<Self, Positions> sorted(std::int64_t dim, bool descending) const {
    return detail::pair_of<Self>(fornax::sort(array(), dim, descending));
  }
};

}  // namespace methods
}  // namespace fornax
