#pragma once
// Reading and writing at positions that are data. Indices are of any Int dtype, counted from 0.

#include <fornax/ops/rule.hpp>

namespace fornax {

/// How a value meets what is there.
enum class Update : std::uint8_t { Assign, Add, Mul, Min, Max };

namespace op {

/// What backward keeps of an update: the index, and of the nonlinear ones what they met.
constexpr Keep keep_for(Update update) {
  if (update == Update::Assign || update == Update::Add) return {.inputs = 2};
  return {.inputs = 7, .output = update != Update::Mul};
}

/// y[i][j][k] = x[index[i][j][k]][j][k] for dim 0, and likewise for other dims.
///
/// Shapes: x and index of the same rank, index no larger than x outside dim -> the shape of index.
/// Errors: IndexError, naming the index, if one is outside [0, size of dim).
struct Gather {
  int dim;

  static constexpr bool linear = true;
  static constexpr Batching batching = Batching::NextDim;

  std::string_view name() const { return "gather"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 2, .shells = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Gather> samples();
};

/// x with y[index[i][j][k]][j][k] = or += or *= value[i][j][k], or the smaller or larger of both, for dim 0, and likewise
/// for other dims. Where several values are assigned to one place the last in row-major order stays.
///
/// Shapes:   x; index and value of the same shape, no larger than x outside dim -> the shape of x.
/// Kinds:    all for Assign, Float and Int for the others.
/// Gradient: of Mul the product of all others at a place, exact with any number of zeros; of Min and Max an even share
///           for each of the ties at a place, x among them.
struct Scatter {
  int dim;
  Update update;

  static constexpr Batching batching = Batching::NextDim;
  static constexpr Casting casting = Casting::Widest;

  std::string_view name() const { return "scatter"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return keep_for(update); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  bool is_linear() const { return update == Update::Assign || update == Update::Add; }
  static SamplesOf<Scatter> samples();
};

/// The slices of x at index along a dim: an embedding is a select along dim 0.
///
/// Shapes: x [..., N, ...], index [M] -> [..., M, ...].
struct Select {
  int dim;

  static constexpr bool linear = true;

  std::string_view name() const { return "select"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 2, .shells = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<Select> samples();
};

/// x with the slices of value assigned, added, multiplied or compared at index along a dim; gradients as for Scatter.
///
/// Shapes: x [..., N, ...], index [M], value [..., M, ...] -> the shape of x.
struct SelectAssign {
  int dim;
  Update update;

  static constexpr Casting casting = Casting::Widest;

  std::string_view name() const { return "select_assign"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return keep_for(update); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  bool is_linear() const { return update == Update::Assign || update == Update::Add; }
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<SelectAssign> samples();
};

}  // namespace op
}  // namespace fornax
