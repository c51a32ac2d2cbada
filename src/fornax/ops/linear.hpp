#pragma once

#include <optional>

#include <fornax/ops/rule.hpp>
#include <fornax/ops/unary.hpp>

namespace fornax::op {

/// What an operation can end with: relu, tanh and sigmoid, whose slope follows from the result, and gelu, gelu_tanh and silu.
/// Throws ValueError for others.
void require_ending(std::string_view op, const std::optional<UnaryFn>& activation);
/// True if the slope follows from the result, or if there is no activation.
bool ends_with_its_slope(const std::optional<UnaryFn>& activation);

/// f(x weight + bias), or f(x weightᵀ + bias): bias and activation are computed while a block of the product is in the first
/// caches.
///
/// Shapes:   x [..., in], weight [in, out], or [out, in] if `transposed`, bias [out] -> [..., out].
/// Kinds:    Float, of one dtype; 16 bits are computed in f32 and rounded once, at the end.
/// Errors:   ShapeError if the sizes do not fit, ValueError for another activation.
/// Gradient: for relu, tanh and sigmoid from y, which is all that is kept beside x and the weight. The others need what they are
///           applied to: there, differentiation records the product and the activation apart.
struct Linear {
  bool transposed = false;
  std::optional<UnaryFn> activation = {};  // relu, gelu, gelu_tanh, silu, tanh or sigmoid

  static constexpr Casting casting = Casting::Low;

  std::string_view name() const { return "linear"; }
  Spec infer(Operands x) const;
  /// False if derivatives are those of what it lowers to.
  bool has_rule() const;
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<Linear> samples();
};

}  // namespace fornax::op
