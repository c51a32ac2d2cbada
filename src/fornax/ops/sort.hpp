#pragma once
// Order: which element comes first, and where in an order a value belongs.

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// Positions along a dim that put its elements in order; equal elements stay in the order they have. A NaN counts as
/// larger than every number: last in ascending order, first in descending.
///
/// Shapes: x [..., N, ...] -> [..., count, ...], or [..., N, ...] if count is negative; I64.
/// Kinds:  all.
/// Errors: ValueError if count is larger than N.
/// Source: a count below N is selected first (std::nth_element) and only what was selected is sorted.
struct ArgSort {
  int dim;
  bool descending = false;
  std::int64_t count = -1;  // only the first so many; negative: all
  static constexpr bool differentiable = false;
  static constexpr Batching batching = Batching::NextDim;

  std::string_view name() const { return "argsort"; }
  Spec infer(Operands x) const;
  static SamplesOf<ArgSort> samples();
};

/// Positions at which values would have to be inserted to keep ascending rows in order: before the elements equal to
/// them, or after them if `right`. A NaN counts as larger than every number. Rows that are not ascending give positions
/// without a meaning.
///
/// Shapes: sorted [N], values of any shape -> that shape; or sorted [..., N], values [..., M] with equal leading dims
///         -> [..., M]; I64.
/// Kinds:  Float and Int, both of one dtype.
struct SearchSorted {
  bool right = false;
  static constexpr bool differentiable = false;

  std::string_view name() const { return "searchsorted"; }
  Spec infer(Operands x) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<SearchSorted> samples();
};

}  // namespace fornax::op
