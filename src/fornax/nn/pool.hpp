#pragma once
// Pooling over 1, 2 and 3 spatial dims: the functions of functional/pool.hpp as layers.

#include <fornax/functional/pool.hpp>
#include <fornax/nn/layer.hpp>

namespace fornax::functional {

// In JSON: null for the kernel's size, or a number for each dim.
template <int N> void pass_config(nn::detail::ConfigIo& io, std::string_view name, PoolStride<N>& stride) {
  PerDim<N> values = stride.given.value_or(1);
  if (io.optional(name, stride.given.has_value())) {
    io.numbers(name, values.values);
    stride.given = values;
  } else {
    stride.given.reset();
  }
}

}  // namespace fornax::functional

namespace fornax::nn {

using functional::PoolStride;

/// The largest element of each window.
///
/// Shapes: x [N, C, in...] or [C, in...] -> [N, C, out...].
template <int N> struct MaxPool {
  PerDim<N> kernel_size = 2;
  PoolStride<N> stride = {};  // the kernel's size if not given
  PerDim<N> padding = 0, dilation = 1;
  bool ceil_mode = false;
  FORNAX_LAYER_AS(MaxPool, detail::by_dims<N>("MaxPool1d", "MaxPool2d", "MaxPool3d"), kernel_size, stride, padding,
                  dilation, ceil_mode)
  void validate() const {
    detail::require_all(module_name(), "kernel_size", kernel_size.values, true);
    detail::require_all(module_name(), "dilation", dilation.values, true);
    detail::require_all(module_name(), "padding", padding.values, false);
  }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    fornax::detail::require_picture<D, N>();
    return Tensor<B, D>::unchecked(
        functional::max_pool<N>(x.array(), kernel_size, {stride, padding, dilation, ceil_mode}));
  }
};
/// The values of a MaxPool back at their places: functional::max_unpool.
template <int N> struct MaxUnpool {
  PerDim<N> output_size = 1;
  FORNAX_LAYER_AS(MaxUnpool, detail::by_dims<N>("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"), output_size)
  void validate() const { detail::require_all(module_name(), "output_size", output_size.values, true); }
  template <BackendType B, std::size_t D>
  Tensor<B, D> forward(const Tensor<B, D>& x, const Tensor<B, D, Int>& indices) const {
    fornax::detail::require_picture<D, N>();
    return Tensor<B, D>::unchecked(functional::max_unpool<N>(x.array(), indices.array(), output_size));
  }
};
using MaxUnpool1d = MaxUnpool<1>;
using MaxUnpool2d = MaxUnpool<2>;
using MaxUnpool3d = MaxUnpool<3>;

using MaxPool1d = MaxPool<1>;
using MaxPool2d = MaxPool<2>;
using MaxPool3d = MaxPool<3>;

/// The mean of each window.
template <int N> struct AvgPool {
  PerDim<N> kernel_size = 2;
  PoolStride<N> stride = {};
  PerDim<N> padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  FORNAX_LAYER_AS(AvgPool, detail::by_dims<N>("AvgPool1d", "AvgPool2d", "AvgPool3d"), kernel_size, stride, padding,
                  ceil_mode, count_include_pad)
  void validate() const {
    detail::require_all(module_name(), "kernel_size", kernel_size.values, true);
    detail::require_all(module_name(), "padding", padding.values, false);
  }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    fornax::detail::require_picture<D, N>();
    return Tensor<B, D>::unchecked(
        functional::avg_pool<N>(x.array(), kernel_size, {stride, padding, ceil_mode, count_include_pad, {}}));
  }
};
using AvgPool1d = AvgPool<1>;
using AvgPool2d = AvgPool<2>;
using AvgPool3d = AvgPool<3>;

/// The mean (the largest element) of a given number of windows.
///
/// Shapes: x [N, C, in...] or [C, in...] -> [N, C, output_size...].
template <int N> struct AdaptiveAvgPool {
  PerDim<N> output_size = 1;
  FORNAX_LAYER_AS(AdaptiveAvgPool, detail::by_dims<N>("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"),
                  output_size)
  void validate() const { detail::require_all(module_name(), "output_size", output_size.values, true); }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    fornax::detail::require_picture<D, N>();
    return Tensor<B, D>::unchecked(functional::adaptive_avg_pool<N>(x.array(), output_size));
  }
};
using AdaptiveAvgPool1d = AdaptiveAvgPool<1>;
using AdaptiveAvgPool2d = AdaptiveAvgPool<2>;
using AdaptiveAvgPool3d = AdaptiveAvgPool<3>;

template <int N> struct AdaptiveMaxPool {
  PerDim<N> output_size = 1;
  FORNAX_LAYER_AS(AdaptiveMaxPool, detail::by_dims<N>("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"),
                  output_size)
  void validate() const { detail::require_all(module_name(), "output_size", output_size.values, true); }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    fornax::detail::require_picture<D, N>();
    return Tensor<B, D>::unchecked(functional::adaptive_max_pool<N>(x.array(), output_size));
  }
};
using AdaptiveMaxPool1d = AdaptiveMaxPool<1>;
using AdaptiveMaxPool2d = AdaptiveMaxPool<2>;
using AdaptiveMaxPool3d = AdaptiveMaxPool<3>;

using MaxPool1dConfig = MaxPool1d;
using MaxPool2dConfig = MaxPool2d;
using MaxPool3dConfig = MaxPool3d;
using AvgPool1dConfig = AvgPool1d;
using AvgPool2dConfig = AvgPool2d;
using AvgPool3dConfig = AvgPool3d;
using AdaptiveAvgPool1dConfig = AdaptiveAvgPool1d;
using AdaptiveAvgPool2dConfig = AdaptiveAvgPool2d;
using AdaptiveAvgPool3dConfig = AdaptiveAvgPool3d;
using AdaptiveMaxPool1dConfig = AdaptiveMaxPool1d;
using AdaptiveMaxPool2dConfig = AdaptiveMaxPool2d;
using AdaptiveMaxPool3dConfig = AdaptiveMaxPool3d;

}  // namespace fornax::nn
