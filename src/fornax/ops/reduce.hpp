#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax {

enum class ReduceFn : std::uint8_t { Sum, Mean, Prod, Max, Min, Any, All };

/// A set of dims.
class DimSet {
 public:
  constexpr DimSet() = default;
  static constexpr DimSet all(int rank) {
    DimSet s;
    s.bits_ = static_cast<std::uint8_t>((1u << rank) - 1);
    return s;
  }
  static constexpr DimSet of(int dim) {
    DimSet s;
    s.add(dim);
    return s;
  }
  constexpr void add(int dim) { bits_ = static_cast<std::uint8_t>(bits_ | (1u << dim)); }
  constexpr bool has(int dim) const { return ((bits_ >> dim) & 1u) != 0; }

 private:
  std::uint8_t bits_ = 0;
};

namespace op {

/// One value from all elements along some dims, which stay with size 1.
///
/// Shapes:   x -> the same rank, reduced dims of size 1.
/// Kinds:    sum, prod, max, min Float and Int; mean Float; any, all Bool.
/// Gradient: sum and mean spread the cotangent; prod is exact with any number of zeros; max and min share it evenly
///           among ties (max_dim with an index gives all of it to that index).
/// Errors:   ValueError for max or min of no elements. The empty sum is 0, prod 1, mean NaN, any false, all true.
struct Reduce {
  ReduceFn fn;
  DimSet dims;

  std::string_view name() const;
  Casting casting() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array jvp(const Arrays& x, const Array& y, const Arrays& t) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<Reduce> samples();
};

/// Position of the largest or smallest element along a dim, which stays with size 1; the first of ties; a NaN wins.
struct ArgReduce {
  bool largest;
  int dim;
  static constexpr bool differentiable = false;
  static constexpr Batching batching = Batching::NextDim;

  std::string_view name() const { return largest ? "argmax" : "argmin"; }
  Spec infer(Operands x) const;
  static SamplesOf<ArgReduce> samples();
};

}  // namespace op
}  // namespace fornax
