#include <fornax/cpu/kernels/special_functions.hpp>

#include <math.h>  // lgamma_r: std::lgamma writes its sign to a variable that all threads share

#include <cmath>
#include <limits>
#include <numbers>

#include <fornax/ops/special.hpp>

namespace fornax::cpu {

namespace {

// Sums and recurrences run in the widest type there is: the last bits lost on the way are not those of the result, and
// factorials and powers stay in range.
using Wide = long double;

constexpr Wide kPi = std::numbers::pi_v<Wide>;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// B_2, B_4, ..., B_24.
constexpr Wide kBernoulli[] = {1.0L / 6,       -1.0L / 30,       1.0L / 42,       -1.0L / 30,
                               5.0L / 66,      -691.0L / 2730,   7.0L / 6,        -3617.0L / 510,
                               43867.0L / 798, -174611.0L / 330, 854513.0L / 138, -236364091.0L / 2730};

// The zero of digamma on the positive axis as a sum of two numbers, and the Taylor coefficients there (mpmath 1.3,
// 40 digits). The asymptotic series has only its absolute accuracy left near the zero.
constexpr Wide kZero = 1.4616321449683622, kZeroRest = 9.549995429965697e-17;
constexpr Wide kAtZero[] = {
    0.9676722454476212,     -0.4427631689835921,     0.258499760955651,     -0.16394270544240652,
    0.10782405069126237,    -0.07219956125645471,    0.04880428816414311,   -0.03316112647484736,
    0.022597648232218104,   -0.01542476590494896,    0.010538791616612175,  -0.007204534386356869,
    0.004926781395729853,   -0.003369801655439328,   0.002305126326734928,  -0.0015769367714301972,
    0.0010788252019162967,  -0.0007380709389960052,  0.000504953265834602,  -0.0003454680251063077,
    0.00023635601564027053, -0.00016170622091974803, 0.0001106337276874741, -7.569179582195066e-05};

Wide digamma_of_positive(Wide x) {
  const Wide d = (x - kZero) - kZeroRest;
  if (std::abs(d) < 0.3L) {
    Wide sum = 0;
    for (std::size_t k = std::size(kAtZero); k-- > 0;) sum = (sum + kAtZero[k]) * d;
    return sum;
  }
  Wide sum = 0;
  for (; x < 12; ++x) sum -= 1 / x;
  const Wide square = 1 / (x * x);
  Wide power = square, tail = std::log(x) - 0.5L / x;
  for (std::size_t j = 0; j < std::size(kBernoulli); ++j, power *= square)
    tail -= kBernoulli[j] * power / static_cast<Wide>(2 * (j + 1));
  return sum + tail;
}

// (-1)^(n+1) n! times the Hurwitz zeta function of n + 1 and x, which is summed until the Euler-Maclaurin formula holds.
Wide polygamma_of_positive(int n, Wide x) {
  const Wide s = n + 1;
  Wide sum = 0;
  for (; x < n + 12; ++x) sum += std::pow(x, -s);
  Wide factor = s * std::pow(x, -s - 1) / 2;  // s (s+1) ... (s+2j-2) x^(1-s-2j) / (2j)!
  sum += std::pow(x, 1 - s) / n + std::pow(x, -s) / 2;
  for (std::size_t j = 0; j < std::size(kBernoulli); ++j) {
    sum += kBernoulli[j] * factor;
    const Wide k = static_cast<Wide>(2 * (j + 1));
    factor *= (s + k - 1) * (s + k) / ((k + 1) * (k + 2) * x * x);
  }
  return (n % 2 == 0 ? -1 : 1) * std::tgamma(s) * sum;
}

// The n-th derivative of π cot(πx): a polynomial in the cotangent, as its derivative is -(1 + cot²).
Wide cotangent_derivative(int n, double x) {
  const Wide c = 1 / std::tan(kPi * static_cast<Wide>(x - std::rint(x)));
  Wide p[kMaxOrder + 2] = {0, 1}, next[kMaxOrder + 2];
  for (int k = 0; k < n; ++k) {
    for (int i = 0; i <= k + 2; ++i)
      next[i] = -((i <= k ? Wide(i + 1) * p[i + 1] : 0) + (i >= 2 ? Wide(i - 1) * p[i - 1] : 0));
    for (int i = 0; i <= k + 2; ++i) p[i] = next[i];
  }
  Wide sum = 0;
  for (int i = n + 1; i >= 0; --i) sum = sum * c + p[i];
  return sum * std::pow(kPi, Wide(n + 1));
}

// ψ⁽ⁿ⁾(x); n = 0 is digamma.
double polygamma(int n, double x) {
  if (std::isnan(x) || x == -kInf) return kNan;
  if (x == kInf) return n == 0 ? kInf : 0;
  if (x <= 0 && x == std::floor(x)) {
    if (n % 2 == 1) return kInf;
    return x == 0 ? std::copysign(kInf, -x) : kNan;
  }
  const auto of_positive = [n](Wide at) { return n == 0 ? digamma_of_positive(at) : polygamma_of_positive(n, at); };
  if (x > 0) return static_cast<double>(of_positive(x));
  const Wide reflected = of_positive(1 - static_cast<Wide>(x));
  return static_cast<double>((n % 2 == 0 ? reflected : -reflected) - cotangent_derivative(n, x));
}

// cos(jπ/2).
Wide quarter_cosine(int j) { return j % 2 == 1 ? 0 : j % 4 == 0 ? 1 : -1; }

}  // namespace

double lgamma_derivative(int n, double x) {
  int sign = 0;
  return n == 0 ? ::lgamma_r(x, &sign) : polygamma(n - 1, x);
}

double sinc_derivative(int n, double x) {
  const Wide t = kPi * static_cast<Wide>(x);
  Wide y = 0;
  if (std::abs(t) < n + 1) {
    Wide term = 1;  // t^j / j!
    for (int j = 0; j < 40 + 3 * n; ++j) {
      y += term * quarter_cosine(j + n) / Wide(j + n + 1);
      term *= t / Wide(j + 1);
    }
  } else {
    const double whole = std::rint(x);
    const Wide angle = kPi * static_cast<Wide>(x - whole), sign = std::fmod(whole, 2) == 0 ? 1 : -1;
    const Wide s = sign * std::sin(angle), c = sign * std::cos(angle);
    const Wide sines[] = {s, c, -s, -c};
    y = s / t + 0;  // not -0 at the zeros
    for (int k = 1; k <= n; ++k) y = (sines[k % 4] - Wide(k) * y) / t;
  }
  return static_cast<double>(y * std::pow(kPi, Wide(n)));
}

double bessel_i(int n, double x, bool scaled) {
  if (std::isnan(x)) return x;
  const Wide size = std::abs(static_cast<Wide>(x)), sign = x < 0 && n % 2 == 1 ? -1 : 1;
  if (std::isinf(x)) return scaled ? 0 : static_cast<double>(sign * size);
  const Wide square = static_cast<Wide>(n) * n;
  if (size > std::max<Wide>(25, std::min<Wide>(square / 2, 11000))) {
    Wide term = 1, sum = 0;
    for (int k = 1; std::abs(term) > 1e-21L * std::abs(sum) && k < 200; ++k) {
      sum += term;
      const Wide odd = 2 * k - 1;
      const Wide next = -term * (4 * square - odd * odd) / (8 * Wide(k) * size);
      if (std::abs(next) > std::abs(term) && odd * odd > 4 * square) break;  // the series begins to diverge
      term = next;
    }
    const Wide y = sum / std::sqrt(2 * kPi * size);
    return static_cast<double>(sign * (scaled ? y : y * std::exp(size)));
  }
  Wide term = 1;
  for (int k = 1; k <= n; ++k) term *= size / (2 * Wide(k));
  Wide sum = term;
  for (int k = 1; term > 1e-21L * sum; ++k) {
    term *= size * size / (4 * Wide(k) * Wide(k + n));
    sum += term;
  }
  return static_cast<double>(sign * (scaled ? sum * std::exp(-size) : sum));
}

// Winitzki's approximation (2008), good to 2e-3, and three steps of Halley's method, each of which triples the digits.
double erf_inverse(double x) {
  const double size = std::abs(x);
  if (!(size < 1)) return size == 1 ? std::copysign(kInf, x) : kNan;
  if (size < 1e-8) return x * (1 / std::numbers::inv_sqrtpi / 2);
  constexpr double a = 0.147;
  const double rest = 1 - size;  // exact from 1/2 on
  const double log = std::log(rest * (1 + size));
  const double centre = 2 / (std::numbers::pi * a) + log / 2;
  double y = std::sqrt(std::sqrt(centre * centre - log / a) - centre);
  for (int step = 0; step < 3; ++step) {
    const double miss = size > 0.5 ? rest - std::erfc(y) : std::erf(y) - size;
    const double u = miss / (2 * std::numbers::inv_sqrtpi * std::exp(-y * y));
    y -= u / (1 + y * u);
  }
  return std::copysign(y, x);
}

}  // namespace fornax::cpu
