#include <fornax/cpu/fused/compiled/formulas.hpp>

#include <limits>

#include <fornax/ops/binary.hpp>
#include <fornax/ops/unary.hpp>
#include <fornax/ops/with_scalar.hpp>

namespace fornax::cpu {

namespace {

using fused::Code;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr std::uint32_t kSign = 0x80000000U, kMagnitude = 0x7fffffffU;

Vector fma(Vector a, Vector b, float c) { return fma(a, b, a.number(c)); }
Vector fma(Vector a, float b, Vector c) { return fma(a, a.number(b), c); }
Vector fma(Vector a, float b, float c) { return fma(a, a.number(b), a.number(c)); }
Vector square_root(Vector x) { return x.of(VectorFn::Sqrt); }
Vector magnitude(Vector x) { return x & kMagnitude; }
Vector negative(Vector x) { return x ^ kSign; }
Vector with_sign_of(Vector x, Vector sign) { return (x & kMagnitude) | (sign & kSign); }
/// x < low ? low : x, and x > high ? high : x; a NaN stays.
Vector at_least(Vector x, Vector low) { return low.with(VectorFn::Max, x); }
Vector at_most(Vector x, Vector high) { return high.with(VectorFn::Min, x); }
Vector at_least(Vector x, float low) { return at_least(x, x.number(low)); }
Vector at_most(Vector x, float high) { return at_most(x, x.number(high)); }
Vector is_nan(Vector x) { return x != x; }
Vector either(Vector a, Vector b) { return a.with(VectorFn::MaskOr, b); }
Vector rounded(Vector x, std::uint32_t how) { return x.of(VectorFn::Round, how); }

template <class... C> Vector polynomial(Vector x, float first, C... rest) {
  Vector y = x.number(first);
  ((y = fma(y, x, rest)), ...);
  return y;
}

// exp(high + low), high within the range of what has a result; `low` may be missing.
Vector exp_within(Vector high, const Vector* low) {
  constexpr float kRound = 12582912.0F;
  const Vector n = fma(high, 1.44269504F, kRound) - kRound;
  Vector r = fma(n, -0.693359375F, high);
  r = fma(n, 2.12194440e-4F, r);
  if (low) r = r + *low;
  const Vector q = polynomial(r, 0.00139263919F, 0.008363345811F, 0.04166655336F, 0.1666657599F, 0.5F);
  const Vector p = fma(r * r, q, r) + 1.0F;
  return p.with(VectorFn::Scale, n);  // rounds once, as the kernels' two factors of a power of two do
}
Vector exp(Vector x) { return exp_within(at_most(at_least(x, -104.0F), 89.0F), nullptr); }

Vector log(Vector x) {
  constexpr std::uint32_t kRootHalf = 0x3f3504f3U;
  const auto plus = [](Vector a, Vector b) { return a.with(VectorFn::AddInt, b); };
  const auto minus = [](Vector a, Vector b) { return a.with(VectorFn::SubInt, b); };
  const Vector tiny = x < std::numeric_limits<float>::min();
  const Vector u = minus(choose(tiny, x * 8388608.0F, x), x.bits(kRootHalf));
  const Vector e = minus(u.of(VectorFn::ShiftRight, 23), choose(tiny, x.bits(23), x.bits(0)));
  const Vector f = plus(u & 0x007fffffU, x.bits(kRootHalf)) - 1.0F, n = e.of(VectorFn::FromInt);
  const Vector p = polynomial(f, 0.06971611471F, -0.1147973385F, 0.1168541992F, -0.1242568733F, 0.1424905765F,
                              -0.1666780232F, 0.2000071575F, -0.2499999696F, 0.3333333118F);
  const Vector square = f * f;
  Vector y = fma(square * f, p, n * -2.12194440e-4F);
  y = fma(square, -0.5F, y) + f;
  y = fma(n, 0.693359375F, y);
  y = choose(x == x.number(kInf), x, y);
  y = choose(x == x.number(0), x.number(-kInf), y);
  return choose(x >= 0.0F, y, x.number(std::numeric_limits<float>::quiet_NaN()));
}

Vector sigmoid(Vector x) {
  const Vector z = exp(negative(magnitude(x))), s = 1.0F + z;
  const Vector lost = z - (s - 1.0F), y = choose(x < 0.0F, z, x.number(1)) / s;
  return negative_fma(y, lost, y);
}

Vector tanh(Vector x) {
  const Vector a = magnitude(x), z = x * x;
  const Vector small =
      fma(z * x, polynomial(z, -0.006542541985F, 0.02127274826F, -0.05390334769F, 0.1333308225F, -0.3333333176F), x);
  const Vector e = exp(2.0F * at_most(a, 10.0F));
  const Vector large = 1.0F - 2.0F / (e + 1.0F);
  return with_sign_of(choose(a < 0.55F, small, large), x);
}

Vector erf(Vector x) {
  const Vector a = magnitude(x), z = x * x;
  const Vector small = fma(x,
                           polynomial(z, -1.02431695e-5F, 0.0001144073086F, -0.0008504828421F, 0.005222247288F,
                                      -0.02686579405F, 0.1128378763F, -0.3761263874F, 0.1283791671F),
                           x);
  const Vector c = at_most(a, 3.95F);
  const Vector q = c * polynomial(c, 1.006312615e-6F, -3.37237876e-5F, 0.0004942116613F, -0.004286616294F,
                                  0.02510263829F, -0.1078099794F, -0.6341782323F, -1.128894702F);
  return choose(a < 0.92F, small, with_sign_of(1.0F - exp(q), x));
}

struct Normal {
  Vector below, density;
};
Normal normal(Vector x) {
  const Vector a = magnitude(x), c = at_most(a, 14.5F);
  const Vector high = c & 0xfffff000U, low = c - high;
  const Vector rest = -0.5F * (low * (c + high));
  const Vector e = exp_within(-0.5F * (high * high), &rest);
  const Vector r = 1.0F / (c + 4.125F), t = (c - 4.125F) * r;
  const Vector above =
      e * r *
      polynomial(t, -0.0001904382663F, -6.398312521e-5F, 0.001964130374F, -0.002413666561F, -0.01308200382F,
                 0.07264281056F, -0.2036717279F, 0.4030557892F, -0.6167978954F, 0.7575011225F);
  return {choose(x > 0.0F, 1.0F - above, above), 0.39894228F * e};
}

struct Turn {
  Vector at, value, slope;
};
Turn gelu_tanh_turn(Vector x) {
  constexpr float k = 1.59576912160573071176F, cubic = 0.07135481627260024F;
  const Vector c = at_most(at_least(x, -22), 22), square = c * c;
  return {c, c * fma(square, cubic, k), fma(square, 3.0F * cubic, k)};
}

Vector softplus(Vector x) {
  const Vector z = exp(negative(magnitude(x))), s = 1.0F + z;
  const Vector lost = z - (s - 1.0F);
  return choose(x > 0.0F, x, x.number(0)) + (log(s) + lost / s);
}

struct MishParts {
  Vector tanh, slope;
};
MishParts mish_parts(Vector x) {
  const Vector e = exp(at_most(x, 40)), n = e * (e + 2.0F), d = 1.0F / (n + 2.0F);
  return {n * d, e / (1.0F + e) * (2.0F * d) * (2.0F * (n + 1.0F) * d)};
}

std::optional<Vector> unary(UnaryFn fn, Vector x) {
  switch (fn) {
    case UnaryFn::Neg: return negative(x);
    case UnaryFn::Abs: return magnitude(x);
    case UnaryFn::Sign: {
      const Vector up = choose(x > 0.0F, x.number(1), x.number(0));
      return choose(is_nan(x), x, choose(x < 0.0F, x.number(-1), up));
    }
    case UnaryFn::Square: return x * x;
    case UnaryFn::Exp: return exp(x);
    case UnaryFn::Log: return log(x);
    case UnaryFn::Sqrt: return square_root(x);
    case UnaryFn::Rsqrt: return 1.0F / square_root(x);
    case UnaryFn::Reciprocal: return 1.0F / x;
    case UnaryFn::Sigmoid: return sigmoid(x);
    case UnaryFn::Relu: return choose(x <= 0.0F, x.number(0), x);
    case UnaryFn::Silu: return x * sigmoid(x);
    case UnaryFn::Softplus: return softplus(x);
    case UnaryFn::Mish: return x * mish_parts(x).tanh;
    case UnaryFn::GeluTanh: return x * sigmoid(gelu_tanh_turn(x).value);
    case UnaryFn::Gelu: return x * normal(x).below;
    case UnaryFn::Tanh: return tanh(x);
    case UnaryFn::Erf: return erf(x);
    case UnaryFn::Floor: return rounded(x, 1);
    case UnaryFn::Ceil: return rounded(x, 2);
    case UnaryFn::Round: return rounded(x, 0);
    case UnaryFn::Trunc: return rounded(x, 3);
    case UnaryFn::IsNan: return is_nan(x);
    case UnaryFn::IsInf: return magnitude(x) == x.number(kInf);
    case UnaryFn::IsFinite: return magnitude(x) < kInf;
    default: return {};
  }
}

// f'(v), where v is x or, for tanh and sigmoid, f(x).
std::optional<Vector> slope(UnaryFn fn, Vector v) {
  switch (fn) {
    case UnaryFn::Tanh: return 1.0F - v * v;
    case UnaryFn::Sigmoid: return v * (1.0F - v);
    case UnaryFn::Gelu: {
      const Normal n = normal(v);
      return fma(v, n.density, n.below);
    }
    case UnaryFn::GeluTanh: {
      const Turn u = gelu_tanh_turn(v);
      const Vector s = sigmoid(u.value);
      return fma(u.at * (s * (1.0F - s)), u.slope, s);
    }
    case UnaryFn::Silu: {
      const Vector s = sigmoid(v);
      return fma(v, s * (1.0F - s), s);
    }
    case UnaryFn::Softplus: return sigmoid(v);
    case UnaryFn::Mish: {
      const MishParts m = mish_parts(v);
      return fma(v, m.slope, m.tanh);
    }
    default: return {};
  }
}

std::optional<Vector> binary(BinaryFn fn, Vector a, Vector b) {
  switch (fn) {
    case BinaryFn::Add: return a + b;
    case BinaryFn::Sub: return a - b;
    case BinaryFn::Mul: return a * b;
    case BinaryFn::Div: return a / b;
    case BinaryFn::Maximum: return choose(either(a > b, is_nan(a)), a, b);
    case BinaryFn::Minimum: return choose(either(a < b, is_nan(a)), a, b);
    case BinaryFn::Gate: return choose(b > 0.0F, a, a.number(0));
    case BinaryFn::Equal: return a == b;
    case BinaryFn::NotEqual: return a != b;
    case BinaryFn::Less: return a < b;
    case BinaryFn::LessEqual: return a <= b;
    case BinaryFn::Greater: return a > b;
    case BinaryFn::GreaterEqual: return a >= b;
    default: return {};
  }
}

std::optional<Vector> of_masks(BinaryFn fn, Vector a, Vector b) {
  switch (fn) {
    case BinaryFn::And: return a.with(VectorFn::MaskAnd, b);
    case BinaryFn::Or: return either(a, b);
    case BinaryFn::Xor: return a.with(VectorFn::MaskXor, b);
    default: return {};
  }
}

std::optional<Vector> with_number(ScalarFn fn, Vector x, Vector s) {
  switch (fn) {
    case ScalarFn::Add: return x + s;
    case ScalarFn::Rsub: return s - x;
    case ScalarFn::Mul: return x * s;
    case ScalarFn::Div: return x / s;
    case ScalarFn::Rdiv: return s / x;
    case ScalarFn::Equal: return x == s;
    case ScalarFn::NotEqual: return x != s;
    case ScalarFn::Less: return x < s;
    case ScalarFn::LessEqual: return x <= s;
    case ScalarFn::Greater: return x > s;
    case ScalarFn::GreaterEqual: return x >= s;
    default: return {};
  }
}

std::optional<Vector> result_of(const Step& s, const Vector* x, const Vector* numbers) {
  const bool masks = s.from[0] == DType::Bool;
  switch (s.code) {
    case Code::Unary: return masks ? std::nullopt : unary(static_cast<UnaryFn>(s.fn), x[0]);
    case Code::Slope: {
      const std::optional<Vector> factor = slope(static_cast<UnaryFn>(s.fn), x[1]);
      return factor ? std::optional(x[0] * *factor) : factor;
    }
    case Code::Binary: return (masks ? of_masks : binary)(static_cast<BinaryFn>(s.fn), x[0], x[1]);
    case Code::WithScalar: return masks ? std::nullopt : with_number(static_cast<ScalarFn>(s.fn), x[0], numbers[0]);
    case Code::Where:
      if (s.dtype == DType::Bool) return {};
      return choose(x[0], x[1], x[2]);
    case Code::Clamp: return at_most(at_least(x[0], numbers[0]), numbers[1]);
    case Code::Cast:
      if (s.dtype == s.from[0]) return {};
      return masks ? choose(x[0], x[0].number(1), x[0].number(0)) : x[0] != 0.0F;
    default: return {};
  }
}

}  // namespace

bool has_formula(const Step& step) {
  const auto known = [](DType t) { return t == DType::F32 || t == DType::Bool; };
  bool all = known(step.dtype);
  for (std::size_t k = 0; k < step.count; ++k) all = all && known(step.from[k]);
  if (!all) return false;
  VectorCode code;
  const Vector any{&code, code.add(VectorFn::Load, 0)};
  const Vector x[3] = {any, any, any};
  return result_of(step, x, x).has_value();
}

bool slope_is_of_argument(const Step& step) {
  const auto fn = static_cast<UnaryFn>(step.fn);
  return step.code == Code::Slope && fn != UnaryFn::Tanh && fn != UnaryFn::Sigmoid;
}

Vector slope_factor(const Step& step, Vector x) { return *slope(static_cast<UnaryFn>(step.fn), x); }

Vector formula(const Step& step, const Vector* x, const Vector* numbers) { return *result_of(step, x, numbers); }

}  // namespace fornax::cpu
