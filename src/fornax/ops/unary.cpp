#include <fornax/ops/unary.hpp>

#include <numbers>

#include <fornax/ops/functions.hpp>

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

}  // namespace

std::string_view notes(UnaryFn fn) { return row(fn).notes; }

namespace op {

std::string_view Unary::name() const { return row(fn).name; }

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

Arrays Unary::vjp(const Arrays& x, const Array& y, const Array& g, Wanted) const { return row(fn).chain(g, x[0], y); }

SamplesOf<Unary> Unary::samples() {
  SamplesOf<Unary> all;
  for (const Row& r : kRows) {
    const DType type = r.takes == Takes::Bool ? DType::Bool : r.takes == Takes::Int ? DType::I64 : DType::F64;
    all.push_back({Unary{r.fn}, {{Shape{2, 3}, type, r.low, r.high}}});
  }
  return all;
}

}  // namespace op
}  // namespace fornax
