#pragma once

#include <fornax/ops/rule.hpp>
#include <fornax/ops/window.hpp>

namespace fornax {

/// Which of a convolution's three arrays is computed from the two others.
enum class ConvKind : std::uint8_t { Forward, Input, Weight };

struct ConvSettings {
  ConvKind kind = ConvKind::Forward;
  int dims = 2;
  std::int64_t groups = 1;
  SpatialSizes stride = {1, 1, 1}, dilation = {1, 1, 1};
  SpatialSizes before = {}, after = {};  // zeros that x is thought to have at the start and at the end of each dim
  SpatialSizes size = {};                // kind Input: the spatial sizes of x; kind Weight: those of the kernel
};

namespace op {

/// Cross-correlation over 1, 2 or 3 spatial dims,
///
///   y[n, o, p] = sum over c, k of x[n, c, p stride - before + k dilation] w[o, c, k],
///
/// where each of `groups` groups of output channels sees its own group of input channels, and the two maps that are
/// adjoint to it: all three are what is left of sum(y g), linear in x, w and g, when one of them is taken out. So the
/// gradients of each are the two others.
///
/// Shapes:   Forward x [N, C, in...], w [O, C / groups, k...] -> y [N, O, out...],
///             out = floor((in + before + after - dilation (k - 1) - 1) / stride) + 1;
///           Input   g [N, O, out...], w -> [N, C, in...]: the transposed convolution;
///           Weight  x, g -> [O, C / groups, k...].
/// Kinds:    Float; 16-bit floats are computed in f32 and rounded once. Windows of 3 x 3 in f32 may be computed in tiles of
///           4 x 4 outputs (docs/decisions/0014): a NaN or an infinity then reaches all outputs of the tiles that see it.
/// Errors:   ShapeError if ranks or channels do not fit together or the kernel is larger than the padded input;
///           ValueError for a setting out of range.
struct Conv {
  Ref<Box<ConvSettings>> settings;

  Conv() = default;
  explicit Conv(const ConvSettings& s) : settings(new Box<ConvSettings>(s)) {}

  static constexpr bool multilinear = true;
  static constexpr Casting casting = Casting::Low;

  std::string_view name() const;
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Array batch(const BatchedInputs& in) const;
  static SamplesOf<Conv> samples();
};

}  // namespace op
}  // namespace fornax
