#pragma once
// Running results along a dim, differences and areas, as functions on Array. A tensor of rank 0 is its own result.

#include <fornax/ops/functions.hpp>

namespace fornax {

/// y_i = x_0 + ... + x_i; from the other end if `reverse`.
Array cumsum(Operand x, std::int64_t dim, bool reverse = false);
/// y_i = x_0 ... x_i. The gradient is exact with any number of zeros.
Array cumprod(Operand x, std::int64_t dim);
/// y_i = log(exp(x_0) + ... + exp(x_i)), without overflow.
Array logcumsumexp(Operand x, std::int64_t dim);
/// The largest (smallest) element so far and where it is: the last of ties; a NaN wins. The gradient goes there.
ValuesAndIndices cummax(const Array& x, std::int64_t dim);
ValuesAndIndices cummin(const Array& x, std::int64_t dim);
/// The linear recurrence y_i = a_i y_{i-1} + b_i with y_{-1} = 0; from the other end if `reverse`. It begins anew where
/// a_i is 0.
Array recurrence(Operand a, Operand b, std::int64_t dim, bool reverse = false);

/// The differences of neighbours along a dim, n times over; of Bool elements whether they differ.
///
/// Shapes: [..., N, ...] -> [..., max(N - n, 0), ...].
Array diff(const Array& x, std::int64_t dim, std::int64_t n = 1);
/// The area below the line through points at a distance of dx, summed along a dim, which stays with size 1.
Array trapezoid(const Array& y, std::int64_t dim, double dx = 1);

}  // namespace fornax
