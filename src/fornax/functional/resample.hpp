#pragma once
// Pictures read between their pixels: resizing, and sampling at positions that are data.

#include <vector>

#include <fornax/tensor/tensor.hpp>

namespace fornax::functional {

/// How values between pixels are made. Linear and Cubic act along each spatial dim in turn.
enum class InterpolateMode : std::uint8_t {
  Nearest,       // the pixel at floor(source position)
  NearestExact,  // the pixel whose centre is nearest
  Linear,
  Cubic,  // Keys' kernel with A = -0.75; may leave the range of the pixels
  Area,   // adaptive average pooling
  Bilinear = Linear,
  Trilinear = Linear,
  Bicubic = Cubic,
};

/// Either the sizes or the factors are given; one number stands for all spatial dims.
struct InterpolateOptions {
  std::vector<std::int64_t> size = {};
  std::vector<double> scale_factor = {};
  InterpolateMode mode = InterpolateMode::Nearest;
  /// Linear and Cubic: the centres of the outermost pixels, not their outer edges, coincide.
  bool align_corners = false;
};

/// x with other spatial sizes: each new pixel is made of the old ones around its position, without antialiasing. New
/// pixels lie 1 / scale_factor old ones apart, or in / size; Linear leaves a dim that keeps its size as it is.
///
/// Shapes:  x [N, C, in...] with 1 to 3 spatial dims -> [N, C, size...], size = floor(in scale_factor).
/// Kinds:   Float; Int too for Nearest and NearestExact.
/// Errors:  ShapeError for another rank or an empty spatial dim; ValueError unless exactly one of size and scale_factor
///          is given, with as many positive numbers as there are spatial dims.
/// Source:  Keys, Cubic convolution interpolation for digital image processing, 1981.
/// Example: auto y = interpolate(x, {.scale_factor = {2.0}, .mode = InterpolateMode::Bilinear});
Array interpolate(const Array& x, const InterpolateOptions& options);

enum class SampleMode : std::uint8_t { Bilinear, Nearest, Bicubic };
/// What lies beyond the picture: zeros; its outermost pixels; its mirror image.
enum class SamplePadding : std::uint8_t { Zeros, Border, Reflection };

struct GridSampleOptions {
  SampleMode mode = SampleMode::Bilinear;
  SamplePadding padding = SamplePadding::Zeros;
  /// -1 and 1 are the centres of the outermost pixels, not their outer edges.
  bool align_corners = false;
};

/// x read at the positions in grid: the last dim has the coordinate along the last spatial dim first, from -1 to 1 across
/// the picture. Differentiable in x and, but for Nearest, in grid; with Border and Reflection a position on or beyond
/// the outermost pixels' centres has slope 0. There a NaN is the first pixel; with Zeros it gives NaN.
///
/// Shapes:  x [N, C, H, W], grid [N, H', W', 2] -> [N, C, H', W']; x [N, C, D, H, W], grid [N, D', H', W', 3] likewise.
/// Kinds:   Float, both of one dtype; positions are computed in f32 at least.
/// Errors:  ShapeError if the shapes do not fit or a spatial dim of x is empty; ValueError for Bicubic in 3 dims.
Array grid_sample(const Array& x, const Array& grid, const GridSampleOptions& options = {});

/// The grid that grid_sample needs for an affine map of the picture: theta (x, y, 1) at each pixel's place.
///
/// Shapes:  theta [N, 2, 3], size [N, C, H, W] -> [N, H, W, 2]; theta [N, 3, 4], size [N, C, D, H, W] -> [N, D, H, W, 3].
/// Kinds:   Float.
/// Errors:  ShapeError if theta and size do not fit.
Array affine_grid(const Array& theta, const Shape& size, bool align_corners = false);

template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> interpolate(const Tensor<B, D, K>& x, const InterpolateOptions& options) {
  static_assert(D >= 3 && D <= 5, "interpolate needs [N, C, spatial dims...] with 1 to 3 spatial dims");
  return Tensor<B, D, K>(interpolate(x.array(), options));
}
template <BackendType B, std::size_t D>
Tensor<B, D> grid_sample(const Tensor<B, D>& x, const Tensor<B, D>& grid, const GridSampleOptions& options = {}) {
  static_assert(D == 4 || D == 5, "grid_sample needs [N, C, H, W] or [N, C, D, H, W]");
  return Tensor<B, D>(grid_sample(x.array(), grid.array(), options));
}
template <std::size_t D, BackendType B>
Tensor<B, D> affine_grid(const Tensor<B, 3>& theta, const Index (&size)[D], bool align_corners = false) {
  static_assert(D == 4 || D == 5, "affine_grid needs the sizes [N, C, H, W] or [N, C, D, H, W]");
  std::array<std::int64_t, D> sizes{};
  for (std::size_t d = 0; d < D; ++d) sizes[d] = size[d];
  return Tensor<B, D>(affine_grid(theta.array(), Shape(sizes), align_corners));
}

}  // namespace fornax::functional
