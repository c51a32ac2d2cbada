#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

// Steps of optimizers, of any number of parameters at once: one pass over all of them, in place where arrays are given away. The
// inputs stand in sets, one for each parameter, in the order of the names below; so do the results.
//
// Weight decay, of either kind, comes first: g + l2 w stands for g in what follows, and shrink w for w.

/// A step of gradient descent with momentum: v' = momentum v + share g; w' = w - rate v', or with Nesterov's momentum
/// w - rate (g + momentum v'). Without momentum there is no v: w' = w - rate g.
///
/// Shapes: w, g and v of one shape in each set -> w', v' of that shape.
/// Kinds:  Float, of one dtype.
struct SgdStep {
  double rate, momentum, share = 1;  // share is 1 less the dampening
  bool nesterov = false;
  double l2 = 0, shrink = 1;

  static constexpr Batching batching = Batching::Leading;

  friend bool operator==(const SgdStep&, const SgdStep&) = default;
  std::size_t set() const { return momentum == 0 ? 2 : 3; }

  std::string_view name() const { return "sgd_step"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<SgdStep> samples();
};

/// A step of Adam: m' = beta1 m + (1 - beta1) g; v' = beta2 v + (1 - beta2) g²; w' = w - rate m' / (sqrt(v') + eps). What makes up
/// for the averages' start at zero is part of rate and eps.
///
/// Shapes: w, g, m and v of one shape in each set -> w', m', v' of that shape.
/// Kinds:  Float, of one dtype.
struct AdamStep {
  double rate, beta1, beta2, eps;
  double l2 = 0, shrink = 1;

  static constexpr Batching batching = Batching::Leading;

  friend bool operator==(const AdamStep&, const AdamStep&) = default;
  std::size_t set() const { return 4; }

  std::string_view name() const { return "adam_step"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<AdamStep> samples();
};

}  // namespace fornax::op
