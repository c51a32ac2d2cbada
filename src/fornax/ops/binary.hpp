#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax {

/// Elementwise functions of two arrays; the table in binary.cpp documents each.
enum class BinaryFn : std::uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Pow,
  Remainder,
  Fmod,
  Maximum,
  Minimum,
  Atan2,
  Hypot,
  Copysign,
  Gate,
  FloorDiv,
  TruncDiv,
  And,
  Or,
  Xor,
  ShiftLeft,
  ShiftRight,
  Gcd,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
};
inline constexpr int kBinaryCount = static_cast<int>(BinaryFn::GreaterEqual) + 1;

constexpr bool is_comparison(BinaryFn f) { return f >= BinaryFn::Equal; }
/// Refuses a zero divisor if that is an Int.
constexpr bool divides(BinaryFn f) {
  return f == BinaryFn::Div || f == BinaryFn::FloorDiv || f == BinaryFn::TruncDiv || f == BinaryFn::Remainder ||
         f == BinaryFn::Fmod;
}

/// The function's name: "add".
std::string_view name(BinaryFn fn);
/// What the documentation says of its conventions.
std::string_view notes(BinaryFn fn);
/// Throws DTypeError unless fn takes elements of this dtype.
void require_dtype(BinaryFn fn, const Array& x);

namespace op {

/// y = f(a, b), elementwise. Broadcasting is an operation of its own, so both shapes are equal here.
///
/// Shapes: a, b of the same shape -> that shape.
/// Kinds:  arithmetic Float and Int; atan2, hypot, copysign, gate Float; and, or, xor Bool and Int; shifts, gcd Int;
///         comparisons of any kind give Bool.
struct Binary {
  BinaryFn fn;

  static constexpr bool diagonal = true;
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const;
  Casting casting() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Binary> samples();
};

}  // namespace op
}  // namespace fornax
