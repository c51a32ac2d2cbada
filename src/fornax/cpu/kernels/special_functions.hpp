#pragma once
// Special functions of one number, in f64; the pages of ops/special.hpp and ops/unary.hpp say what they compute.

namespace fornax::cpu {

double erf_inverse(double x);
/// The n-th derivative of log |Γ(x)|.
double lgamma_derivative(int n, double x);
/// The n-th derivative of sin(πx) / (πx).
double sinc_derivative(int n, double x);
double bessel_i(int n, double x, bool scaled);

}  // namespace fornax::cpu
