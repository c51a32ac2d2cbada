#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// y = condition ? a : b, elementwise.
///
/// Shapes:   condition, a, b of the same shape -> that shape.
/// Kinds:    condition Bool; a and b of any one kind.
/// Gradient: to the chosen side; the other receives 0. A NaN slope on the other side still spoils the sum behind it:
///           write where(c, f(where(c, x, safe)), 0).
struct Where {
  static constexpr bool diagonal = true;
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Widest;

  std::string_view name() const { return "where"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Where> samples();
};

/// y = min(max(x, low), high), elementwise; NaN stays NaN, and low > high gives high.
///
/// Shapes:   x of any shape -> the same shape.
/// Gradient: 1 inside the closed interval, at the bounds too; 0 outside and for NaN.
struct Clamp {
  Scalar low, high;
  bool has_low = true, has_high = true;

  static constexpr bool diagonal = true;
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "clamp"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Clamp> samples();
};

/// The same values as another dtype: float to int truncates and saturates, anything to Bool is `!= 0`.
///
/// Gradient: the cotangent, cast back. Only between Float dtypes.
struct Cast {
  DType dtype;

  static constexpr bool linear = true;
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "cast"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_shells(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Cast> samples();
};

}  // namespace fornax::op
