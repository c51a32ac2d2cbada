#pragma once
// The sizes of a convolution, from its settings and the shapes of the picture's side x, of the weight and of the result's side y.

#include <fornax/ops/conv.hpp>

namespace fornax::cpu {

/// With leading spatial dims of size 1 where there are fewer than three.
struct ConvSizes {
  int dims;
  std::int64_t images, groups, in_channels, out_channels;  // of all groups
  SpatialSizes in = {1, 1, 1}, kernel = {1, 1, 1}, out = {1, 1, 1};
  SpatialSizes stride = {1, 1, 1}, dilation = {1, 1, 1}, before = {};

  ConvSizes(const ConvSettings& s, const Shape& x, const Shape& w, const Shape& y)
      : dims(s.dims), images(x[0]), groups(s.groups), in_channels(x[1]), out_channels(w[0]) {
    for (int d = 0; d < s.dims; ++d) {
      const auto from = static_cast<std::size_t>(d), to = from + first();
      in[to] = x[d + 2];
      kernel[to] = w[d + 2];
      out[to] = y[d + 2];
      stride[to] = s.stride[from];
      dilation[to] = s.dilation[from];
      before[to] = s.before[from];
    }
  }
  /// The first of the dims that there are.
  std::size_t first() const { return static_cast<std::size_t>(kMaxSpatialDims - dims); }
  /// Each output sees one element of each channel, at its own position.
  bool is_pointwise() const {
    return product(kernel) == 1 && stride == SpatialSizes{1, 1, 1} && before == SpatialSizes{} && in == out;
  }
  static std::int64_t product(const SpatialSizes& s) { return s[0] * s[1] * s[2]; }
};

}  // namespace fornax::cpu
