#pragma once
// Pictures and their patches as columns; channels and their blocks of pixels. All are rearrangements (fold also adds).

#include <fornax/functional/per_dim.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax::functional {

struct FoldOptions {
  PerDim<2> stride = 1, padding = 0, dilation = 1;
};

/// The windows that a convolution with this kernel sees, as columns (im2col).
///
/// Shapes:  x [N, C, H, W] -> [N, C kernel_h kernel_w, number of windows], both in row-major order.
/// Errors:  ShapeError for another rank or if no window fits; ValueError for a setting out of range.
Array unfold(const Array& x, PerDim<2> kernel, const FoldOptions& options = {});
/// The transpose of unfold (col2im): each element is added where it came from.
///
/// Shapes:  x [N, C kernel_h kernel_w, number of windows] -> [N, C, output_size...].
/// Errors:  as for unfold; ShapeError if the columns are not those of such a picture.
Array fold(const Array& x, PerDim<2> output_size, PerDim<2> kernel, const FoldOptions& options = {});

/// Channels to blocks of pixels: y[..., c, h factor + i, w factor + j] = x[..., (c factor + i) factor + j, h, w].
///
/// Shapes:  x [..., C factor², H, W] -> [..., C, H factor, W factor].
/// Errors:  ShapeError for a rank below 3 or sizes that do not divide; ValueError for a factor below 1.
/// Source:  Shi et al., Real-time single image and video super-resolution, 2016.
Array pixel_shuffle(const Array& x, std::int64_t factor);
/// The inverse of pixel_shuffle.
Array pixel_unshuffle(const Array& x, std::int64_t factor);

template <BackendType B> Tensor<B, 3> unfold(const Tensor<B, 4>& x, PerDim<2> kernel, const FoldOptions& options = {}) {
  return Tensor<B, 3>(unfold(x.array(), kernel, options));
}
template <BackendType B>
Tensor<B, 4> fold(const Tensor<B, 3>& x, PerDim<2> output_size, PerDim<2> kernel, const FoldOptions& options = {}) {
  return Tensor<B, 4>(fold(x.array(), output_size, kernel, options));
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> pixel_shuffle(const Tensor<B, D, K>& x, std::int64_t factor) {
  static_assert(D >= 3, "pixel_shuffle needs [..., C, H, W]");
  return Tensor<B, D, K>(pixel_shuffle(x.array(), factor));
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> pixel_unshuffle(const Tensor<B, D, K>& x, std::int64_t factor) {
  static_assert(D >= 3, "pixel_unshuffle needs [..., C, H, W]");
  return Tensor<B, D, K>(pixel_unshuffle(x.array(), factor));
}

}  // namespace fornax::functional
