#pragma once
// Convolutions over 1, 2 and 3 spatial dims, and their transposes.

#include <fornax/functional/conv.hpp>
#include <fornax/nn/layer.hpp>

namespace fornax::functional {

// In JSON: "Same", or a number for each dim.
template <int N> void pass_config(nn::detail::ConfigIo& io, std::string_view name, ConvPadding<N>& padding) {
  padding.same = io.word(name, "Same", padding.same);
  if (!padding.same) io.numbers(name, padding.sizes.values);
}

}  // namespace fornax::functional

namespace fornax::nn {

using functional::ConvPad;
using functional::ConvPadding;

namespace detail {

/// What the convolutions share: checks, and the shape of the weight.
struct ConvSizes {
  std::string_view config;
  std::span<const std::int64_t> channels, kernel;
  std::int64_t groups;
  bool transposed;

  void validate() const;
  Shape weight() const;
};
struct ConvArrays {
  Array weight, bias;
};
ConvArrays init_conv(const ConvSizes& sizes, bool bias, const Initializer& initializer, const InitOptions& on,
                     Interpreter& backend, bool autodiff);

template <class Layer, class Config> Layer init_conv(const Config& c, const ConvSizes& sizes, const InitOptions& on) {
  using T = std::remove_cvref_t<decltype(Layer().weight)>;
  using B = typename T::Backend;
  c.validate();
  ConvArrays made = init_conv(sizes, c.bias, c.initializer, on, B::interpreter(), B::is_autodiff);
  Layer layer{};
  layer.weight = T::unchecked(std::move(made.weight));
  if (c.bias) layer.bias = Tensor<B, 1>::unchecked(std::move(made.bias));
  return layer;
}

}  // namespace detail

/// Cross-correlation with N spatial dims: functional::conv.
///
/// Shapes: x [N, C, in...] or [C, in...], weight [O, C / groups, k...], bias [O] -> [N, O, out...].
template <class B, int N> struct Conv {
  Tensor<B, N + 2> weight;
  std::optional<Tensor<B, 1>> bias;
  PerDim<N> stride = 1;
  ConvPadding<N> padding = 0;
  PerDim<N> dilation = 1;
  std::int64_t groups = 1;
  FORNAX_MODULE_AS(, detail::by_dims<N>("Conv1d", "Conv2d", "Conv3d"), weight, bias, stride, padding, dilation, groups)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const { return run(x, {}); }
  /// f of that, in one pass. Example: conv1.forward(x, UnaryFn::Relu).
  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x, UnaryFn f) const { return run(x, f); }

 private:
  template <std::size_t D> Tensor<B, D> run(const Tensor<B, D>& x, std::optional<UnaryFn> f) const {
    fornax::detail::require_picture<D, N>();
    return Tensor<B, D>::unchecked(functional::conv<N>(x.array(), weight.array(), bias ? &bias->array() : nullptr,
                                                       {stride, padding, dilation, groups, f}));
  }
};
template <class B> using Conv1d = Conv<B, 1>;
template <class B> using Conv2d = Conv<B, 2>;
template <class B> using Conv3d = Conv<B, 3>;

/// Example: auto conv = nn::Conv2dConfig{.channels = {1, 8}, .kernel_size = 3, .padding = nn::ConvPad::Same}.init<B>();
template <int N> struct ConvConfig {
  std::array<std::int64_t, 2> channels = {0, 0};  // of the input, of the output
  PerDim<N> kernel_size = 3;
  PerDim<N> stride = 1;
  ConvPadding<N> padding = 0;
  PerDim<N> dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);  // of the bias too
  FORNAX_CONFIG_AS(, ConvConfig, detail::by_dims<N>("Conv1dConfig", "Conv2dConfig", "Conv3dConfig"), channels,
                   kernel_size, stride, padding, dilation, groups, bias, initializer)

  /// Errors: ValueError unless sizes are positive, padding is not negative, and groups divides both numbers of channels.
  void validate() const {
    sizes().validate();
    detail::require_all(config_name(), "stride", stride.values, true);
    detail::require_all(config_name(), "padding", padding.sizes.values, false);
    detail::require_all(config_name(), "dilation", dilation.values, true);
  }
  template <BackendType B> Conv<B, N> init(const InitOptions& on = {}) const {
    auto layer = detail::init_conv<Conv<B, N>>(*this, sizes(), on);
    layer.stride = stride;
    layer.padding = padding;
    layer.dilation = dilation;
    layer.groups = groups;
    return layer;
  }
  detail::ConvSizes sizes() const { return {config_name(), channels, kernel_size.values, groups, false}; }
};
using Conv1dConfig = ConvConfig<1>;
using Conv2dConfig = ConvConfig<2>;
using Conv3dConfig = ConvConfig<3>;

/// The transposed convolution: functional::conv_transpose.
///
/// Shapes: x [N, C, in...] or [C, in...], weight [C, O / groups, k...], bias [O] -> [N, O, out...].
template <class B, int N> struct ConvTranspose {
  Tensor<B, N + 2> weight;
  std::optional<Tensor<B, 1>> bias;
  PerDim<N> stride = 1, padding = 0, output_padding = 0, dilation = 1;
  std::int64_t groups = 1;
  FORNAX_MODULE_AS(, detail::by_dims<N>("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"), weight, bias, stride,
                   padding, output_padding, dilation, groups)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    fornax::detail::require_picture<D, N>();
    return Tensor<B, D>::unchecked(functional::conv_transpose<N>(x.array(), weight.array(),
                                                                 bias ? &bias->array() : nullptr,
                                                                 {stride, padding, output_padding, dilation, groups}));
  }
};
template <class B> using ConvTranspose1d = ConvTranspose<B, 1>;
template <class B> using ConvTranspose2d = ConvTranspose<B, 2>;
template <class B> using ConvTranspose3d = ConvTranspose<B, 3>;

template <int N> struct ConvTransposeConfig {
  std::array<std::int64_t, 2> channels = {0, 0};  // of the input, of the output
  PerDim<N> kernel_size = 3;
  PerDim<N> stride = 1, padding = 0, output_padding = 0, dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);  // of the bias too
  FORNAX_CONFIG_AS(, ConvTransposeConfig,
                   detail::by_dims<N>("ConvTranspose1dConfig", "ConvTranspose2dConfig", "ConvTranspose3dConfig"),
                   channels, kernel_size, stride, padding, output_padding, dilation, groups, bias, initializer)

  /// Errors: as for ConvConfig.
  void validate() const {
    sizes().validate();
    detail::require_all(config_name(), "stride", stride.values, true);
    detail::require_all(config_name(), "padding", padding.values, false);
    detail::require_all(config_name(), "output_padding", output_padding.values, false);
    detail::require_all(config_name(), "dilation", dilation.values, true);
  }
  template <BackendType B> ConvTranspose<B, N> init(const InitOptions& on = {}) const {
    auto layer = detail::init_conv<ConvTranspose<B, N>>(*this, sizes(), on);
    layer.stride = stride;
    layer.padding = padding;
    layer.output_padding = output_padding;
    layer.dilation = dilation;
    layer.groups = groups;
    return layer;
  }
  detail::ConvSizes sizes() const { return {config_name(), channels, kernel_size.values, groups, true}; }
};
using ConvTranspose1dConfig = ConvTransposeConfig<1>;
using ConvTranspose2dConfig = ConvTransposeConfig<2>;
using ConvTranspose3dConfig = ConvTransposeConfig<3>;

}  // namespace fornax::nn
