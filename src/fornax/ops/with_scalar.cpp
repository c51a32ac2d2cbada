#include <fornax/ops/with_scalar.hpp>

#include <cmath>

#include <fornax/ops/functions.hpp>

namespace fornax {

namespace {

using A = const Array&;

enum class Keeps : std::uint8_t { Nothing, Input, Output, Both };
constexpr Keeps Nothing = Keeps::Nothing, Input = Keeps::Input, Output = Keeps::Output, Both = Keeps::Both;

struct Row {
  ScalarFn fn;
  std::string_view name;
  Array (*chain)(A g, A x, A y, Scalar s);  // dy/dx · g; null for comparisons
  Keeps keeps;
  double low, high;  // where the property tests sample, with s = 1.7
  const char* notes;
};

Array same(A g, A, A, Scalar) { return g; }

constexpr Row kRows[] = {
    {ScalarFn::Add, "add", same, Nothing, -2, 2, "x + s"},
    {ScalarFn::Rsub, "sub", [](A g, A, A, Scalar) { return -g; }, Nothing, -2, 2, "s - x"},
    {ScalarFn::Mul, "mul", [](A g, A, A, Scalar s) { return g * s; }, Nothing, -2, 2, "x * s"},
    {ScalarFn::Div, "div", [](A g, A, A, Scalar s) { return g / s; }, Nothing, -2, 2, "x / s"},
    {ScalarFn::Rdiv, "div", [](A g, A x, A y, Scalar) { return -(g * y / x); }, Both, 0.4, 3, "s / x"},
    {ScalarFn::Pow, "pow",
     [](A g, A x, A, Scalar s) {
       if (s.as_double() == 0) return zeros_like(g);
       if (s.as_double() == 1) return g;
       if (s.as_double() == 2) return g * (2.0 * x);
       return g * (s * pow(x, Scalar(s.as_double() - 1)));
     },
     Input, 0.4, 3, "x^s; slope 0 for s = 0, at x = 0 too"},
    {ScalarFn::Rpow, "pow",
     [](A g, A x, A y, Scalar s) {
       if (s.as_double() == 0) return where(greater_equal(x, 0.0), 0.0, g * (y * std::log(0.0)));
       return g * (y * std::log(s.as_double()));
     },
     Both, -2, 2, "s^x"},
    {ScalarFn::Remainder, "remainder", same, Nothing, 0.2, 1.5, "the sign of s"},
    {ScalarFn::Fmod, "fmod", same, Nothing, 0.2, 1.5, "the sign of x"},
    {ScalarFn::Equal, "equal", nullptr, Nothing, -2, 2, ""},
    {ScalarFn::NotEqual, "not_equal", nullptr, Nothing, -2, 2, ""},
    {ScalarFn::Less, "lower", nullptr, Nothing, -2, 2, ""},
    {ScalarFn::LessEqual, "lower_equal", nullptr, Nothing, -2, 2, ""},
    {ScalarFn::Greater, "greater", nullptr, Nothing, -2, 2, ""},
    {ScalarFn::GreaterEqual, "greater_equal", nullptr, Nothing, -2, 2, ""},
};

constexpr bool in_order() {
  for (int i = 0; i < kScalarCount; ++i)
    if (static_cast<int>(kRows[i].fn) != i) return false;
  return std::size(kRows) == kScalarCount;
}
static_assert(in_order(), "every ScalarFn needs its row, in the order of the enum");

const Row& row(ScalarFn fn) { return kRows[static_cast<int>(fn)]; }

bool divides_by_scalar(ScalarFn fn) { return fn == ScalarFn::Div || fn == ScalarFn::Remainder || fn == ScalarFn::Fmod; }

}  // namespace

std::string_view notes(ScalarFn fn) { return row(fn).notes; }

namespace op {

std::string_view WithScalar::name() const { return row(fn).name; }

Casting WithScalar::casting() const {
  const bool steep = fn == ScalarFn::Pow || fn == ScalarFn::Rpow || fn == ScalarFn::Rdiv;
  return steep ? Casting::Full : Casting::AsGiven;
}

Spec WithScalar::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  const bool comparison = fn >= ScalarFn::Equal;
  if (!comparison) require_numeric(name(), a);
  if (is_int(a.dtype()) && scalar.kind == Scalar::Kind::Float)
    throw DTypeError(name(), "the number " + scalar.str() + " is a float, the tensor is " +
                                 std::string(fornax::name(a.dtype())) + "; cast the tensor to Float first");
  if (is_int(a.dtype()) && divides_by_scalar(fn) && scalar.as_int() == 0)
    throw ValueError(name(), "integer division by zero");
  return {a.shape(), comparison ? DType::Bool : a.dtype(), a.device()};
}

Keep WithScalar::keep(Wanted) const {
  const Keeps keeps = row(fn).keeps;
  const bool input = keeps == Input || keeps == Both;
  return {.inputs = input ? std::uint8_t{1} : std::uint8_t{0}, .output = keeps == Output || keeps == Both};
}

Arrays WithScalar::vjp(const Arrays& x, const Array& y, const Array& g, Wanted) const {
  return row(fn).chain(g, x[0], y, scalar);
}

SamplesOf<WithScalar> WithScalar::samples() {
  SamplesOf<WithScalar> all;
  for (const Row& r : kRows) all.push_back({{r.fn, Scalar(1.7)}, {{Shape{2, 3}, DType::F64, r.low, r.high}}});
  for (const double s : {0.0, 1.0, 2.0, 3.0, -1.0})
    all.push_back({{ScalarFn::Pow, Scalar(s)}, {{Shape{2, 3}, DType::F64, 0.4, 3}}});
  return all;
}

}  // namespace op
}  // namespace fornax
