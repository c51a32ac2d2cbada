// Elementary functions as formulas without branches, which the compiler turns into instructions on whole vectors. For
// the sources of this folder: FORNAX_ISA is the namespace of the instruction set that they are compiled for. Templates are
// formulas for fused/compiled/formulas.cpp too, where T is an operation on vectors of f32.
//
// f32: exp, log, tanh, sigmoid and erf have formulas of their own; all others are computed in f64 and rounded once.
// f64: exp, log and sigmoid; the rest is the C library's.
// Polynomials are near-minimax (Chebyshev) fits, computed with 200 bits. The error bounds, in units in the last place,
// stand in tests/cpu/vector_math_test.cpp, which checks them over the whole range, with denormals and infinities.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#define FORNAX_INLINE [[gnu::always_inline]] inline

namespace fornax::cpu::FORNAX_ISA::math {

// Fused where the instruction set has it; elsewhere the C library's would cost a hundred times as much.
template <class T> FORNAX_INLINE T fma(T a, T b, T c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  if constexpr (sizeof(T) == 4)
    return __builtin_fmaf(a, b, c);
  else
    return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// c - a b.
template <class T> FORNAX_INLINE T negative_fma(T a, T b, T c) { return fma(-a, b, c); }

/// What a product of f32 was rounded by: product - a b, exactly.
FORNAX_INLINE float rounding_of(float product, float a, float b) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return negative_fma(a, b, product);
#else
  return static_cast<float>(static_cast<double>(product) - static_cast<double>(a) * static_cast<double>(b));
#endif
}

FORNAX_INLINE double rounding_of(double product, double a, double b) { return __builtin_fma(-a, b, product); }

/// What the constants of a formula for T are.
template <class T> using Constant = std::conditional_t<std::is_floating_point_v<T>, T, float>;
/// f32, one or many.
template <class T>
concept Single = !std::is_same_v<T, double>;

/// Coefficients from the highest power down.
template <class T, class C, class... Rest> FORNAX_INLINE T polynomial(T x, C first, C second, Rest... rest) {
  T y = fma(x, first, second);
  ((y = fma(y, x, rest)), ...);
  return y;
}

FORNAX_INLINE std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }
FORNAX_INLINE std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }
FORNAX_INLINE float value(std::uint32_t b) { return std::bit_cast<float>(b); }
FORNAX_INLINE double value(std::uint64_t b) { return std::bit_cast<double>(b); }

template <class T> FORNAX_INLINE T magnitude(T x) { return std::abs(x); }
/// Of an x that is not negative.
template <class T> FORNAX_INLINE T with_sign_of(T x, T sign) { return std::copysign(x, sign); }
/// Whether x has the sign of -0.
FORNAX_INLINE bool has_sign(float x) { return static_cast<std::int32_t>(bits(x)) < 0; }
FORNAX_INLINE bool has_sign(double x) { return static_cast<std::int64_t>(bits(x)) < 0; }
template <class T> FORNAX_INLINE T choose(bool where, T a, T b) { return where ? a : b; }
/// NaN stays.
template <class T> FORNAX_INLINE T at_least(T x, T low) { return x < low ? low : x; }
template <class T> FORNAX_INLINE T at_most(T x, T high) { return x > high ? high : x; }

template <class T> inline constexpr T kInf = std::numeric_limits<T>::infinity();
template <class T> inline constexpr T kNan = std::numeric_limits<T>::quiet_NaN();

// --- exp ----------------------------------------------------------------------------------------------------------------

// Adding it leaves the nearest integer in the low bits.
inline constexpr float kRound = 12582912.0F;  // 1.5 * 2^23

/// p 2^(shifted - kRound), in two steps, so that results below the smallest normal number are right too.
FORNAX_INLINE float times_power_of_two(float p, float shifted) {
  const std::uint32_t whole = bits(shifted) - bits(kRound);
  const auto half = static_cast<std::uint32_t>(static_cast<std::int32_t>(whole) >> 1);
  return p * value((half + 127U) << 23) * value((whole - half + 127U) << 23);
}

/// 2^(shifted - kRound), a normal number.
FORNAX_INLINE float power_of_two(float shifted) { return value((bits(shifted) << 23) + bits(1.0F)); }

/// k exp(s r) = k + k s r + k s^2 r^2 / 2 + ... for |s r| <= log(2) / 2 and a power of two s, or its negative.
template <class T> FORNAX_INLINE T exp_of_rest(T r, float k = 1, float s = 1) {
  const float s2 = s * s, s3 = s2 * s;
  return polynomial(r, s3 * s3 * (k * 0.00139263919F), s3 * s2 * (k * 0.008363345811F), s2 * s2 * (k * 0.04166655336F),
                    s3 * (k * 0.1666657599F), s2 * (k * 0.5F), s * k, k);
}

/// exp(x) = p 2^n, apart, so that a factor can come between the two: where exp(x) is below the smallest normal number, its rounding
/// would be multiplied too.
template <class T> struct ExpParts {
  T p, shifted;  // n + kRound
};
/// Below, exp(x) is 0 and so is x exp(x).
template <class T> inline constexpr T kLeastExponent = sizeof(T) == 4 ? -110 : -760;

/// Of x, or of the sum of x and a rest: x = n log 2 + r; NaN stays.
template <Single T, class... Rest> FORNAX_INLINE ExpParts<T> exp_parts(T x, Rest... rest) {
  const T c = at_most(at_least(x, kLeastExponent<float>), 89.0F);
  const T shifted = fma(c, 1.44269504F, kRound), n = shifted - kRound;
  const T r = fma(n, 2.12194440e-4F, fma(n, -0.693359375F, c));
  return {exp_of_rest((r + ... + rest)), shifted};
}

template <Single T> FORNAX_INLINE T exp(T x) {
  const ExpParts<T> e = exp_parts(x);
  return times_power_of_two(e.p, e.shifted);
}

/// Of exp(-(a + rest)) for an a that is not negative.
template <Single T, class... Rest> FORNAX_INLINE ExpParts<T> decay_parts(T a, Rest... rest) {
  const T c = at_most(a, -kLeastExponent<float>);
  const T shifted = fma(c, -1.44269504F, kRound), n = shifted - kRound;
  const T r = fma(n, -2.12194440e-4F, fma(n, 0.693359375F, c));
  return {exp_of_rest((r + ... + rest), 1, -1), shifted};
}

inline constexpr double kRoundFull = 6755399441055744.0;  // 1.5 * 2^52

FORNAX_INLINE ExpParts<double> exp_parts(double x, double rest = 0) {
  double c = x < kLeastExponent<double> ? kLeastExponent<double> : x;
  c = c > 710.0 ? 710.0 : c;
  const double shifted = fma(c, 1.442695040888963407, kRoundFull), n = shifted - kRoundFull;
  double r = fma(n, -0.6931471803691238, c);
  r = fma(n, -1.9082149292705878161e-10, r) + rest;
  const double q =
      polynomial(r, 2.091489872717552423e-9, 2.510551354184708488e-8, 2.755727313289604092e-7, 2.755725468572880253e-6,
                 2.480158732595110937e-5, 1.984126987538547953e-4, 1.388888888888363261e-3, 8.333333333325973108e-3,
                 4.166666666666666984e-2, 1.666666666666667111e-1, 0.5);
  return {fma(r * r, q, r) + 1.0, shifted};
}

FORNAX_INLINE ExpParts<double> decay_parts(double a, double rest = 0) { return exp_parts(-a, -rest); }

FORNAX_INLINE double times_power_of_two(double p, double shifted) {
  const std::uint64_t whole = bits(shifted) - bits(kRoundFull);
  // Half of n, rounded up: from n + 2048, which is positive, since not every instruction set shifts signs in 64 bits.
  const std::uint64_t half = ((whole + 2048U) >> 1) - 1024U;
  return p * value((half + 1023U) << 52) * value((whole - half + 1023U) << 52);
}

FORNAX_INLINE double exp(double x) {
  const ExpParts<double> e = exp_parts(x);
  return times_power_of_two(e.p, e.shifted);
}

/// exp(-a) for an a that is not negative.
template <class T> FORNAX_INLINE T decay(T a) {
  const ExpParts<T> e = decay_parts(a);
  return times_power_of_two(e.p, e.shifted);
}

// --- log ----------------------------------------------------------------------------------------------------------------

// x = 2^e m with m in [sqrt(1/2), sqrt(2)); log x = e log 2 + log m.
inline constexpr std::uint32_t kRootHalf = 0x3f3504f3U;  // the bits of sqrt(1/2)

/// n log 2 + log(1 + f).
template <class T> FORNAX_INLINE T log_of_parts(T n, T f) {
  const T p = polynomial(f, 0.06971611471F, -0.1147973385F, 0.1168541992F, -0.1242568733F, 0.1424905765F,
                         -0.1666780232F, 0.2000071575F, -0.2499999696F, 0.3333333118F);
  const T square = f * f;
  const T y = fma(square * f, p, n * -2.12194440e-4F);
  return fma(n, 0.693359375F, fma(square, -0.5F, y) + f);
}

FORNAX_INLINE float log(float x) {
  const bool tiny = x < std::numeric_limits<float>::min();
  const std::uint32_t u = bits(tiny ? x * 8388608.0F : x) - kRootHalf;
  const std::int32_t e = (static_cast<std::int32_t>(u) >> 23) - (tiny ? 23 : 0);
  float y = log_of_parts(static_cast<float>(e), value((u & 0x007fffffU) + kRootHalf) - 1.0F);
  y = x == kInf<float> ? x : y;
  y = x == 0.0F ? -kInf<float> : y;
  return x >= 0.0F ? y : kNan<float>;
}

FORNAX_INLINE double log(double x) {
  constexpr std::uint64_t kLeast = 0x3fe6a09e667f3bcdU;  // the bits of sqrt(1/2)
  const bool tiny = x < std::numeric_limits<double>::min();
  const std::uint64_t u = bits(tiny ? x * 4503599627370496.0 : x) - kLeast;
  // The exponent as a double: the low bits of 2^52, moved so that they are positive.
  const std::uint64_t biased = ((u + (std::uint64_t{2048} << 52)) >> 52) & 0xfffU;
  const double n = value(biased | 0x4330000000000000U) - 4503599627370496.0 - (tiny ? 2048.0 + 52.0 : 2048.0);
  const double f = value((u & 0x000fffffffffffffU) + kLeast) - 1.0;
  const double s = f / (2.0 + f), z = s * s;
  const double tail =
      z * polynomial(z, 0.1461644968504340586, 0.1533172160055604127, 0.1818288912526172208, 0.2222221113479507986,
                     0.2857142862597548492, 0.3999999999989950449, 0.6666666666666669686);
  const double half_square = 0.5 * f * f;
  double y = n * 0.6931471803691238 - ((half_square - (s * (half_square + tail) + n * 1.9082149292705878161e-10)) - f);
  y = x == kInf<double> ? x : y;
  y = x == 0.0 ? -kInf<double> : y;
  return x >= 0.0 ? y : kNan<double>;
}

// --- Functions made of exp, in the type itself --------------------------------------------------------------------------

/// sigmoid(x) for z = exp(-|x|).
template <class T> FORNAX_INLINE T sigmoid_of(T x, T z) {
  using C = Constant<T>;
  const T s = C(1) + z;
  const T lost = z - (s - C(1)), y = choose(has_sign(x), z, C(1)) / s;  // what the sum had to round off
  return negative_fma(y, lost, y);
}
template <class T> FORNAX_INLINE T sigmoid(T x) { return sigmoid_of(x, decay(magnitude(x))); }

// |x| = u - n log(2) / 2 with a whole n <= 0 and u within log(2) / 4 of its half above: for t = tanh(u) and w = 2^n the result is
// ((1 - w) + t (1 + w)) / ((1 + w) + t (1 - w)), which is t itself where n is 0, and 1 less 2 w (1 - t) over the same.
template <Single T> FORNAX_INLINE T tanh(T x) {
  const T c = at_most(magnitude(x), 10.0F);
  const T shifted = fma(c - 0.173F, -2.88539008F, kRound), n = shifted - kRound;
  const T u = fma(n, -1.06097220e-4F, fma(n, 0.3466796875F, c)), v = u * u;
  const T t = fma(u * v, polynomial(v, -0.04922733083F, 0.1330093592F, -0.3333269656F), u);
  const T w = power_of_two(shifted), less = 1.0F - w, more = 1.0F + w, twice = w + w;
  const auto far = c > 0.65F;
  const T q = choose(far, negative_fma(t, twice, twice), fma(t, more, less)) / fma(t, less, more);
  return with_sign_of(choose(far, 1.0F - q, q), x);
}

template <Single T> FORNAX_INLINE T erf(T x) {
  const T a = magnitude(x), z = x * x;
  const T small = fma(x,
                      polynomial(z, -1.02431695e-5F, 0.0001144073086F, -0.0008504828421F, 0.005222247288F,
                                 -0.02686579405F, 0.1128378763F, -0.3761263874F, 0.1283791671F),
                      x);
  const T c = at_most(a, 3.95F);
  const T q = c * polynomial(c, -1.006312615e-6F, 3.37237876e-5F, -0.0004942116613F, 0.004286616294F, -0.02510263829F,
                             0.1078099794F, 0.6341782323F, 1.128894702F);
  return choose(a < 0.92F, small, with_sign_of(1.0F - decay(q), x));
}

// --- Functions of f32 that are computed in f64 --------------------------------------------------------------------------

// Up to here the argument of sin, cos and tan is reduced without loss: k pi/2 has 53 bits.
inline constexpr float kMostTurned = 1e6F;

struct Turned {
  double sin, cos;
  std::uint64_t quarter;
};

FORNAX_INLINE Turned turned(double x) {
  constexpr double kShift = 6755399441055744.0;
  const double shifted = fma(x, 0.6366197723675813431, kShift), k = shifted - kShift;
  double r = fma(k, -1.5707963267341256, x);
  r = fma(k, -6.0771005065061926e-11, r);
  const double z = r * r;
  const double s = polynomial(z, -2.480501120748655666e-8, 2.755598417308808322e-6, -1.984126689462722221e-4,
                              8.333333331056202587e-3, -0.1666666666666385038);
  const double c = polynomial(z, 2.070015349613916148e-9, -2.755636486380699708e-7, 2.480158519500136719e-5,
                              -1.388888888726088093e-3, 4.166666666666465318e-2);
  // r (1 + z s) keeps the sign of -0.
  return {r * fma(z, s, 1.0), fma(z * z, c, fma(-0.5, z, 1.0)), bits(shifted) & 3U};
}

FORNAX_INLINE float sin(float x) {
  const Turned t = turned(static_cast<double>(x));
  const double y = (t.quarter & 1U) ? t.cos : t.sin;
  return static_cast<float>((t.quarter & 2U) ? -y : y);
}

FORNAX_INLINE float cos(float x) {
  const Turned t = turned(static_cast<double>(x));
  const double y = (t.quarter & 1U) ? t.sin : t.cos;
  return static_cast<float>(((t.quarter + 1U) & 2U) ? -y : y);
}

FORNAX_INLINE float tan(float x) {
  const Turned t = turned(static_cast<double>(x));
  const bool odd = (t.quarter & 1U) != 0;
  return static_cast<float>((odd ? -t.cos : t.sin) / (odd ? t.sin : t.cos));
}

// exp(x) - 1; below 2^-16 the difference would lose more than the series leaves out.
FORNAX_INLINE double less_one(double x) {
  const double series = fma(x * x, fma(x, 1.0 / 6, 0.5), x);
  return magnitude(x) < 0x1p-16 ? series : exp(x) - 1.0;
}
// log(1 + x).
FORNAX_INLINE double log_of_more(double x) {
  const double series = fma(x * x, fma(x, 1.0 / 3, -0.5), x);
  return magnitude(x) < 0x1p-16 ? series : log(1.0 + x);
}

FORNAX_INLINE float expm1(float x) { return with_sign_of(static_cast<float>(less_one(static_cast<double>(x))), x); }
FORNAX_INLINE float exp2(float x) { return static_cast<float>(exp(static_cast<double>(x) * 0.6931471805599453)); }
FORNAX_INLINE float log1p(float x) { return with_sign_of(static_cast<float>(log_of_more(static_cast<double>(x))), x); }
FORNAX_INLINE float log2(float x) { return static_cast<float>(log(static_cast<double>(x)) * 1.4426950408889634); }
FORNAX_INLINE float log10(float x) { return static_cast<float>(log(static_cast<double>(x)) * 0.4342944819032518); }

FORNAX_INLINE float sinh(float x) {
  const double d = static_cast<double>(x), z = d * d;
  const double series = fma(z * d, fma(z, 1.0 / 120, 1.0 / 6), d);
  return static_cast<float>(magnitude(d) < 0.01 ? series : 0.5 * (exp(d) - exp(-d)));
}
FORNAX_INLINE float cosh(float x) {
  const double d = static_cast<double>(x);
  return static_cast<float>(0.5 * (exp(d) + exp(-d)));
}
FORNAX_INLINE float asinh(float x) {
  const double d = magnitude(static_cast<double>(x)), z = d * d;
  const double series = fma(z * d, fma(z, 3.0 / 40, -1.0 / 6), d);
  return with_sign_of(static_cast<float>(d < 0.01 ? series : log(d + std::sqrt(z + 1.0))), x);
}
FORNAX_INLINE float acosh(float x) {
  const double d = static_cast<double>(x);
  return static_cast<float>(d < 1.0 ? kNan<double> : log(d + std::sqrt((d - 1.0) * (d + 1.0))));
}
FORNAX_INLINE float atanh(float x) {
  const double d = static_cast<double>(x), z = d * d;
  const double series = fma(z * d, fma(z, 1.0 / 5, 1.0 / 3), d);
  return static_cast<float>(magnitude(d) < 0.01 ? series : 0.5 * log((1.0 + d) / (1.0 - d)));
}

// atan of x >= 0: through tan(pi/8) and its complement onto [-tan(pi/8), tan(pi/8)].
FORNAX_INLINE double atan_of_positive(double x) {
  constexpr double kEighth = 0.41421356237309503, kInverse = 2.414213562373095;
  const bool high = x > kInverse, middle = x > kEighth;
  const double top = high ? -1.0 : middle ? x - 1.0 : x, bottom = high ? x : middle ? x + 1.0 : 1.0;
  const double t = top / bottom, z = t * t;
  const double y = fma(z * t,
                       polynomial(z, -0.02715107614588183892, 0.05163545970928222758, -0.06549523872965764373,
                                  0.07680857655363816625, -0.09090241943387815747, 0.1111108908450112863,
                                  -0.1428571391928232606, 0.1999999999764255404, -0.3333333333333082693),
                       t);
  return y + (high ? 1.5707963267948966 : middle ? 0.7853981633974483 : 0.0);
}

FORNAX_INLINE float atan(float x) {
  return with_sign_of(static_cast<float>(atan_of_positive(magnitude(static_cast<double>(x)))), x);
}
FORNAX_INLINE float asin(float x) {
  const double d = magnitude(static_cast<double>(x));
  return with_sign_of(static_cast<float>(atan_of_positive(d / std::sqrt((1.0 - d) * (1.0 + d)))), x);
}
FORNAX_INLINE float acos(float x) {
  const double d = static_cast<double>(x);
  return static_cast<float>(2.0 * atan_of_positive(std::sqrt((1.0 - d) / (1.0 + d))));
}

FORNAX_INLINE float erfc(float x) {
  const double d = static_cast<double>(x), a = magnitude(d), z = d * d;
  const double small =
      1.0 - fma(d,
                polynomial(z, 0.0001104603412543194409, -0.0008520658207211100187, 0.00522359844772548636,
                           -0.02686614388151400991, 0.1128379158083929489, -0.3761263890204456484, 0.12837916709548904),
                d);
  const double c = a > 10.3 ? 10.3 : a, t = (c - 4.0) / (c + 4.0);
  const double scaled =
      polynomial(t, 0.0001961188745748065029, 0.005598667763844075524, -0.01650341426882001085, 0.03687267635303494836,
                 -0.06631012504340249283, 0.09378201356733971745, -0.1010377039163821731, 0.06809393267201993427,
                 0.01537954236681363203, -0.1396210612069982385, 1.232995119274918346) /
      (1.0 + 2.0 * c);
  const double tail = scaled * exp(-c * c);
  return static_cast<float>(a < 0.45 ? small : d < 0.0 ? 2.0 - tail : tail);
}

FORNAX_INLINE float hypot(float a, float b) {
  const double x = static_cast<double>(a), y = static_cast<double>(b);
  const auto r = static_cast<float>(std::sqrt(x * x + y * y));
  return magnitude(a) == kInf<float> || magnitude(b) == kInf<float> ? kInf<float> : r;
}

// exp(b log|a|) with the sign of an odd whole power, by the rules of C's pow.
FORNAX_INLINE float pow(float a, float b) {
  const double size = exp(static_cast<double>(b) * log(magnitude(static_cast<double>(a))));
  const float half = 0.5F * b;
  const bool whole = std::floor(b) == b, odd = whole && std::floor(half) != half;
  auto y = static_cast<float>(size);
  y = magnitude(a) == 1.0F && b == b ? 1.0F : y;  // 1 to an infinite power
  const bool negative = std::signbit(a);
  y = odd && negative ? -y : y;
  y = a < 0.0F && !whole && a != -kInf<float> ? kNan<float> : y;
  return b == 0.0F || a == 1.0F ? 1.0F : y;
}

}  // namespace fornax::cpu::FORNAX_ISA::math
