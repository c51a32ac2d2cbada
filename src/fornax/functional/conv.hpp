#pragma once
// Convolutions over 1, 2 and 3 spatial dims, and their transposes.

#include <optional>

#include <fornax/functional/per_dim.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax::functional {

/// Zeros around the input: Valid has none; Same has as many as give the result the input's size (stride 1 only; an odd
/// number puts the extra zero at the end).
enum class ConvPad : std::uint8_t { Valid, Same };

template <int N> struct ConvPadding {
  PerDim<N> sizes = 0;
  bool same = false;

  ConvPadding(ConvPad kind) : same(kind == ConvPad::Same) {}  // NOLINT: implicit by design, as are the others
  ConvPadding(PerDim<N> both_sides) : sizes(both_sides) {}    // NOLINT
  template <std::integral... T>
  requires(sizeof...(T) == N || sizeof...(T) == 1) ConvPadding(T... both_sides) : sizes(both_sides...) {}  // NOLINT
};

template <int N> struct ConvOptions {
  PerDim<N> stride = 1;
  ConvPadding<N> padding = 0;
  PerDim<N> dilation = 1;
  std::int64_t groups = 1;
  /// Of the result. With a bias it costs no pass over memory: it is computed where the convolution writes.
  std::optional<UnaryFn> activation = {};
};

template <int N> struct ConvTransposeOptions {
  PerDim<N> stride = 1;
  PerDim<N> padding = 0;
  /// Elements added to the end of the result, of the several sizes that a convolution takes to the input's.
  PerDim<N> output_padding = 0;
  PerDim<N> dilation = 1;
  std::int64_t groups = 1;
};

/// Cross-correlation with a kernel, plus a bias for each output channel: the layer that is called convolution.
///
/// Shapes:  x [N, C, in...] or [C, in...], weight [O, C / groups, k...], bias [O] -> [N, O, out...] with
///          out = floor((in + 2 padding - dilation (k - 1) - 1) / stride) + 1.
/// Kinds:   Float.
/// Errors:  ShapeError if ranks or channels do not fit together or the kernel is larger than the padded input;
///          ValueError for a setting out of range, a stride beside ConvPad::Same, or, with a bias, an activation other than relu,
///          gelu, gelu_tanh, silu, tanh and sigmoid.
/// Example: auto y = conv2d(x, weight, bias, {.stride = 2, .padding = {1, 1}});
template <int N> Array conv(const Array& x, const Array& weight, const Array* bias, const ConvOptions<N>& options);

/// The transposed convolution: the gradient of conv for its input, as a layer. Each element of x adds its multiple of
/// the kernel to the result, `stride` apart.
///
/// Shapes:  x [N, C, in...] or [C, in...], weight [C, O / groups, k...], bias [O] -> [N, O, out...] with
///          out = (in - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1.
/// Errors:  as for conv; ValueError if output_padding is not smaller than the stride or the dilation; ShapeError if
///          the padding leaves nothing.
template <int N>
Array conv_transpose(const Array& x, const Array& weight, const Array* bias, const ConvTransposeOptions<N>& options);

// By their usual names, on arrays and on tensors, with and without a bias.
#define FORNAX_CONV(name, N, function, Options)                                                               \
  inline Array name(const Array& x, const Array& weight, const Options<N>& options = {}) {                    \
    return function<N>(x, weight, nullptr, options);                                                          \
  }                                                                                                           \
  inline Array name(const Array& x, const Array& weight, const Array& bias, const Options<N>& options = {}) { \
    return function<N>(x, weight, &bias, options);                                                            \
  }                                                                                                           \
  template <BackendType B, std::size_t D>                                                                     \
  Tensor<B, D> name(const Tensor<B, D>& x, const Tensor<B, N + 2>& weight, const Options<N>& options = {}) {  \
    detail::require_picture<D, N>();                                                                          \
    return Tensor<B, D>(function<N>(x.array(), weight.array(), nullptr, options));                            \
  }                                                                                                           \
  template <BackendType B, std::size_t D>                                                                     \
  Tensor<B, D> name(const Tensor<B, D>& x, const Tensor<B, N + 2>& weight, const Tensor<B, 1>& bias,          \
                    const Options<N>& options = {}) {                                                         \
    detail::require_picture<D, N>();                                                                          \
    return Tensor<B, D>(function<N>(x.array(), weight.array(), &bias.array(), options));                      \
  }
FORNAX_CONV(conv1d, 1, conv, ConvOptions)
FORNAX_CONV(conv2d, 2, conv, ConvOptions)
FORNAX_CONV(conv3d, 3, conv, ConvOptions)
FORNAX_CONV(conv_transpose1d, 1, conv_transpose, ConvTransposeOptions)
FORNAX_CONV(conv_transpose2d, 2, conv_transpose, ConvTransposeOptions)
FORNAX_CONV(conv_transpose3d, 3, conv_transpose, ConvTransposeOptions)
#undef FORNAX_CONV

}  // namespace fornax::functional
