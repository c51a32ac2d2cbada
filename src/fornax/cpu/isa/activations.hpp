// The parts that activations of neural networks and their slopes are made of, as formulas like those of math.hpp.
#pragma once

#include <fornax/cpu/isa/math.hpp>

namespace fornax::cpu::FORNAX_ISA::math {

/// The normal distribution at x: its function (the part below x) and its density.
template <class T> struct Normal { T below, density; };

// The density is exp(-a^2/2) / sqrt(2 pi) for a = |x|. The square is taken in two parts: an error of its last place would be
// one of exp's last six. What is above a is the density times a smooth factor, which a quotient of polynomials gives.
template <Single T> FORNAX_INLINE Normal<T> normal(T x) {
  const T c = at_most(magnitude(x), 14.5F);
  const T half = c * -0.5F, high = half * c, low = rounding_of(high, half, c);  // -c^2/2 = high - low
  const T shifted = fma(high, 1.44269504F, kRound), n = shifted - kRound;
  const T r = fma(n, -0.693359375F, high) - fma(n, -2.12194440e-4F, low);
  const T density = times_power_of_two(exp_of_rest(r, 0.39894228F), shifted);
  const T above =
      density * (polynomial(c, 0.01031805409F, 0.1018523639F, 0.4593022658F, 1.098642326F, 1.253314109F) /
                 polynomial(c, 0.01031793464F, 0.1018588139F, 0.4694705283F, 1.202502962F, 1.674474756F, 1.0F));
  return {choose(x > 0.0F, 1.0F - above, above), density};
}

FORNAX_INLINE Normal<double> normal(double x) {
  return {0.5 * std::erfc(x * -0.7071067811865475244), 0.3989422804014326779 * exp(-0.5 * (x * x))};
}

/// u = 2 sqrt(2 / pi) (x + 0.044715 x^3) and du/dx, for an x held between -22 and 22: beyond, sigmoid(u) has reached its
/// ends in f64 too, and x^3 could overflow.
template <class T> struct Turn { T at, value, slope; };
template <class T> FORNAX_INLINE Turn<T> gelu_tanh_turn(T x) {
  using C = Constant<T>;
  constexpr C k = C(1.59576912160573071176), cubic = C(0.07135481627260024);  // 2 sqrt(2 / pi), and 0.044715 of it
  const T c = at_most(at_least(x, C(-22)), C(22)), square = c * c;
  return {c, c * fma(square, cubic, k), fma(square, C(3) * cubic, k)};
}

/// log(1 + exp(x)).
template <class T> FORNAX_INLINE T softplus(T x) {
  using C = Constant<T>;
  const T z = exp(-magnitude(x)), s = C(1) + z;
  const T lost = z - (s - C(1));  // what the sum had to round off
  return choose(x > C(0), x, C(0)) + (log(s) + lost / s);
}

/// tanh(softplus(x)) = n / (n + 2) with n = e^x (e^x + 2), and its slope.
template <class T> struct MishParts { T tanh, slope; };
template <class T> FORNAX_INLINE MishParts<T> mish_parts(T x) {
  using C = Constant<T>;
  const T e = exp(at_most(x, C(40))), n = e * (e + C(2)), d = C(1) / (n + C(2));
  // sigmoid(x) (1 - t) (1 + t)
  return {n * d, e / (C(1) + e) * (C(2) * d) * (C(2) * (n + C(1)) * d)};
}

}  // namespace fornax::cpu::FORNAX_ISA::math
