#pragma once
// Convolution whose windows bend: each element of a window is read at a place of its own.

#include <fornax/functional/per_dim.hpp>
#include <fornax/functional/typed.hpp>

namespace fornax::functional {

struct DeformConvOptions {
  PerDim<2> stride = 1;
  PerDim<2> padding = 0;
  PerDim<2> dilation = 1;
  std::int64_t groups = 1;         // of the weight
  std::int64_t offset_groups = 1;  // channels of one group share their offsets
};

/// conv2d with window element (i, j) of each result read `offset` pixels away from its place, between pixels by bilinear
/// interpolation, zeros beyond the picture, and times `mask`. Without a mask or a bias (an empty Array): without these.
///
/// Shapes:   x [N, C, H, W], weight [O, C / groups, kh, kw], mask [N, offset_groups kh kw, H', W'], bias [O],
///           offset [N, 2 offset_groups kh kw, H', W']: for each group and window element, row-major, a distance down,
///           then one to the right -> [N, O, H', W'], the size that conv2d gives.
/// Kinds:    Float, all of one dtype; positions are computed in f32 at least.
/// Gradient: for all inputs; that of an offset which leads to the centre of a pixel is the one toward larger positions.
/// Errors:   ShapeError if the shapes do not fit; ValueError for a setting out of range.
/// Source:   Dai et al., Deformable convolutional networks, 2017; Zhu et al., Deformable ConvNets v2, 2019 (the mask).
Array deform_conv2d(const Array& x, const Array& offset, const Array& weight, const Array& mask, const Array& bias,
                    const DeformConvOptions& options = {});

template <BackendType B>
Tensor<B, 4> deform_conv2d(const Tensor<B, 4>& x, const Tensor<B, 4>& offset, const Tensor<B, 4>& weight,
                           const Optional<B, 4>& mask = {}, const Optional<B, 1>& bias = {},
                           const DeformConvOptions& options = {}) {
  return Tensor<B, 4>::unchecked(deform_conv2d(x.array(), offset.array(), weight.array(), impl::array_or_none(mask),
                                               impl::array_or_none(bias), options));
}

}  // namespace fornax::functional
