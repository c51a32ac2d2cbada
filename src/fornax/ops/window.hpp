#pragma once
// Windows that slide along spatial dims: the arithmetic that convolution and pooling share, checked once.

#include <array>
#include <cstdint>
#include <string_view>

#include <fornax/array/shape.hpp>

namespace fornax {

/// Convolutions and pools work along the last 1, 2 or 3 dims of an array.
inline constexpr int kMaxSpatialDims = 3;
/// A number for each spatial dim; those beyond the dims of an operation are not read.
using SpatialSizes = std::array<std::int64_t, kMaxSpatialDims>;

/// The windows along one dim: window i has the elements i stride - before + j dilation for j in [0, kernel).
struct WindowSettings {
  std::int64_t kernel, stride = 1, before = 0, after = 0, dilation = 1;
  /// A last window that leaves the padded dim counts too, if it starts before the padding behind the dim.
  bool ceil_mode = false;
};

/// Number of windows along a dim of size n: floor((n + before + after - dilation (kernel - 1) - 1) / stride) + 1, or
/// with ceil_mode rounded up. Throws ValueError for a kernel, stride or dilation below 1 or a negative padding, and
/// ShapeError if no window fits; both name the spatial dim.
std::int64_t window_count(std::string_view op, int spatial_dim, std::int64_t n, const WindowSettings& w);

/// dilation (kernel - 1) + 1. Throws ValueError if that overflows.
std::int64_t window_reach(std::string_view op, int spatial_dim, const WindowSettings& w);

/// Throws ShapeError unless dims is 1, 2 or 3.
void require_spatial_dims(std::string_view op, int dims);

}  // namespace fornax
