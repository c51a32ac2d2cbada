#pragma once

#include <fornax/ops/create.hpp>
#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// Each element is 0 with the given probability, else x / (1 - probability). Nothing is kept of it: the gradient draws the same
/// numbers again. With `dims` there is one draw for each position in so many dims, and what lies in the others is lost together.
///
/// Shapes: x [...] -> like x.
/// Kinds:  Float.
/// Errors: ValueError if the probability is outside [0, 1) or `dims` negative.
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
struct Dropout {
  double probability;
  Draw draw = {};  // what random() draws Bool from, with probability 1 - probability
  int dims = kMaxRank;

  static constexpr bool linear = true;

  std::string_view name() const { return "dropout"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::nothing(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<Dropout> samples();
};

}  // namespace fornax::op
