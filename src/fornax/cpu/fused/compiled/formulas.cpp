#include <fornax/cpu/fused/compiled/formulas.hpp>

#include <limits>

#define FORNAX_ISA compiled  // the formulas of isa/ once more, on vectors
#include <fornax/cpu/isa/activations.hpp>
#include <fornax/ops/binary.hpp>
#include <fornax/ops/unary.hpp>
#include <fornax/ops/with_scalar.hpp>

namespace fornax::cpu {

// What the formulas take for granted, which they find by their argument.
inline Vector log(Vector x) {
  const auto plus = [](Vector a, Vector b) { return a.with(VectorFn::AddInt, b); };
  const auto minus = [](Vector a, Vector b) { return a.with(VectorFn::SubInt, b); };
  const Vector tiny = x < std::numeric_limits<float>::min(), root_half = x.bits(compiled::math::kRootHalf);
  const Vector u = minus(choose(tiny, x * 8388608.0F, x), root_half);
  const Vector e = minus(u.of(VectorFn::ShiftRight, 23), choose(tiny, x.bits(23), x.bits(0)));
  const Vector f = plus(u & 0x007fffffU, root_half) - 1.0F;
  Vector y = compiled::math::log_of_parts(e.of(VectorFn::FromInt), f);
  y = choose(x == x.number(compiled::math::kInf<float>), x, y);
  y = choose(x == x.number(0), x.number(-compiled::math::kInf<float>), y);
  return choose(x >= 0.0F, y, x.number(compiled::math::kNan<float>));
}

// Rounds once, as the kernels' two factors of a power of two do.
inline Vector times_power_of_two(Vector p, Vector shifted) {
  return p.with(VectorFn::Scale, shifted - compiled::math::kRound);
}

inline Vector power_of_two(Vector shifted) {
  return shifted.of(VectorFn::ShiftLeft, 23).with(VectorFn::AddInt, shifted.number(1));
}

namespace {

namespace math = compiled::math;
using fused::Code;

constexpr float kInf = math::kInf<float>;

Vector square_root(Vector x) { return x.of(VectorFn::Sqrt); }
Vector is_nan(Vector x) { return x != x; }
Vector either(Vector a, Vector b) { return a.with(VectorFn::MaskOr, b); }
Vector rounded(Vector x, std::uint32_t how) { return x.of(VectorFn::Round, how); }

std::optional<Vector> unary(UnaryFn fn, Vector x) {
  switch (fn) {
    case UnaryFn::Neg: return -x;
    case UnaryFn::Abs: return magnitude(x);
    case UnaryFn::Sign: {
      const Vector up = choose(x > 0.0F, x.number(1), x.number(0));
      return choose(is_nan(x), x, choose(x < 0.0F, x.number(-1), up));
    }
    case UnaryFn::Square: return x * x;
    case UnaryFn::Exp: return math::exp(x);
    case UnaryFn::Log: return log(x);
    case UnaryFn::Sqrt: return square_root(x);
    case UnaryFn::Rsqrt: return 1.0F / square_root(x);
    case UnaryFn::Reciprocal: return 1.0F / x;
    case UnaryFn::Sigmoid: return math::sigmoid(x);
    case UnaryFn::Relu: return choose(x <= 0.0F, x.number(0), x);
    case UnaryFn::Silu: return math::silu(x).product;
    case UnaryFn::Softplus: return math::softplus(x);
    case UnaryFn::Mish: return math::mish_parts(x).mish;
    case UnaryFn::GeluTanh: return math::gelu_tanh(x).product;
    case UnaryFn::Gelu: return math::normal(x).gelu;
    case UnaryFn::Tanh: return math::tanh(x);
    case UnaryFn::Erf: return math::erf(x);
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
      const math::Normal<Vector> n = math::normal(v);
      return fma(v, n.density, n.below);
    }
    case UnaryFn::GeluTanh: {
      const math::Turn<Vector> u = math::gelu_tanh(v);
      return fma(u.at * (u.gate * (1.0F - u.gate)), u.slope, u.gate);
    }
    case UnaryFn::Silu: {
      const Vector s = math::silu(v).gate;
      return fma(v, s * (1.0F - s), s);
    }
    case UnaryFn::Softplus: return math::sigmoid(v);
    case UnaryFn::Mish: {
      const math::MishParts<Vector> m = math::mish_parts(v);
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

namespace {

// formula(x, numbers), for a step whose types are those of vectors, gives something.
template <class F> bool gives_formula(const Step& step, const F& formula) {
  const auto known = [](DType t) { return t == DType::F32 || t == DType::Bool; };
  bool all = known(step.dtype);
  for (std::size_t k = 0; k < step.count; ++k) all = all && known(step.from[k]);
  if (!all) return false;
  VectorCode code;
  const Vector any{&code, code.add(VectorFn::Load, 0)};
  const Vector x[kNumbers] = {any, any, any, any};
  return formula(step, x, x).has_value();
}

}  // namespace

bool has_formula(const Step& step) { return gives_formula(step, result_of); }
bool has_row_formula(const Step& step) { return gives_formula(step, row_formula); }

// With multiplications and additions joined where the compiler joins those of isa/norm.cpp.
std::optional<Vector> row_formula(const Step& step, const Vector* x, const Vector* numbers) {
  const Vector mean = numbers[0], scale = numbers[1];
  if (step.code == Code::Norm) {
    const Vector y = (x[0] - mean) * scale;
    return step.count == 1 ? y : step.count == 2 ? y * x[1] : fma(y, x[1], x[2]);
  }
  if (step.code != Code::NormGrad) return {};
  const Vector plain = numbers[2], along = numbers[3];
  const Vector u = step.count > 2 ? fma(x[1], x[2], -plain) : x[1] - plain;
  return negative_fma(x[0] - mean, along, u) * scale;
}

bool slope_is_of_argument(const Step& step) {
  const auto fn = static_cast<UnaryFn>(step.fn);
  return step.code == Code::Slope && fn != UnaryFn::Tanh && fn != UnaryFn::Sigmoid;
}

Vector slope_factor(const Step& step, Vector x) { return *slope(static_cast<UnaryFn>(step.fn), x); }

Vector formula(const Step& step, const Vector* x, const Vector* numbers) { return *result_of(step, x, numbers); }

}  // namespace fornax::cpu
