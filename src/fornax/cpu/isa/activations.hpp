// The parts that activations of neural networks and their slopes are made of, as formulas like those of math.hpp.
#pragma once

#include <fornax/cpu/isa/math.hpp>

namespace fornax::cpu::FORNAX_ISA::math {

/// 0 with the sign of x; NaN for infinities, as the product of one and of what has become 0 beside it.
template <class T> FORNAX_INLINE T zero(T x) { return x * Constant<T>(0); }

/// The normal distribution at x: its function (the part below x), its density, and x times the former, which is gelu(x).
template <class T> struct Normal { T below, density, gelu; };

// The density is exp(-a^2/2) / sqrt(2 pi) for a = |x|. The square is taken in two parts: an error of its last place would be
// one of exp's last six. What is above a is the density times a smooth factor, which comes near 1 / a: as p / (a p + q), where an
// error of p matters the less the larger a is. a times it is computed without p, which would be rounded once more.
template <Single T> FORNAX_INLINE Normal<T> normal(T x) {
  const T c = at_most(magnitude(x), 14.5F);
  const T square = c * c, low = rounding_of(square, c, c);  // c^2 = square - low
  const T shifted = fma(square, -0.5F * 1.44269504F, kRound), n = shifted - kRound;
  const T r = fma(n, 2 * 0.693359375F, square) - fma(n, 2 * 2.12194440e-4F, low);
  const T p = exp_of_rest(r, 0.39894228F, -0.5F), density = times_power_of_two(p, shifted);
  const T rising = polynomial(c, 0.0111823957F, 0.10023573F, 0.42115432F, 0.947732985F);  // (p - 1) / c
  const T ap = fma(square, rising, c);
  const T sum = fma(c, polynomial(c, 0.0111710532F, 0.100637943F, 0.392802536F), ap) + 0.7978845835F;
  const T above = density * (fma(c, rising, 1.0F) / sum), of_tail = times_power_of_two(p * (ap / sum), shifted);
  return {choose(has_sign(x), above, 1.0F - above), density, choose(has_sign(x), zero(x), x) - of_tail};
}

FORNAX_INLINE Normal<double> normal(double x) {
  const double below = 0.5 * std::erfc(x * -0.7071067811865475244);
  return {below, 0.3989422804014326779 * exp(-0.5 * (x * x)), x * below};
}

/// sigmoid(u) and x sigmoid(u).
template <class T> struct Gated { T gate, product; };
/// For a u with the sign of x, and e = exp(-|u|).
template <class T> FORNAX_INLINE Gated<T> gated(T x, T u, ExpParts<T> e) {
  using C = Constant<T>;
  const T gate = sigmoid_of(u, times_power_of_two(e.p, e.shifted));
  const T size = at_most(magnitude(x), -kLeastExponent<C>);
  // Down there sigmoid is exp.
  return {gate, choose(u < C(-40), zero(x) - times_power_of_two(size * e.p, e.shifted), x * gate)};
}

template <class T> FORNAX_INLINE Gated<T> silu(T x) { return gated(x, x, decay_parts(magnitude(x))); }

/// u = 2 sqrt(2 / pi) (x + 0.044715 x^3) for an x held between -22 and 22 (beyond, sigmoid(u) has reached its ends in f64 too, and
/// x^3 could overflow), du/dx, and what u opens. An error of u's last place would be one of exp's last seven: u is a sum of two.
template <class T> struct Turn { T at, slope, gate, product; };
template <class T> FORNAX_INLINE Turn<T> gelu_tanh(T x) {
  using C = Constant<T>;
  constexpr double kWhole = 1.59576912160573071176, kCubic = 0.044715 * kWhole;
  constexpr C k = C(kWhole), cubic = C(kCubic), k_rest = C(kWhole - double(k)), cubic_rest = C(kCubic - double(cubic));
  const T c = at_most(at_least(x, C(-22)), C(22)), square = c * c;
  const T grown = square * cubic, sum = grown + k, back = sum - grown;
  const T sum_rest = (grown - (sum - back)) + (k - back);
  T rest = fma(square, cubic_rest, sum_rest) - rounding_of(grown, square, cubic);
  rest = (rest + k_rest) - rounding_of(square, c, c) * cubic;
  const T u = c * sum;
  rest = c * rest - rounding_of(u, c, sum);
  const Gated<T> y = gated(x, u, decay_parts(magnitude(u), choose(has_sign(u), -rest, rest)));
  return {c, fma(square, C(3) * cubic, k), y.gate, y.product};
}

/// log(1 + exp(x)).
template <class T> FORNAX_INLINE T softplus(T x) {
  using C = Constant<T>;
  const T z = decay(magnitude(x)), s = C(1) + z;
  const T lost = z - (s - C(1));  // what the sum had to round off
  return choose(x > C(0), x, C(0)) + (log(s) + lost / s);
}

/// tanh(softplus(x)) = n / (n + 2) with n = e^x (e^x + 2), its slope, and x times it, which is mish(x).
template <class T> struct MishParts { T tanh, slope, mish; };
template <class T> FORNAX_INLINE MishParts<T> mish_parts(T x) {
  using C = Constant<T>;
  const ExpParts<T> parts = exp_parts(at_most(x, C(40)));
  const T e = times_power_of_two(parts.p, parts.shifted), n = fma(e, e, e + e), d = C(1) / (n + C(2)),
          tanh = n / (n + C(2));
  const T of_tail = times_power_of_two(at_least(x, kLeastExponent<C>) * parts.p, parts.shifted);
  // The slope is sigmoid(x) (1 - tanh) (1 + tanh); far below, tanh is e.
  return {tanh, e / (C(1) + e) * (C(2) * d) * (C(2) * (n + C(1)) * d), choose(x < C(-40), zero(x) + of_tail, x * tanh)};
}

}  // namespace fornax::cpu::FORNAX_ISA::math
