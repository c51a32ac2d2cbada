#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax {

/// Elementwise functions of one array; the table in unary.cpp documents each.
enum class UnaryFn : std::uint8_t {
  Neg,
  Abs,
  Sign,
  Square,
  Exp,
  Expm1,
  Log,
  Log1p,
  Log2,
  Log10,
  Sqrt,
  Rsqrt,
  Reciprocal,
  Sin,
  Cos,
  Tan,
  Asin,
  Acos,
  Atan,
  Sinh,
  Cosh,
  Tanh,
  Asinh,
  Acosh,
  Atanh,
  Erf,
  Erfc,
  Erfinv,
  Exp2,
  Sigmoid,
  Relu,
  Gelu,
  GeluTanh,
  Silu,
  Softplus,
  Mish,
  Floor,
  Ceil,
  Round,
  Trunc,
  LogicalNot,
  BitwiseNot,
  IsNan,
  IsInf,
  IsFinite,
};
inline constexpr int kUnaryCount = static_cast<int>(UnaryFn::IsFinite) + 1;

/// What the documentation says of its conventions.
std::string_view notes(UnaryFn fn);

namespace op {

/// y = f(x), elementwise.
///
/// Shapes: x of any shape -> the same shape.
/// Kinds:  Float; neg, abs, sign, square also Int; logical_not Bool; bitwise_not Int; is_* give Bool.
struct Unary {
  UnaryFn fn;

  static constexpr bool diagonal = true;
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const;
  Casting casting() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Unary> samples();
};

/// g f'(x), elementwise and in one pass: the gradient of the functions for which the notes on Unary say so. The second input
/// is x, or y = f(x) where the slope is made of that.
///
/// Shapes: g and x of the same shape -> that shape.
/// Kinds:  Float, of one dtype.
/// Errors: ValueError for another function.
struct Slope {
  UnaryFn fn;

  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "slope"; }
  Spec infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<Slope> samples();
};

}  // namespace op
}  // namespace fornax
