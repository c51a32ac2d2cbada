#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax {

/// Elementwise functions of an array x and a C++ number s; the table in with_scalar.cpp documents each.
enum class ScalarFn : std::uint8_t {
  Add,
  Rsub,
  Mul,
  Div,
  Rdiv,
  Pow,
  Rpow,
  Remainder,
  Fmod,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
};
inline constexpr int kScalarCount = static_cast<int>(ScalarFn::GreaterEqual) + 1;

/// What the documentation says of its conventions.
std::string_view notes(ScalarFn fn);

namespace op {

/// y = f(x, s), elementwise; s takes the dtype of x.
///
/// Shapes: x of any shape -> the same shape.
/// Kinds:  Float and Int; comparisons of any kind give Bool.
/// Errors: DTypeError for a Float number with an Int array; ValueError for an Int division by zero.
struct WithScalar {
  ScalarFn fn;
  Scalar scalar;

  static constexpr bool diagonal = true;
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const;
  Casting casting() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<WithScalar> samples();
};

}  // namespace op
}  // namespace fornax
