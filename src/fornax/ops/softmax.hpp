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

  std::string_view name() const { return log ? "log_softmax" : "softmax"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_output(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array jvp(const Arrays& x, const Array& y, const Arrays& t) const;
  static SamplesOf<Softmax> samples();
};

}  // namespace fornax::op
