#pragma once
// Special functions on Array; all have derivatives of every order. ops/special.hpp says how they are computed.

#include <fornax/ops/functions.hpp>

namespace fornax {

/// The inverse of erf on [-1, 1].
Array erfinv(Operand x);
/// log |Γ(x)|.
Array lgamma(Operand x);
/// ψ(x), the derivative of lgamma.
Array digamma(Operand x);
/// The n-th derivative of digamma.
///
/// Errors: ValueError for n outside [0, 169].
Array polygamma(std::int64_t n, Operand x);
/// sin(πx) / (πx), and 1 at 0.
Array sinc(Operand x);
/// Modified Bessel functions of the first kind, of order 0, 1 and n; those ending in e are multiplied by exp(-|x|) and so
/// never overflow.
Array i0(Operand x);
Array i0e(Operand x);
Array i1(Operand x);
Array i1e(Operand x);
Array bessel_i(std::int64_t n, Operand x, bool scaled = false);

}  // namespace fornax
