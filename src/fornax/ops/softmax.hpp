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

/// -log(softmax(x)) at a class, along the last dim: the cross entropy of each sample from its logits, in one pass.
///
/// Shapes: x [..., C], class [...] -> [...].
/// Kinds:  x Float; class of any Int dtype.
/// Errors: IndexError, naming the class, if one is outside [0, C).
struct CrossEntropy {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "cross_entropy"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 3}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array jvp(const Arrays& x, const Array& y, const Arrays& t) const;
  static SamplesOf<CrossEntropy> samples();
};

/// g (softmax(x) - one_hot(class)): the gradient of CrossEntropy, in one pass too.
///
/// Shapes: x [..., C], class [...], g [...] -> [..., C].
/// Kinds:  x and g Float, of one dtype; class of any Int dtype.
/// Errors: IndexError, naming the class, if one is outside [0, C).
struct CrossEntropyGrad {
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "cross_entropy_grad"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const { return {.inputs = wanted[0] ? 7u : 3u}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array jvp(const Arrays& x, const Array& y, const Arrays& t) const;
  static SamplesOf<CrossEntropyGrad> samples();
};

}  // namespace fornax::op
