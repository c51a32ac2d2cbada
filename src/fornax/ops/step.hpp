#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// A step of gradient descent with momentum: v' = momentum v + share g; w' = w - rate v', or with Nesterov's momentum
/// w - rate (g + momentum v'). One pass, in place where w and v are given away.
///
/// Shapes: w, g and v of one shape -> w', v' of that shape.
/// Kinds:  Float, of one dtype.
struct SgdStep {
  double rate, momentum, share = 1;  // share is 1 less the dampening
  bool nesterov = false;

  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "sgd_step"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<SgdStep> samples();
};

/// A step of Adam: m' = beta1 m + (1 - beta1) g; v' = beta2 v + (1 - beta2) g²; w' = w - rate m' / (sqrt(v') + eps). One pass, in
/// place where w, m and v are given away. What makes up for the averages' start at zero is part of rate and eps.
///
/// Shapes: w, g, m and v of one shape -> w', m', v' of that shape.
/// Kinds:  Float, of one dtype.
struct AdamStep {
  double rate, beta1, beta2, eps;

  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "adam_step"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<AdamStep> samples();
};

}  // namespace fornax::op
