#pragma once
// Special functions that come in families closed under differentiation, so that every derivative is exact to any order.

#include <fornax/ops/rule.hpp>

namespace fornax {

/// Functions whose derivatives of every order the backend computes.
enum class SmoothFn : std::uint8_t {
  Lgamma,  // log |Γ(x)|; its derivatives are digamma (order 1) and polygamma(n - 1) (order n)
  Sinc,    // sin(πx) / (πx), 1 at 0
};
/// No order is larger: beyond it the factorials overflow f64.
inline constexpr int kMaxOrder = 170;

namespace op {

/// The derivative of some order of a smooth function, elementwise; order 0 is the function itself.
///
/// Shapes:   x of any shape -> the same shape.
/// Kinds:    Float; f32 is computed in f64.
/// Values:   lgamma is inf at 0, -1, -2, ...; digamma there is NaN but for the zeros, where it is -inf at 0 and inf at -0;
///           a polygamma is inf there if its poles point to one side, else as digamma.
/// Gradient: the next order.
/// Errors:   ValueError for an order outside [0, 170].
/// Source:   Abramowitz & Stegun 6.3.18, 6.4.11 (asymptotic series), 6.3.7, 6.4.7 (reflection); sinc by its integral over
///           cosines: the power series near 0, the recurrence t f⁽ⁿ⁾ = sin⁽ⁿ⁾ - n f⁽ⁿ⁻¹⁾ elsewhere.
struct NthDerivative {
  SmoothFn fn;
  int order;

  static constexpr bool diagonal = true;
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<NthDerivative> samples();
};

/// The modified Bessel function of the first kind I_n(x), elementwise; exp(-|x|) I_n(x) if `scaled`.
///
/// Shapes:   x of any shape -> the same shape.
/// Kinds:    Float; f32 is computed in f64.
/// Gradient: I_n' = (I_{n-1} + I_{n+1}) / 2, and I_0' = I_1.
/// Errors:   ValueError for an order outside [0, 170].
/// Source:   the power series, Abramowitz & Stegun 9.6.10; the asymptotic one for large x, 9.7.1.
struct BesselI {
  int order;
  bool scaled = false;

  static constexpr bool diagonal = true;
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1, .output = scaled}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<BesselI> samples();
};

}  // namespace op
}  // namespace fornax
