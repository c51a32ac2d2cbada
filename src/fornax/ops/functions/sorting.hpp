#pragma once
// Order as functions on Array. A NaN counts as larger than every number; equal elements stay in the order they have.

#include <fornax/ops/functions.hpp>

namespace fornax {

/// Positions along a dim that put its elements in order: x's shape, I64. Not differentiable.
Array argsort(Operand x, std::int64_t dim, bool descending = false);
/// The elements in order along a dim, and where each was; the gradient goes back there.
ValuesAndIndices sort(const Array& x, std::int64_t dim, bool descending = false);

/// The k largest (smallest) elements along a dim, the best first, and where they are: [..., k, ...].
///
/// Errors: ValueError for k outside [0, size of dim].
ValuesAndIndices topk(const Array& x, std::int64_t k, std::int64_t dim, bool largest = true);
Array argtopk(Operand x, std::int64_t k, std::int64_t dim, bool largest = true);

/// Distinct elements in ascending order [n], of each element of x its position among them, and how often each occurs
/// [n]. Every NaN is an element of its own, as no NaN equals another. How many there are is read from the data.
struct Unique {
  Array values, inverse, counts;
};
Unique unique(const Array& x);

/// Where values would have to be inserted to keep ascending rows in order: before the elements that equal them, or after
/// them if `right`. op::SearchSorted has the shapes.
Array searchsorted(Operand sorted, Operand values, bool right = false);
/// Number of the bucket that each element falls into, between ascending boundaries [n]: i where boundaries[i-1] < x <=
/// boundaries[i], or boundaries[i-1] <= x < boundaries[i] if `right`.
Array bucketize(Operand x, Operand boundaries, bool right = false);

}  // namespace fornax
