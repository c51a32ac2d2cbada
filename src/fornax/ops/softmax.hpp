#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// exp(x) / sum(exp(x)) along a dim, or its logarithm, without overflow.
///
/// Shapes:   x -> the same shape.
/// Gradient: softmax: y (g - sum(g y)); log: g - exp(y) sum(g).
/// Domain:   a row of only -inf gives NaN.
struct Softmax {
  int dim;
  bool log = false;

  static constexpr Batching batching = Batching::NextDim;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return log ? "log_softmax" : "softmax"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_output(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array jvp(const Arrays& x, const Array& y, const Arrays& t) const;
  static SamplesOf<Softmax> samples();
};

/// -log(softmax(x)) at a class, along the last dim: the cross entropy of each sample from its logits, in one pass. Beside it
/// log(sum(exp(x))), as two numbers whose sum it is: rounded to the dtype, and what that lost. With it, the gradient takes
/// one pass too, whatever number the logits are moved by.
///
/// Shapes:   x [..., C], class [...] -> loss [...], lse [..., 2].
/// Kinds:    x Float; class of any Int dtype.
/// Gradient: of the loss by CrossEntropyGrad; of lse by its first number, which the other only makes more exact.
/// Errors:   IndexError, naming the class, if one is outside [0, C).
struct CrossEntropy {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "cross_entropy"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 3, .output = true}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  Arrays jvp(const Arrays& x, const Arrays& y, const Arrays& t) const;
  static SamplesOf<CrossEntropy> samples();
};

/// g (exp(x - lse) - one_hot(class)): the gradient of CrossEntropy.
///
/// Shapes: x [..., C], class [...], lse [..., 2], whose sum is meant, g [...] -> [..., C].
/// Kinds:  x, lse and g Float, of one dtype; class of any Int dtype.
/// Errors: IndexError, naming the class, if one is outside [0, C).
struct CrossEntropyGrad {
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "cross_entropy_grad"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const { return {.inputs = wanted[0] || wanted[2] ? 15u : 7u}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array jvp(const Arrays& x, const Array& y, const Arrays& t) const;
  static SamplesOf<CrossEntropyGrad> samples();
};

/// The mean of CrossEntropy over samples and, if asked for, its gradient, while a row of logits is in the first cache: backward
/// reads no logits and computes no exponentials. Where derivatives are recorded, the gradient is asked for, but for 16 bits, whose
/// gradients a loss that is scaled up has to keep from vanishing.
///
/// Shapes:   x [..., N, C], class [..., N] -> loss [..., 1] and, with `slope`, its gradient [..., N, C].
/// Kinds:    x Float; class of any Int dtype.
/// Errors:   IndexError, naming the class, if one is outside [0, C).
struct MeanCrossEntropy {
  bool slope = false;

  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "mean_cross_entropy"; }
  Specs infer(Operands x) const;
  /// False if derivatives are those of what it lowers to.
  bool has_rule() const { return slope; }
  Keep keep(Wanted) const { return {.inputs = 2, .shells = 1, .output = true}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  Arrays jvp(const Arrays& x, const Arrays& y, const Arrays& t) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<MeanCrossEntropy> samples();
};

/// x times a factor for each matrix in its last two dims; x itself, not a copy, where all factors are 1. The gradient of a loss
/// that was computed with it is nearly always that.
///
/// Shapes: x [..., N, C], factor [..., 1] -> like x.
/// Kinds:  Float, of one dtype.
struct Scaled {
  static constexpr bool multilinear = true;
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "scaled"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Scaled> samples();
};

}  // namespace fornax::op
