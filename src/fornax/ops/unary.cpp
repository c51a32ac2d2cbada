#include <fornax/ops/unary.hpp>

#include <numbers>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

using A = const Array&;

enum class Takes : std::uint8_t { Float, Numeric, Int, Bool };
enum class Keeps : std::uint8_t { Nothing, Input, Output };
constexpr Keeps Nothing = Keeps::Nothing, Input = Keeps::Input, Output = Keeps::Output;

// One row is all there is to say of an elementwise function. `chain` is dy/dx times g: with a cotangent g it is the
// vjp, with a tangent g it is the jvp.
struct Row {
  UnaryFn fn;
  std::string_view name;
  Array (*chain)(A g, A x, A y);
  Keeps keeps;
  double low, high;  // where the property tests sample
  const char* notes;
  Takes takes = Takes::Float;
  bool gives_bool = false;
};

constexpr double kTwoOverSqrtPi = 2.0 * std::numbers::inv_sqrtpi, kHalfSqrtPi = 1 / kTwoOverSqrtPi;

// Slopes that are made of y = f(x) are the same at 0 and -0: there `sqrt` adds 0, which turns -0 into 0, and `rsqrt` takes
// the sign from its infinity.
Array magnitude(A y) { return unary(UnaryFn::Abs, y); }

Array no_slope(A g, A, A) { return zeros_like(g); }

// Slopes of the activations, as op::Slope computes them in one pass.

// Phi(x) + x phi(x), with the normal distribution's function and density.
Array gelu_slope(A g, A x, A) {
  constexpr double kDensity = 0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2;
  const Array below = 0.5 * unary(UnaryFn::Erfc, x * (-1 / std::numbers::sqrt2));
  return g * (below + x * (kDensity * exp(-0.5 * (x * x))));
}
// s + x s (1 - s) u' for s = sigmoid(u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3). Beyond 22 s is 0 or 1 in
// f64 too, while x^3 would overflow f16 at 41 and f32 at 7e12.
Array gelu_tanh_slope(A g, A x, A) {
  constexpr double k = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  const Scalar low = -22.0, high = 22.0;
  const Array z = clamp(x, &low, &high), square = z * z;
  const Array s = unary(UnaryFn::Sigmoid, k * (z + 0.044715 * (square * z)));
  return g * (s + z * (s * (1.0 - s)) * (k + (3 * 0.044715 * k) * square));
}
Array silu_slope(A g, A x, A) {
  const Array s = unary(UnaryFn::Sigmoid, x);
  return g * (s + x * (s * (1.0 - s)));
}
Array mish_slope(A g, A x, A) {
  const Array t = tanh(unary(UnaryFn::Softplus, x));
  return g * (t + x * unary(UnaryFn::Sigmoid, x) * (1.0 - t * t));
}

constexpr Row kRows[] = {
    // fn                  name           dy/dx · g                                                     keeps    sampled on    notes
    {UnaryFn::Neg, "neg", [](A g, A, A) { return -g; }, Nothing, -2, 2, "", Takes::Numeric},
    {UnaryFn::Abs, "abs", [](A g, A x, A) { return g * sign(x); }, Input, 0.1, 2, "abs'(0) = 0", Takes::Numeric},
    {UnaryFn::Sign, "sign", no_slope, Nothing, 0.1, 2, "sign(0) = 0; the gradient is 0", Takes::Numeric},
    {UnaryFn::Square, "square", [](A g, A x, A) { return g * (2.0 * x); }, Input, -2, 2, "", Takes::Numeric},
    {UnaryFn::Exp, "exp", [](A g, A, A y) { return g * y; }, Output, -3, 3, "inf above 88.7 in f32"},
    {UnaryFn::Expm1, "expm1", [](A g, A, A y) { return g * (y + 1.0); }, Output, -3, 3,
     "exp(x) - 1 without cancellation near 0"},
    {UnaryFn::Log, "log", [](A g, A x, A) { return g / x; }, Input, 0.2, 4, "-inf at 0, NaN below"},
    {UnaryFn::Log1p, "log1p", [](A g, A x, A) { return g / (x + 1.0); }, Input, -0.8, 4,
     "log(1 + x) without cancellation near 0; -inf at -1, NaN below"},
    {UnaryFn::Log2, "log2", [](A g, A x, A) { return g / (std::numbers::ln2 * x); }, Input, 0.2, 4,
     "-inf at 0, NaN below"},
    {UnaryFn::Log10, "log10", [](A g, A x, A) { return g / (std::numbers::ln10 * x); }, Input, 0.2, 4,
     "-inf at 0, NaN below"},
    {UnaryFn::Sqrt, "sqrt", [](A g, A, A y) { return g / (2.0 * y + 0.0); }, Output, 0.2, 4,
     "NaN below 0; sqrt'(0) = sqrt'(-0) = inf"},
    {UnaryFn::Rsqrt, "rsqrt", [](A g, A, A y) { return g * (-0.5 * (y * y * magnitude(y))); }, Output, 0.2, 4,
     "1 / sqrt(x); inf at 0, -inf at -0, NaN below; slope -inf at both"},
    {UnaryFn::Reciprocal, "reciprocal", [](A g, A, A y) { return -(g * (y * y)); }, Output, 0.3, 3, "1 / x; inf at 0"},
    {UnaryFn::Sin, "sin", [](A g, A x, A) { return g * cos(x); }, Input, -3, 3, "x in radians"},
    {UnaryFn::Cos, "cos", [](A g, A x, A) { return -(g * sin(x)); }, Input, -3, 3, "x in radians"},
    {UnaryFn::Tan, "tan", [](A g, A, A y) { return g * (y * y + 1.0); }, Output, -1.2, 1.2, "x in radians"},
    {UnaryFn::Asin, "asin", [](A g, A x, A) { return g * rsqrt(1.0 - x * x); }, Input, -0.8, 0.8,
     "NaN outside [-1, 1]; slope inf at the ends"},
    {UnaryFn::Acos, "acos", [](A g, A x, A) { return -(g * rsqrt(1.0 - x * x)); }, Input, -0.8, 0.8,
     "NaN outside [-1, 1]; slope -inf at the ends"},
    {UnaryFn::Atan, "atan", [](A g, A x, A) { return g / (x * x + 1.0); }, Input, -3, 3, ""},
    {UnaryFn::Sinh, "sinh", [](A g, A x, A) { return g * cosh(x); }, Input, -2, 2, ""},
    {UnaryFn::Cosh, "cosh", [](A g, A x, A) { return g * sinh(x); }, Input, -2, 2, ""},
    {UnaryFn::Tanh, "tanh", [](A g, A, A y) { return g * (1.0 - y * y); }, Output, -2, 2, ""},
    {UnaryFn::Asinh, "asinh", [](A g, A x, A) { return g * rsqrt(x * x + 1.0); }, Input, -3, 3, ""},
    {UnaryFn::Acosh, "acosh", [](A g, A x, A) { return g * rsqrt(x * x - 1.0); }, Input, 1.2, 4, "NaN below 1"},
    {UnaryFn::Atanh, "atanh", [](A g, A x, A) { return g / (1.0 - x * x); }, Input, -0.8, 0.8, "NaN outside [-1, 1]"},
    {UnaryFn::Erf, "erf", [](A g, A x, A) { return g * (kTwoOverSqrtPi * exp(-(x * x))); }, Input, -2, 2, ""},
    {UnaryFn::Erfc, "erfc", [](A g, A x, A) { return g * (-kTwoOverSqrtPi * exp(-(x * x))); }, Input, -2, 2,
     "1 - erf(x) without cancellation for large x"},
    {UnaryFn::Erfinv, "erfinv", [](A g, A, A y) { return g * (kHalfSqrtPi * exp(y * y)); }, Output, -0.9, 0.9,
     "inf at the ends of [-1, 1], NaN outside"},
    {UnaryFn::Exp2, "exp2", [](A g, A, A y) { return g * (std::numbers::ln2 * y); }, Output, -3, 3,
     "2^x; inf above 128 in f32"},
    {UnaryFn::Sigmoid, "sigmoid", [](A g, A, A y) { return g * (y * (1.0 - y)); }, Output, -3, 3,
     "1 / (1 + exp(-x)), no overflow"},
    {UnaryFn::Relu, "relu", [](A g, A, A y) { return binary(BinaryFn::Gate, g, y); }, Output, 0.1, 2,
     "max(x, 0); relu'(0) = 0; NaN stays NaN"},
    {UnaryFn::Gelu, "gelu", gelu_slope, Input, -3, 3, "x Phi(x) with the normal distribution's Phi; NaN at -inf"},
    {UnaryFn::GeluTanh, "gelu_tanh", gelu_tanh_slope, Input, -3, 3,
     "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2; NaN at -inf"},
    {UnaryFn::Silu, "silu", silu_slope, Input, -3, 3, "x sigmoid(x); NaN at -inf"},
    {UnaryFn::Softplus, "softplus", [](A g, A x, A) { return g * unary(UnaryFn::Sigmoid, x); }, Input, -3, 3,
     "log(1 + exp(x)), no overflow"},
    {UnaryFn::Mish, "mish", mish_slope, Input, -3, 3, "x tanh(softplus(x)); NaN at -inf"},
    {UnaryFn::Floor, "floor", no_slope, Nothing, 0.1, 0.9, "the gradient is 0"},
    {UnaryFn::Ceil, "ceil", no_slope, Nothing, 0.1, 0.9, "the gradient is 0"},
    {UnaryFn::Round, "round", no_slope, Nothing, 0.1, 0.4, "half to even; the gradient is 0"},
    {UnaryFn::Trunc, "trunc", no_slope, Nothing, 0.1, 0.9, "toward zero; the gradient is 0"},
    {UnaryFn::LogicalNot, "logical_not", nullptr, Nothing, 0, 2, "", Takes::Bool, true},
    {UnaryFn::BitwiseNot, "bitwise_not", nullptr, Nothing, -9, 9, "", Takes::Int},
    {UnaryFn::IsNan, "is_nan", nullptr, Nothing, -2, 2, "", Takes::Float, true},
    {UnaryFn::IsInf, "is_inf", nullptr, Nothing, -2, 2, "", Takes::Float, true},
    {UnaryFn::IsFinite, "is_finite", nullptr, Nothing, -2, 2, "", Takes::Float, true},
};

constexpr bool in_order() {
  for (int i = 0; i < kUnaryCount; ++i)
    if (static_cast<int>(kRows[i].fn) != i) return false;
  return std::size(kRows) == kUnaryCount;
}
static_assert(in_order(), "every UnaryFn needs its row, in the order of the enum");

const Row& row(UnaryFn fn) { return kRows[static_cast<int>(fn)]; }

// The functions whose chain has a kernel of its own.
bool has_slope(UnaryFn fn) {
  switch (fn) {
    case UnaryFn::Tanh:
    case UnaryFn::Sigmoid:
    case UnaryFn::Gelu:
    case UnaryFn::GeluTanh:
    case UnaryFn::Silu:
    case UnaryFn::Softplus:
    case UnaryFn::Mish: return true;
    default: return false;
  }
}

}  // namespace

std::string_view notes(UnaryFn fn) { return row(fn).notes; }

namespace op {

std::string_view Unary::name() const { return row(fn).name; }

Casting Unary::casting() const {
  switch (fn) {
    case UnaryFn::Exp:
    case UnaryFn::Expm1:
    case UnaryFn::Exp2:
    case UnaryFn::Log:
    case UnaryFn::Log1p:
    case UnaryFn::Log2:
    case UnaryFn::Log10:
    case UnaryFn::Rsqrt:
    case UnaryFn::Reciprocal:
    case UnaryFn::Tan:
    case UnaryFn::Acos:
    case UnaryFn::Asin:
    case UnaryFn::Sinh:
    case UnaryFn::Cosh:
    case UnaryFn::Erfinv:
    case UnaryFn::Softplus:
    case UnaryFn::Square: return Casting::Full;
    default: return Casting::AsGiven;
  }
}

Spec Unary::infer(Operands x) const {
  const Row& r = row(fn);
  require_inputs(r.name, x, 1);
  const Array& a = x[0].array();
  if (r.takes == Takes::Float) require_float(r.name, a);
  if (r.takes == Takes::Numeric) require_numeric(r.name, a);
  if (r.takes == Takes::Int) require_int(r.name, a);
  if (r.takes == Takes::Bool) require_bool(r.name, a);
  return {a.shape(), r.gives_bool ? DType::Bool : a.dtype(), a.device()};
}

Keep Unary::keep(Wanted) const {
  const Keeps keeps = row(fn).keeps;
  return {.inputs = keeps == Input ? std::uint8_t{1} : std::uint8_t{0}, .output = keeps == Output};
}

Arrays Unary::vjp(const Arrays& x, const Array& y, const Array& g, Wanted) const {
  const Row& r = row(fn);
  if (has_slope(fn)) return run(Slope{fn}, {g, r.keeps == Input ? x[0] : y});
  return r.chain(g, x[0], y);
}

SamplesOf<Unary> Unary::samples() {
  SamplesOf<Unary> all;
  for (const Row& r : kRows) {
    const DType type = r.takes == Takes::Bool ? DType::Bool : r.takes == Takes::Int ? DType::I64 : DType::F64;
    all.push_back({Unary{r.fn}, {{Shape{2, 3}, type, r.low, r.high}}});
  }
  return all;
}

Spec Slope::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const Array &g = x[0].array(), &at = x[1].array();
  require_float(name(), g);
  require_same_type(name(), g, at);
  require_same_shape(name(), g, at);
  if (!has_slope(fn)) throw ValueError(name(), "there is no kernel for the slope of " + std::string(row(fn).name));
  return {g.shape(), g.dtype(), g.device()};
}

Arrays Slope::lower(const Arrays& x) const { return row(fn).chain(x[0], x[1], x[1]); }

SamplesOf<Slope> Slope::samples() {
  SamplesOf<Slope> all;
  for (const Row& r : kRows) {
    if (!has_slope(r.fn)) continue;
    const bool of_result = r.keeps == Output;  // tanh and sigmoid: between 0 and 1
    all.push_back(
        {Slope{r.fn}, {{Shape{2, 3}}, {Shape{2, 3}, DType::F64, of_result ? 0.1 : r.low, of_result ? 0.9 : r.high}}});
  }
  return all;
}

}  // namespace op
}  // namespace fornax
