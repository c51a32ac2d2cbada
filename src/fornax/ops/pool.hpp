#pragma once
// Pooling: the largest or the mean element of windows that slide along the last 1, 2 or 3 dims.

#include <optional>

#include <fornax/ops/rule.hpp>
#include <fornax/ops/window.hpp>

namespace fornax {

struct PoolSettings {
  int dims = 2;
  /// Sizes of the windows; if adaptive, their numbers: window i of m in a dim of size n reaches from floor(i n / m) up
  /// to ceil((i + 1) n / m), and the settings of sliding windows do not matter.
  SpatialSizes kernel = {1, 1, 1};
  bool adaptive = false;
  bool ceil_mode = false;
  SpatialSizes stride = {1, 1, 1}, padding = {}, dilation = {1, 1, 1};
};

struct AvgPoolSettings {
  PoolSettings windows = {};
  bool count_include_pad = true;             // the mean is over the padded window
  std::optional<std::int64_t> divisor = {};  // instead of the number of elements
  bool transposed = false;                   // the adjoint map, to spatial sizes `size`
  SpatialSizes size = {};
};

/// The elements first, first + dilation, ... (count of them) of a dim. `padded` counts those in the padding too, but
/// not what lies beyond it.
struct PoolWindow {
  std::int64_t first, count, padded;
};

/// Number of windows along spatial dim d, of size n. Throws for settings that do not fit.
std::int64_t pool_windows(std::string_view op, const PoolSettings& s, int d, std::int64_t n);
/// Window i of these.
PoolWindow pool_window(const PoolSettings& s, int d, std::int64_t n, std::int64_t i);

/// The elements of x at such places in their planes: what MaxPoolIndex finds.
Array read_places(const Array& x, const Array& indices, int dims);

namespace op {

/// The largest element of each window.
///
/// Shapes:   x [..., in...] -> [..., out...].
/// Kinds:    Float and Int.
/// Errors:   those of MaxPoolIndex.
/// Gradient: by MaxPoolGrad, which looks for the largest elements again: reading x once more costs less than indices do.
struct MaxPool {
  Ref<Box<PoolSettings>> settings;
  static constexpr Batching batching = Batching::Leading;

  MaxPool() = default;
  explicit MaxPool(const PoolSettings& s) : settings(new Box<PoolSettings>(s)) {}

  std::string_view name() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<MaxPool> samples();
};

/// The gradient of MaxPool: each element of g, added up at the place of its window's largest element.
///
/// Shapes:   x [..., in...], g [..., out...] -> like x.
/// Kinds:    Float, of one dtype; 16-bit floats are summed in f32 and rounded once.
/// Errors:   those of MaxPoolIndex; ShapeError for another g.
struct MaxPoolGrad {
  Ref<Box<PoolSettings>> settings;
  static constexpr Batching batching = Batching::Leading;

  MaxPoolGrad() = default;
  explicit MaxPoolGrad(const PoolSettings& s) : settings(new Box<PoolSettings>(s)) {}

  std::string_view name() const;
  Spec infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<MaxPoolGrad> samples();
};

/// Where the largest element of each window is, counted in row-major order through the spatial dims: gather along them,
/// flattened, reads the maxima. The first of ties; a NaN wins, the last one of several (as in PyTorch).
///
/// Shapes:   x [..., in...] -> [..., out...], i64.
/// Kinds:    Float and Int.
/// Errors:   ShapeError if a spatial dim is empty or smaller than the window; ValueError for a setting out of range,
///           and where padding and dilation leave a window without any element.
struct MaxPoolIndex {
  Ref<Box<PoolSettings>> settings;
  static constexpr bool differentiable = false;
  static constexpr Batching batching = Batching::Leading;

  MaxPoolIndex() = default;
  explicit MaxPoolIndex(const PoolSettings& s) : settings(new Box<PoolSettings>(s)) {}

  std::string_view name() const;
  Spec infer(Operands x) const;
  static SamplesOf<MaxPoolIndex> samples();
};

/// The mean of each window: its sum divided by its number of elements, or by a given divisor.
///
/// Shapes:   x [..., in...] -> [..., out...]; transposed back.
/// Kinds:    Float; 16-bit floats are summed in f32 or better and rounded once.
/// Gradient: the transposed map.
/// Errors:   as for MaxPoolIndex; ValueError for a dilation other than 1 or a divisor of 0.
struct AvgPool {
  Ref<Box<AvgPoolSettings>> settings;
  static constexpr bool linear = true;
  static constexpr Batching batching = Batching::Leading;

  AvgPool() = default;
  explicit AvgPool(const AvgPoolSettings& s) : settings(new Box<AvgPoolSettings>(s)) {}

  std::string_view name() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_shells(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<AvgPool> samples();
};

}  // namespace op
}  // namespace fornax
