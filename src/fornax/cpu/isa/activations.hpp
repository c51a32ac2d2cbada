// The parts that activations of neural networks and their slopes are made of, as formulas like those of math.hpp.
#pragma once

#include <fornax/cpu/isa/math.hpp>

namespace fornax::cpu::FORNAX_ISA::math {

/// The normal distribution at x: its function (the part below x) and its density.
template <class T> struct Normal { T below, density; };

// exp(high + low) for a small `low`, which would be lost in the sum. As exp() above.
FORNAX_INLINE float exp_of_sum(float high, float low) {
  constexpr float kRound = 12582912.0F;
  const float shifted = fma(high, 1.44269504F, kRound), n = shifted - kRound;
  const std::uint32_t whole = bits(shifted) - bits(kRound);
  float r = fma(n, -0.693359375F, high);
  r = fma(n, 2.12194440e-4F, r) + low;
  const float q = polynomial(r, 0.00139263919F, 0.008363345811F, 0.04166655336F, 0.1666657599F, 0.5F);
  const float p = fma(r * r, q, r) + 1.0F;
  const auto half = static_cast<std::uint32_t>(static_cast<std::int32_t>(whole) >> 1);
  return p * value((half + 127U) << 23) * value((whole - half + 127U) << 23);
}

// exp(-a^2/2) times a smooth factor, for a = |x|. The square is taken in two parts, the first of which is exact: an error
// of its last place would be one of exp's last six.
FORNAX_INLINE Normal<float> normal(float x) {
  const float a = magnitude(x), c = a > 14.5F ? 14.5F : a;
  const float high = value(bits(c) & 0xfffff000U), low = c - high;
  const float e = exp_of_sum(-0.5F * (high * high), -0.5F * (low * (c + high)));
  const float r = 1.0F / (c + 4.125F), t = (c - 4.125F) * r;
  const float above =
      e * r *
      polynomial(t, -0.0001904382663F, -6.398312521e-5F, 0.001964130374F, -0.002413666561F, -0.01308200382F,
                 0.07264281056F, -0.2036717279F, 0.4030557892F, -0.6167978954F, 0.7575011225F);
  return {x > 0.0F ? 1.0F - above : above, 0.39894228F * e};
}

FORNAX_INLINE Normal<double> normal(double x) {
  return {0.5 * std::erfc(x * -0.7071067811865475244), 0.3989422804014326779 * exp(-0.5 * (x * x))};
}

/// u = 2 sqrt(2 / pi) (x + 0.044715 x^3) and du/dx, for an x held between -22 and 22: beyond, sigmoid(u) has reached its
/// ends in f64 too, and x^3 could overflow.
template <class T> struct Turn { T at, value, slope; };
template <class T> FORNAX_INLINE Turn<T> gelu_tanh_turn(T x) {
  constexpr T k = T(1.59576912160573071176), cubic = T(0.07135481627260024);  // 2 sqrt(2 / pi), and 0.044715 of it
  const T low = x < T(-22) ? T(-22) : x, c = low > T(22) ? T(22) : low, square = c * c;
  return {c, c * fma(cubic, square, k), fma(T(3) * cubic, square, k)};
}

/// log(1 + exp(x)).
template <class T> FORNAX_INLINE T softplus(T x) {
  const T z = exp(-magnitude(x)), s = T(1) + z;
  const T lost = z - (s - T(1));  // what the sum had to round off
  return (x > T(0) ? x : T(0)) + (log(s) + lost / s);
}

/// tanh(softplus(x)) = n / (n + 2) with n = e^x (e^x + 2), and its slope.
template <class T> struct MishParts { T tanh, slope; };
template <class T> FORNAX_INLINE MishParts<T> mish_parts(T x) {
  const T e = exp(x > T(40) ? T(40) : x), n = e * (e + T(2)), d = T(1) / (n + T(2));
  // sigmoid(x) (1 - t) (1 + t)
  return {n * d, e / (T(1) + e) * (T(2) * d) * (T(2) * (n + T(1)) * d)};
}

}  // namespace fornax::cpu::FORNAX_ISA::math
