#include <fornax/ops/binary.hpp>

#include <fornax/ops/functions.hpp>

namespace fornax {

namespace {

using A = const Array&;
using Partial = Array (*)(A g, A a, A b, A y);

enum class Takes : std::uint8_t { Numeric, Float, Int, BoolOrInt, Any };

// What a partial derivative reads.
constexpr std::uint8_t kNone = 0, kLhs = 1, kRhs = 2, kBoth = 3, kOutput = 4;

struct Row {
  BinaryFn fn;
  std::string_view name;
  Partial lhs, rhs;  // dy/da · g and dy/db · g; null where no gradient exists
  std::uint8_t lhs_reads, rhs_reads;
  double low, high, apart;  // where the property tests sample
  const char* notes;
  Takes takes = Takes::Numeric;
};

Array same(A g, A, A, A) { return g; }
Array none(A g, A, A, A) { return zeros_like(g); }

// The share of g that the winner of a comparison receives: all of it, half at a tie; NaN compares false and keeps all.
Array winners_share(A g, A loses, A tie) { return where(loses, 0.0, where(tie, 0.5 * g, g)); }

constexpr Row kRows[] = {
    {BinaryFn::Add, "add", same, same, kNone, kNone, -2, 2, 0, ""},
    {BinaryFn::Sub, "sub", same, [](A g, A, A, A) { return -g; }, kNone, kNone, -2, 2, 0, ""},
    {BinaryFn::Mul, "mul", [](A g, A, A b, A) { return g * b; }, [](A g, A a, A, A) { return g * a; }, kRhs, kLhs, -2,
     2, 0, ""},
    {BinaryFn::Div, "div", [](A g, A, A b, A) { return g / b; }, [](A g, A, A b, A y) { return -(g * y / b); }, kRhs,
     kRhs | kOutput, 0.4, 3, 0, "Int: toward zero; ValueError for a zero divisor"},
    {BinaryFn::Pow, "pow", [](A g, A a, A b, A) { return where(equal(b, 0.0), 0.0, g * (b * pow(a, b - 1.0))); },
     [](A g, A a, A b, A y) { return where(logical_and(equal(a, 0.0), greater_equal(b, 0.0)), 0.0, g * (y * log(a))); },
     kBoth, kBoth | kOutput, 0.4, 3, 0,
     "pow(0, 0) = 1 with gradients 0 and 0; Int: negative exponents give 0, 1 or -1"},
    // The slopes are the quotients that the values were made with: floor(a / b) and trunc(a / b) are off by one where
    // a / b rounds to an integer.
    {BinaryFn::Remainder, "remainder", same, [](A g, A a, A b, A) { return -(g * binary(BinaryFn::FloorDiv, a, b)); },
     kNone, kBoth, 0.4, 3, 0.05, "the sign of the divisor"},
    {BinaryFn::Fmod, "fmod", same, [](A g, A a, A b, A y) { return -(g * unary(UnaryFn::Round, (a - y) / b)); }, kNone,
     kBoth | kOutput, 0.4, 3, 0.05, "the sign of the dividend"},
    {BinaryFn::Maximum, "maximum", [](A g, A a, A b, A) { return winners_share(g, lower(a, b), equal(a, b)); },
     [](A g, A a, A b, A) { return winners_share(g, lower(b, a), equal(a, b)); }, kBoth, kBoth, -2, 2, 0.05,
     "NaN if either is; a tie halves the gradient"},
    {BinaryFn::Minimum, "minimum", [](A g, A a, A b, A) { return winners_share(g, greater(a, b), equal(a, b)); },
     [](A g, A a, A b, A) { return winners_share(g, greater(b, a), equal(a, b)); }, kBoth, kBoth, -2, 2, 0.05,
     "NaN if either is; a tie halves the gradient"},
    {BinaryFn::Atan2, "atan2", [](A g, A a, A b, A) { return g * (b / (a * a + b * b)); },
     [](A g, A a, A b, A) { return -(g * (a / (a * a + b * b))); }, kBoth, kBoth, 0.3, 2, 0,
     "angle of (b, a) in radians; gradient NaN at (0, 0)", Takes::Float},
    {BinaryFn::Hypot, "hypot", [](A g, A a, A, A y) { return g * (a / y); },
     [](A g, A, A b, A y) { return g * (b / y); }, kLhs | kOutput, kRhs | kOutput, 0.3, 2, 0,
     "sqrt(a² + b²) without overflow; gradient NaN at (0, 0)", Takes::Float},
    {BinaryFn::Copysign, "copysign", [](A g, A a, A, A y) { return where(equal(a, 0.0), 0.0, g * (y / a)); }, none,
     kLhs | kOutput, kNone, 0.3, 2, 0, "gradient 0 at a = 0", Takes::Float},
    {BinaryFn::Gate, "gate", [](A g, A, A b, A) { return binary(BinaryFn::Gate, g, b); }, none, kRhs, kNone, -2, 2, 0,
     "a where b > 0, else 0: relu's gradient; that of b is 0", Takes::Float},
    {BinaryFn::FloorDiv, "floor_div", none, none, kNone, kNone, 0.4, 3, 0.05,
     "floor(a / b); the gradient is 0; Int: ValueError for a zero divisor"},
    {BinaryFn::TruncDiv, "trunc_div", none, none, kNone, kNone, 0.4, 3, 0.05,
     "a / b rounded toward zero; the gradient is 0; Int: ValueError for a zero divisor"},
    {BinaryFn::And, "logical_and", nullptr, nullptr, kNone, kNone, 0, 2, 0, "bitwise on Int", Takes::BoolOrInt},
    {BinaryFn::Or, "logical_or", nullptr, nullptr, kNone, kNone, 0, 2, 0, "bitwise on Int", Takes::BoolOrInt},
    {BinaryFn::Xor, "logical_xor", nullptr, nullptr, kNone, kNone, 0, 2, 0, "bitwise on Int", Takes::BoolOrInt},
    {BinaryFn::ShiftLeft, "shift_left", nullptr, nullptr, kNone, kNone, 0, 7, 0, "0 for a shift outside [0, bits)",
     Takes::Int},
    {BinaryFn::ShiftRight, "shift_right", nullptr, nullptr, kNone, kNone, 0, 7, 0,
     "arithmetic; the sign for a shift outside [0, bits)", Takes::Int},
    {BinaryFn::Gcd, "gcd", nullptr, nullptr, kNone, kNone, -20, 20, 0, "gcd(0, 0) = 0", Takes::Int},
    {BinaryFn::Equal, "equal", nullptr, nullptr, kNone, kNone, -2, 2, 0, "", Takes::Any},
    {BinaryFn::NotEqual, "not_equal", nullptr, nullptr, kNone, kNone, -2, 2, 0, "", Takes::Any},
    {BinaryFn::Less, "lower", nullptr, nullptr, kNone, kNone, -2, 2, 0, "", Takes::Any},
    {BinaryFn::LessEqual, "lower_equal", nullptr, nullptr, kNone, kNone, -2, 2, 0, "", Takes::Any},
    {BinaryFn::Greater, "greater", nullptr, nullptr, kNone, kNone, -2, 2, 0, "", Takes::Any},
    {BinaryFn::GreaterEqual, "greater_equal", nullptr, nullptr, kNone, kNone, -2, 2, 0, "", Takes::Any},
};

constexpr bool in_order() {
  for (int i = 0; i < kBinaryCount; ++i)
    if (static_cast<int>(kRows[i].fn) != i) return false;
  return std::size(kRows) == kBinaryCount;
}
static_assert(in_order(), "every BinaryFn needs its row, in the order of the enum");

const Row& row(BinaryFn fn) { return kRows[static_cast<int>(fn)]; }

bool takes(const Row& r, DType t) {
  switch (r.takes) {
    case Takes::Numeric: return t != DType::Bool;
    case Takes::Float: return is_float(t);
    case Takes::Int: return is_int(t);
    case Takes::BoolOrInt: return !is_float(t);
    case Takes::Any: return true;
  }
  return false;
}

}  // namespace

std::string_view notes(BinaryFn fn) { return row(fn).notes; }

std::string_view name(BinaryFn fn) { return row(fn).name; }

void require_dtype(BinaryFn fn, const Array& x) {
  const Row& r = row(fn);
  if (r.takes == Takes::Numeric) require_numeric(r.name, x);
  if (r.takes == Takes::Float) require_float(r.name, x);
  if (r.takes == Takes::Int) require_int(r.name, x);
  if (r.takes == Takes::BoolOrInt && x.dtype() != DType::Bool) require_int(r.name, x);
}

namespace op {

std::string_view Binary::name() const { return row(fn).name; }

Casting Binary::casting() const {
  // Beyond Float kinds there is nothing to cast.
  return fn == BinaryFn::Pow ? Casting::Full : Casting::Widest;
}

Spec Binary::infer(Operands x) const {
  if (x.size() != 2) require_inputs(name(), x, 2);
  const Array &a = x[0].array(), &b = x[1].array();
  const Row& r = row(fn);
  // One test for what fits; the reason is looked for only when something does not.
  if (a.dtype() != b.dtype() || !(a.device() == b.device()) || !takes(r, a.dtype()) || !(a.shape() == b.shape()))
      [[unlikely]] {
    require_same_type(r.name, a, b);
    require_same_shape(r.name, a, b);
    require_dtype(fn, a);
  }
  return {a.shape(), is_comparison(fn) ? DType::Bool : a.dtype(), a.device()};
}

Keep Binary::keep(Wanted wanted) const {
  const Row& r = row(fn);
  const int reads = (wanted[0] ? r.lhs_reads : 0) | (wanted[1] ? r.rhs_reads : 0);
  return {.inputs = static_cast<std::uint8_t>(reads & kBoth), .output = (reads & kOutput) != 0};
}

Arrays Binary::vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const {
  const Row& r = row(fn);
  return {wanted[0] ? r.lhs(g, x[0], x[1], y) : Array(), wanted[1] ? r.rhs(g, x[0], x[1], y) : Array()};
}

SamplesOf<Binary> Binary::samples() {
  SamplesOf<Binary> all;
  for (const Row& r : kRows) {
    const DType type = r.takes == Takes::BoolOrInt ? DType::Bool : r.takes == Takes::Int ? DType::I64 : DType::F64;
    const SampleInput input{Shape{2, 3}, type, r.low, r.high, r.apart};
    all.push_back({Binary{r.fn}, {input, input}});
  }
  return all;
}

}  // namespace op
}  // namespace fornax
