#pragma once

#include <fornax/ops/create.hpp>
#include <fornax/ops/rule.hpp>

namespace fornax::op {

struct AttentionSettings {
  double scale = 1;
  bool causal = false;  // query i sees keys 0 to i
  bool masked = false;  // a mask follows the other inputs
  double softcap = 0;   // c tanh(score / c) in place of the score; 0: not
  double dropout = 0;   // of the probabilities, after the softmax
  Draw draw = {};       // for it
};

/// Scaled dot-product attention: softmax(scale q kᵀ) v, and the logarithm of what the softmax divided by. No matrix of all
/// scores is held: keys are taken tile by tile. A score is capped, then hidden where the mask is false, or the mask is added.
/// Heads of k and v each serve neighbouring heads of q. A query that sees no key gives NaN.
///
/// Shapes:   q [..., H, L, E], k [..., H / G, S, E], v [..., H / G, S, V], mask [..., H, L, S], equal leading dims, or all
///           without the dim of heads -> y [..., H, L, V], lse [..., H, L].
/// Kinds:    Float, of one dtype, lse f32 if that has 16 bits; the mask may be Bool.
/// Errors:   ShapeError if the shapes do not fit or S is 0; ValueError if scale or softcap is not finite, softcap negative or
///           dropout outside [0, 1].
/// Gradient: by AttentionGrad, which computes the probabilities again, and draws again what was lost: key j of the query in row
///           i of all has word j % 4 of the block i ceil(S / 4) + j / 4.
struct Attention : AttentionSettings {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Low;

  /// Whether samples share numbers is for who draws them to say.
  bool batches() const { return dropout == 0; }

  std::string_view name() const { return "attention"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 15, .output = true}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<Attention> samples();
};

/// The gradients of Attention. With p = exp(scale q kᵀ - lse) and ds = scale p (g vᵀ - delta): dq = ds k, dk = dsᵀ q, dv = pᵀ g.
///
/// Shapes: q, k and v as for Attention, lse and delta [..., L] (the sum of g y), g [..., L, V], then the mask if there is one
///         -> dq, dk and dv like q, k and v, and if `of_mask` the mask's gradient [..., L, S].
/// Kinds:  Float, of one dtype, lse and delta f32 if that has 16 bits; the mask may be Bool unless `of_mask`.
/// Errors: those of Attention.
struct AttentionGrad : AttentionSettings {
  bool of_mask = false;

  static constexpr Batching batching = Batching::Leading;

  bool batches() const { return dropout == 0; }

  std::string_view name() const { return "attention_grad"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<AttentionGrad> samples();
};

}  // namespace fornax::op
