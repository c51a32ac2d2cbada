#pragma once
// Other views of the same elements: nothing is copied where strides can say it.

#include <fornax/ops/rule.hpp>

namespace fornax {

/// A whole number of elements of one dim: start, start + step, ... (count of them). Step may be negative.
struct SliceDim {
  std::int64_t start = 0, count = 0, step = 1;
};

/// One SliceDim for each dim of the array.
struct SliceDims {
  std::array<SliceDim, kMaxRank> dims;
};

namespace op {

/// Repeats dims of size 1, and adds leading dims, without copying.
///
/// Shapes:   x [..., 1, ...] -> shape, ranks aligned at the last dim.
/// Gradient: the sum over the repeated dims.
struct Broadcast {
  Shape shape;

  static constexpr bool linear = true;

  std::string_view name() const { return "broadcast"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_shells(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<Broadcast> samples();
};

/// The same elements in row-major order under another shape; a view where strides allow, else a copy.
struct Reshape {
  Shape shape;

  static constexpr bool linear = true;

  std::string_view name() const { return "reshape"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_shells(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<Reshape> samples();
};

/// Dims in another order: y's dim d is x's dim dims[d].
struct Permute {
  std::array<std::int8_t, kMaxRank> dims;

  static constexpr bool linear = true;

  std::string_view name() const { return "permute"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::nothing(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<Permute> samples();
};

/// Every step-th element between two bounds, per dim. A view.
struct Slice {
  Ref<Box<SliceDims>> at;

  static constexpr bool linear = true;

  std::string_view name() const { return "slice"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_shells(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<Slice> samples();
};

/// x with a slice of it replaced by `value`.
///
/// Shapes: x [...], value of the slice's shape -> x's shape.
struct SliceAssign {
  Ref<Box<SliceDims>> at;

  static constexpr bool linear = true;
  static constexpr Casting casting = Casting::Widest;

  std::string_view name() const { return "slice_assign"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::nothing(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<SliceAssign> samples();
};

/// Arrays one after another along a dim.
///
/// Shapes: n arrays equal in every size but that of `dim` -> that size is the sum.
struct Cat {
  int dim;

  static constexpr bool linear = true;
  static constexpr Batching batching = Batching::NextDim;
  static constexpr Casting casting = Casting::Widest;

  std::string_view name() const { return "cat"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_shells(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Cat> samples();
};

}  // namespace op
}  // namespace fornax
