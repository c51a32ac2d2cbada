#pragma once
// Elementwise functions composed of others. Shapes broadcast; arrays have one dtype.

#include <fornax/ops/functions.hpp>

namespace fornax {

/// x - trunc(x).
Array frac(const Array& x);
Array deg2rad(Operand x);
Array rad2deg(Operand x);
/// log(x / (1 - x)); NaN outside [0, 1]. With eps, x is first brought into [eps, 1 - eps].
Array logit(const Array& x);
Array logit(const Array& x, double eps);
/// Numbers in place of NaN and of the infinities, by default the largest ones of the dtype. The gradient is 0 there.
Array nan_to_num(const Array& x, double nan = 0);
Array nan_to_num(const Array& x, double nan, double positive, double negative);

/// min(max(x, low), high) for bounds that are tensors; low > high gives high, and a NaN anywhere gives NaN. Float or Int.
///
/// Gradient: to x on the closed interval, else to the bound that x was brought to; 0 where x is NaN.
Array clamp(const Array& x, const Array& low, const Array& high);
Array clamp_min(const Array& x, const Array& low);
Array clamp_max(const Array& x, const Array& high);
/// The larger and the smaller: a number where the other is NaN. The gradient goes to the one that was taken, to a at a
/// tie.
Array fmax(const Array& a, const Array& b);
Array fmin(const Array& a, const Array& b);
/// The largest integer that divides both, and the smallest that both divide; never negative, but for what overflows.
/// gcd(0, 0) and lcm(a, 0) are 0. Int.
Array gcd(const Array& a, const Array& b);
Array lcm(const Array& a, const Array& b);

/// x log(y), and x log(1 + y): 0 where x is 0 and y not NaN.
Array xlogy(const Array& x, const Array& y);
Array xlog1py(const Array& x, const Array& y);
/// log(exp(a) + exp(b)), and log2(2^a + 2^b), without overflow.
Array logaddexp(const Array& a, const Array& b);
Array logaddexp2(const Array& a, const Array& b);

/// a + weight (b - a), and exactly b for a weight of 1.
Array lerp(const Array& a, const Array& b, double weight);
Array lerp(const Array& a, const Array& b, const Array& weight);
/// x + value a b, and x + value a / b.
Array addcmul(const Array& x, const Array& a, const Array& b, double value = 1);
Array addcdiv(const Array& x, const Array& a, const Array& b, double value = 1);

enum class Rounding : std::uint8_t { None, Floor, Trunc };
/// a / b, then rounded; the gradient of a rounded quotient is 0.
///
/// Errors: ValueError for an Int division by zero; DTypeError for an Int division that is not rounded.
Array div(Operand a, Operand b, Rounding rounding);

/// f(x, s) for a function that only takes two arrays, such as a bitwise one.
Array binary(BinaryFn fn, const Array& x, Scalar s);

/// |a - b| <= absolute + relative |b|, and equal infinities; NaN is close to NaN only if `equal_nan`. Bool.
Array is_close(const Array& a, const Array& b, double relative = 1e-5, double absolute = 1e-8, bool equal_nan = false);
/// True if all elements are close.
bool all_close(const Array& a, const Array& b, double relative = 1e-5, double absolute = 1e-8, bool equal_nan = false);

}  // namespace fornax
