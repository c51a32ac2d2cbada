#pragma once
// Pictures of other sizes, and as columns of patches.

#include <fornax/functional/fold.hpp>
#include <fornax/functional/resample.hpp>
#include <fornax/nn/layer.hpp>

namespace fornax::functional {
FORNAX_ENUM(InterpolateMode, Nearest, NearestExact, Linear, Cubic, Area)
}

namespace fornax::nn {

/// x with other spatial sizes: functional::interpolate, by sizes or by factors.
///
/// Shapes: x [N, C, in...] with 1 to 3 spatial dims -> [N, C, size...].
struct Interpolate {
  std::vector<std::int64_t> size = {};
  std::vector<double> scale_factor = {};
  functional::InterpolateMode mode = functional::InterpolateMode::Nearest;
  bool align_corners = false;
  FORNAX_LAYER(Interpolate, size, scale_factor, mode, align_corners)
  void validate() const {
    require(size.empty() != scale_factor.empty(), "Interpolate", "scale_factor", scale_factor.size(),
            "given, or else size");
  }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::interpolate(x, {size, scale_factor, mode, align_corners});
  }
};

/// The windows of pictures as columns: functional::unfold. [N, C, H, W] -> [N, C kernel_h kernel_w, windows].
struct Unfold4d {
  PerDim<2> kernel_size = 3;
  PerDim<2> stride = 1, padding = 0, dilation = 1;
  FORNAX_LAYER(Unfold4d, kernel_size, stride, padding, dilation)
  void validate() const { detail::require_all("Unfold4d", "kernel_size", kernel_size.values, true); }
  template <BackendType B> Tensor<B, 3> forward(const Tensor<B, 4>& x) const {
    return functional::unfold(x, kernel_size, {stride, padding, dilation});
  }
};

/// Columns as pictures: functional::fold, the transpose of unfold.
struct Fold4d {
  PerDim<2> output_size = 1, kernel_size = 3;
  PerDim<2> stride = 1, padding = 0, dilation = 1;
  FORNAX_LAYER(Fold4d, output_size, kernel_size, stride, padding, dilation)
  void validate() const {
    detail::require_all("Fold4d", "output_size", output_size.values, true);
    detail::require_all("Fold4d", "kernel_size", kernel_size.values, true);
  }
  template <BackendType B> Tensor<B, 4> forward(const Tensor<B, 3>& x) const {
    return functional::fold(x, output_size, kernel_size, {stride, padding, dilation});
  }
};

}  // namespace fornax::nn
