#pragma once
// Statistics as functions on Array. Dims that are summed up stay with size 1.

#include <fornax/ops/functions.hpp>

namespace fornax {

/// The k-th smallest element along a dim, k from 1, and where it is; the gradient goes there. A NaN counts as larger than
/// every number.
///
/// Errors: ValueError for k outside [1, size of dim].
ValuesAndIndices kthvalue(const Array& x, std::int64_t k, std::int64_t dim);
/// The middle element along a dim, of an even number the smaller of the two in the middle, and where it is; the gradient
/// goes there. The first NaN if there is one.
///
/// Errors: ValueError if the dim is empty.
ValuesAndIndices median(const Array& x, std::int64_t dim);
/// The most frequent element along a dim, the smallest of several, and the last place where it is. No NaN equals another.
///
/// Errors: ValueError if the dim is empty.
ValuesAndIndices mode(const Array& x, std::int64_t dim);

/// What lies between two elements: on the line between them, the one below, the one above, the nearer one (of equally
/// near ones that of even rank), or their mean.
enum class QuantileMethod : std::uint8_t { Linear, Lower, Higher, Nearest, Midpoint };
/// The elements below which a fraction q of a dim lies: at rank q (n - 1) in ascending order. NaN if there is one.
///
/// Shapes: x [..., N, ...], m fractions -> [..., m, ...].
/// Kinds:  Float.
/// Errors: ValueError for a fraction outside [0, 1], or if the dim is empty.
Array quantile(const Array& x, std::span<const double> q, std::int64_t dim,
               QuantileMethod method = QuantileMethod::Linear);

/// log(sum of exp(x)) along some dims, without overflow.
Array logsumexp(const Array& x, DimSet dims);
/// sqrt with slope 0 at 0, as norms have it.
Array flat_sqrt(const Array& x);
/// (sum of |x|^p)^(1/p) along dims, which stay with size 1. p may be 0 (how many are not 0), inf and -inf. The gradient
/// at 0 is 0.
Array norm(const Array& x, double p, DimSet dims);
/// Mean of the squared distances from the mean along dims, which stay; divided by count - correction.
Array variance(const Array& x, DimSet dims, std::int64_t correction);
/// Number of elements that each result of a reduction of x along dims sees.
std::int64_t count_along(const Array& x, DimSet dims);
/// The root of the mean square distance from the mean along some dims, with n - correction in place of n. Slope 0 where
/// all elements are equal.
Array stddev(const Array& x, DimSet dims, std::int64_t correction = 1);

/// Number of elements that are not 0 (true), along some dims: I64.
Array count_nonzero(const Array& x, DimSet dims);
/// How often each of the numbers 0 to n - 1 occurs in x [N], or the sum of the weights [N] of those places; n is the
/// largest number plus 1, and at least `minimum`. I64, or the weights' dtype.
///
/// Errors: ValueError for a negative number.
Array bincount(const Array& x, std::int64_t minimum = 0);
Array bincount(const Array& x, const Array& weights, std::int64_t minimum = 0);
/// How many elements fall into each of `bins` equal parts of [low, high] (I64), and the edges of the parts [bins + 1].
/// A part holds its lower edge, the last one also its upper. Elements outside and NaN are not counted.
///
/// Errors: ValueError for bins < 1, or unless low < high are finite.
struct Histogram {
  Array counts, edges;
};
Histogram histogram(const Array& x, std::int64_t bins, double low, double high);

/// Covariances of variables x [V, N] from N observations, divided by N - correction: [V, V]. Also of one variable [N].
Array cov(const Array& x, std::int64_t correction = 1);
/// The same divided by the standard deviations of both: between -1 and 1.
Array corrcoef(const Array& x);

}  // namespace fornax
