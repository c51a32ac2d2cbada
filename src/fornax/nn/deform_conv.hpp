#pragma once
// Convolutions whose windows bend.

#include <fornax/functional/deform_conv.hpp>
#include <fornax/nn/conv.hpp>

namespace fornax::nn {

/// functional::deform_conv2d: where each element of a window is read, another network says.
///
/// Shapes: x [N, C, H, W], offset [N, 2 offset_groups kh kw, H', W'], mask [N, offset_groups kh kw, H', W'],
///         weight [O, C / groups, kh, kw], bias [O] -> [N, O, H', W'].
template <class B> struct DeformConv2d {
  Tensor<B, 4> weight;
  std::optional<Tensor<B, 1>> bias;
  PerDim<2> stride = 1, padding = 0, dilation = 1;
  std::int64_t groups = 1, offset_groups = 1;
  FORNAX_MODULE(DeformConv2d, weight, bias, stride, padding, dilation, groups, offset_groups)

  Tensor<B, 4> forward(const Tensor<B, 4>& x, const Tensor<B, 4>& offset,
                       const std::optional<Tensor<B, 4>>& mask = std::nullopt) const {
    return functional::deform_conv2d(x, offset, weight, mask, bias, {stride, padding, dilation, groups, offset_groups});
  }
};

struct DeformConv2dConfig {
  std::array<std::int64_t, 2> channels = {0, 0};  // of the input, of the output
  PerDim<2> kernel_size = 3;
  PerDim<2> stride = 1, padding = 0, dilation = 1;
  std::int64_t groups = 1, offset_groups = 1;
  bool bias = true;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);  // of the bias too
  FORNAX_LAZY_CONFIG(DeformConv2dConfig, channels, kernel_size, stride, padding, dilation, groups, offset_groups, bias,
                     initializer)

  /// Errors: as for ConvConfig; ValueError unless offset_groups is positive.
  void validate() const {
    sizes().validate();
    detail::require_all(config_name(), "stride", stride.values, true);
    detail::require_all(config_name(), "padding", padding.values, false);
    detail::require_all(config_name(), "dilation", dilation.values, true);
    require_positive(config_name(), "offset_groups", offset_groups);
  }
  template <BackendType B> DeformConv2d<B> init(const InitOptions& on = {}) const {
    auto layer = detail::init_conv<DeformConv2d<B>>(*this, sizes(), on);
    layer.stride = stride;
    layer.padding = padding;
    layer.dilation = dilation;
    layer.groups = groups;
    layer.offset_groups = offset_groups;
    return layer;
  }
  detail::ConvSizes sizes() const { return {config_name(), channels, kernel_size.values, groups, false}; }
};

}  // namespace fornax::nn
