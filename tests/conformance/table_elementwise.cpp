// Functions of one, two or three arrays, element by element.

#include <limits>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/ops/functions/elementwise.hpp>
#include <fornax/ops/functions/special.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

template <UnaryFn fn> Arrays of_one(const Call& c) { return unary(fn, c[0]); }

template <BinaryFn fn> Arrays of_two(const Call& c) {
  const auto [a, b] = promoted(c[0], c[1]);
  return binary(fn, a, b);
}

template <BinaryFn fn> Arrays of_truths(const Call& c) {
  return binary(fn, cast(c[0], DType::Bool), cast(c[1], DType::Bool));
}

template <ScalarFn fn> Arrays of_number(const Call& c) {
  const Scalar s = c.attrs.number("value");
  const bool becomes_float = s.kind == Scalar::Kind::Float && !is_float(c[0].dtype());
  return with_scalar(fn, becomes_float ? cast(c[0], c.real) : c[0], s);
}

// Rows that need more than the function's name.

Arrays bitwise_not(const Call& c) {
  return unary(c[0].dtype() == DType::Bool ? UnaryFn::LogicalNot : UnaryFn::BitwiseNot, c[0]);
}

Arrays div(const Call& c) {
  const bool floats = is_float(c[0].dtype()) || is_float(c[1].dtype());
  const auto [a, b] = floats ? promoted(c[0], c[1]) : Pair{cast(c[0], c.real), cast(c[1], c.real)};
  return a / b;
}

Arrays sub_scalar(const Call& c) {
  const Scalar s = c.attrs.number("value");
  return (s.kind == Scalar::Kind::Float ? to_float(c[0], c.real) : c[0]) - s;
}

// Of two Float arrays.
template <Array (*f)(const Array&, const Array&)> Arrays of_floats(const Call& c) {
  const auto [a, b] = promoted(c[0], c[1]);
  return f(a, b);
}

Arrays lerp_row(const Call& c) { return lerp(c[0], c[1], c.attrs.real("weight")); }
Arrays addcmul_row(const Call& c) { return addcmul(c[0], c[1], c[2], c.attrs.real("value")); }
Arrays addcdiv_row(const Call& c) { return addcdiv(c[0], c[1], c[2], c.attrs.real("value")); }

Arrays is_close_row(const Call& c) {
  const auto [a, b] = promoted(c[0], c[1]);
  return is_close(a, b, c.attrs.real("rtol"), c.attrs.real("atol"));
}

Arrays clamp(const Call& c) {
  Scalar low, high;
  const bool has_low = c.attrs.has("min"), has_high = c.attrs.has("max");
  if (has_low) low = c.attrs.number("min");
  if (has_high) high = c.attrs.number("max");
  const bool floats = (has_low && low.kind == Scalar::Kind::Float) || (has_high && high.kind == Scalar::Kind::Float);
  return fornax::clamp(floats ? to_float(c[0], c.real) : c[0], has_low ? &low : nullptr, has_high ? &high : nullptr);
}

Arrays nan_to_num_row(const Call& c) {
  const double nan = c.attrs.real("nan", 0);
  if (!c.attrs.has("posinf") && !c.attrs.has("neginf")) return nan_to_num(c[0], nan);
  const double largest =
      c[0].dtype() == DType::F32 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  return nan_to_num(c[0], nan, c.attrs.real("posinf", largest), c.attrs.real("neginf", -largest));
}

Arrays cast(const Call& c) {
  const DType wanted = parse_dtype(c.attrs.text("dtype"));
  return fornax::cast(c[0], wanted == DType::F64 ? c.real : wanted);
}

constexpr Row kRows[] = {
    {"abs", of_one<UnaryFn::Abs>},
    {"neg", of_one<UnaryFn::Neg>},
    {"exp", of_one<UnaryFn::Exp>},
    {"expm1", of_one<UnaryFn::Expm1>},
    {"log", of_one<UnaryFn::Log>},
    {"log1p", of_one<UnaryFn::Log1p>},
    {"log2", of_one<UnaryFn::Log2>},
    {"log10", of_one<UnaryFn::Log10>},
    {"sqrt", of_one<UnaryFn::Sqrt>},
    {"rsqrt", of_one<UnaryFn::Rsqrt>},
    {"square", of_one<UnaryFn::Square>},
    {"reciprocal", of_one<UnaryFn::Reciprocal>},
    {"sin", of_one<UnaryFn::Sin>},
    {"cos", of_one<UnaryFn::Cos>},
    {"tan", of_one<UnaryFn::Tan>},
    {"asin", of_one<UnaryFn::Asin>},
    {"acos", of_one<UnaryFn::Acos>},
    {"atan", of_one<UnaryFn::Atan>},
    {"sinh", of_one<UnaryFn::Sinh>},
    {"cosh", of_one<UnaryFn::Cosh>},
    {"tanh", of_one<UnaryFn::Tanh>},
    {"asinh", of_one<UnaryFn::Asinh>},
    {"acosh", of_one<UnaryFn::Acosh>},
    {"atanh", of_one<UnaryFn::Atanh>},
    {"erf", of_one<UnaryFn::Erf>},
    {"erfc", of_one<UnaryFn::Erfc>},
    {"sigmoid", of_one<UnaryFn::Sigmoid>},
    {"relu", of_one<UnaryFn::Relu>},
    {"floor", of_one<UnaryFn::Floor>},
    {"ceil", of_one<UnaryFn::Ceil>},
    {"round", of_one<UnaryFn::Round>},
    {"trunc", of_one<UnaryFn::Trunc>},
    {"sign", of_one<UnaryFn::Sign>},
    {"isnan", of_one<UnaryFn::IsNan>},
    {"isinf", of_one<UnaryFn::IsInf>},
    {"isfinite", of_one<UnaryFn::IsFinite>},
    {"erfinv", of_one<UnaryFn::Erfinv>},
    {"lgamma", [](const Call& c) -> Arrays { return lgamma(c[0]); }},
    {"digamma", [](const Call& c) -> Arrays { return digamma(c[0]); }},
    {"i0", [](const Call& c) -> Arrays { return i0(c[0]); }},
    {"sinc", [](const Call& c) -> Arrays { return sinc(c[0]); }},
    {"frac", [](const Call& c) -> Arrays { return frac(c[0]); }},
    {"logit", [](const Call& c) -> Arrays { return logit(c[0]); }},
    {"logical_not", [](const Call& c) -> Arrays { return logical_not(fornax::cast(c[0], DType::Bool)); }},
    {"bitwise_not", bitwise_not},
    {"identity", [](const Call& c) -> Arrays { return c[0]; }},
    {"detach", [](const Call& c) -> Arrays { return fornax::detach(c[0]); }},
    {"cast", cast},
    {"clamp", clamp},
    {"nan_to_num", nan_to_num_row},
    {"full_like", [](const Call& c) -> Arrays { return full_like(c[0], c.attrs.number("value")); }},

    {"add", of_two<BinaryFn::Add>},
    {"sub", of_two<BinaryFn::Sub>},
    {"mul", of_two<BinaryFn::Mul>},
    {"div", div},
    {"pow", of_two<BinaryFn::Pow>},
    {"atan2", of_two<BinaryFn::Atan2>},
    {"hypot", of_two<BinaryFn::Hypot>},
    {"fmod", of_two<BinaryFn::Fmod>},
    {"remainder", of_two<BinaryFn::Remainder>},
    {"maximum", of_two<BinaryFn::Maximum>},
    {"minimum", of_two<BinaryFn::Minimum>},
    {"copysign", of_two<BinaryFn::Copysign>},
    {"div_floor", of_two<BinaryFn::FloorDiv>},
    {"div_trunc", of_two<BinaryFn::TruncDiv>},
    {"logaddexp", of_floats<logaddexp>},
    {"xlogy", of_floats<xlogy>},
    {"eq", of_two<BinaryFn::Equal>},
    {"ne", of_two<BinaryFn::NotEqual>},
    {"lt", of_two<BinaryFn::Less>},
    {"le", of_two<BinaryFn::LessEqual>},
    {"gt", of_two<BinaryFn::Greater>},
    {"ge", of_two<BinaryFn::GreaterEqual>},
    {"logical_and", of_truths<BinaryFn::And>},
    {"logical_or", of_truths<BinaryFn::Or>},
    {"logical_xor", of_truths<BinaryFn::Xor>},
    {"bitwise_and", of_two<BinaryFn::And>},
    {"bitwise_or", of_two<BinaryFn::Or>},
    {"bitwise_xor", of_two<BinaryFn::Xor>},
    {"shift_left", of_two<BinaryFn::ShiftLeft>},
    {"shift_right", of_two<BinaryFn::ShiftRight>},
    {"is_close", is_close_row},
    {"lerp", lerp_row},
    {"addcmul", addcmul_row},
    {"addcdiv", addcdiv_row},

    {"add_scalar", of_number<ScalarFn::Add>},
    {"sub_scalar", sub_scalar},
    {"rsub_scalar", of_number<ScalarFn::Rsub>},
    {"mul_scalar", of_number<ScalarFn::Mul>},
    {"div_scalar", of_number<ScalarFn::Div>},
    {"rdiv_scalar", of_number<ScalarFn::Rdiv>},
    {"pow_scalar", of_number<ScalarFn::Pow>},
    {"fmod_scalar", of_number<ScalarFn::Fmod>},
    {"remainder_scalar", of_number<ScalarFn::Remainder>},
    {"eq_scalar", of_number<ScalarFn::Equal>},
    {"ne_scalar", of_number<ScalarFn::NotEqual>},
    {"lt_scalar", of_number<ScalarFn::Less>},
    {"le_scalar", of_number<ScalarFn::LessEqual>},
    {"gt_scalar", of_number<ScalarFn::Greater>},
    {"ge_scalar", of_number<ScalarFn::GreaterEqual>},
};

}  // namespace

std::span<const Row> elementwise_rows() { return kRows; }

}  // namespace fornax::conformance
