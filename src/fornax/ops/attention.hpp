#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// Scaled dot-product attention: softmax(scale q kᵀ) v, and the logarithm of what the softmax divided by. No matrix of all
/// scores is held: keys are taken tile by tile. Causal: query i sees keys 0 to i.
///
/// Shapes:   q [..., L, E], k [..., S, E], v [..., S, V], equal leading dims -> y [..., L, V], lse [..., L].
/// Kinds:    Float, of one dtype.
/// Errors:   ShapeError if the shapes do not fit or S is 0; ValueError if scale is not finite.
/// Gradient: by AttentionGrad, which computes the probabilities again.
struct Attention {
  double scale;
  bool causal = false;

  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Low;

  std::string_view name() const { return "attention"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 7, .output = true}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<Attention> samples();
};

/// The gradients of Attention. With p = exp(scale q kᵀ - lse) and ds = scale p (g vᵀ - delta): dq = ds k, dk = dsᵀ q, dv = pᵀ g.
///
/// Shapes: q [..., L, E], k [..., S, E], v [..., S, V], lse [..., L], delta [..., L] (the sum of g y), g [..., L, V] -> dq, dk
///         and dv like q, k and v.
/// Kinds:  Float, of one dtype.
/// Errors: those of Attention.
struct AttentionGrad {
  double scale;
  bool causal = false;

  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "attention_grad"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<AttentionGrad> samples();
};

}  // namespace fornax::op
