#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// Matrix product over the last two dims; leading dims are batch dims and must be equal.
///
/// Shapes:   lhs [..., M, K], rhs [..., K, N] -> [..., M, N]; a flag reads its operand as the transpose, without a copy.
/// Errors:   ShapeError if K or the batch dims differ, or a rank is below 2.
/// Gradient: dA = G Bᵀ, dB = Aᵀ G.
struct MatMul {
  bool transpose_lhs = false, transpose_rhs = false;

  static constexpr bool multilinear = true;
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Low;

  std::string_view name() const { return "matmul"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<MatMul> samples();
};

}  // namespace fornax::op
