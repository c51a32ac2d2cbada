#pragma once
// Linear layers with weights of 8 bits, for inference.

#include <fornax/functional/quantize.hpp>
#include <fornax/nn/linear.hpp>
#include <fornax/nn/sequential.hpp>

namespace fornax::nn {

/// Linear with weights of 8 bits: a quarter of the memory, and products of bytes (functional::quantized_linear). Has no gradient
/// and no parameters; its tensors are saved and loaded with the module. Made by quantize().
///
/// Shapes: x [..., d_input] -> [..., d_output].
template <class B> struct QuantizedLinear {
  Buffer<B, 2, Int> weight;  // codes, [d_output, d_input]: rows of products
  Buffer<B, 1> scale;        // [d_output]
  std::optional<Buffer<B, 1>> bias;
  FORNAX_MODULE(QuantizedLinear, weight, scale, bias)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::quantized_linear(x, weight.get(), scale.get(), bias ? std::optional(bias->get()) : std::nullopt);
  }
};

/// Weights that are 0, for a state to be loaded into.
struct QuantizedLinearConfig {
  std::int64_t d_input = 0, d_output = 0;
  bool bias = true;
  FORNAX_LAZY_CONFIG(QuantizedLinearConfig, d_input, d_output, bias)

  /// Errors: ValueError unless the sizes are positive.
  void validate() const {
    require_positive("QuantizedLinearConfig", "d_input", d_input);
    require_positive("QuantizedLinearConfig", "d_output", d_output);
  }
  template <BackendType B> QuantizedLinear<B> init(const InitOptions& on = {}) const {
    validate();
    QuantizedLinear<B> layer{Tensor<B, 2, Int>::zeros({d_output, d_input}, on.device, DType::I8),
                             Tensor<B, 1>::ones({d_output}, on.device, on.dtype),
                             {}};
    if (bias) layer.bias.emplace(Tensor<B, 1>::zeros({d_output}, on.device, on.dtype));
    return layer;
  }
};

/// The layer with weights of 8 bits.
///
/// Example: const auto fast = nn::quantize(nn::valid(model.head));
template <class B> QuantizedLinear<B> quantize(const Linear<B>& layer) {
  static_assert(!B::is_autodiff, "a quantized layer has no gradient: quantize(valid(layer))");
  const functional::QuantizedWeight made = functional::quantize_weight(layer.weight.transpose().array());
  QuantizedLinear<B> result{Tensor<B, 2, Int>::unchecked(made.codes), Tensor<B, 1>::unchecked(made.scale), {}};
  if (layer.bias) result.bias.emplace(*layer.bias);
  return result;
}

namespace detail {

template <class B> QuantizedLinear<B> quantized(const Linear<B>& layer) { return quantize(layer); }
template <class Layer> Layer quantized(const Layer& layer) { return layer; }
template <class... Layers> auto quantized(const Sequential<Layers...>& network) {
  return std::apply([](const Layers&... layer) { return sequential(quantized(layer)...); }, network.layers);
}

}  // namespace detail

/// The network with all Linear layers in it replaced, in networks within it too.
template <class... Layers> auto quantize(const Sequential<Layers...>& network) { return detail::quantized(network); }

}  // namespace fornax::nn
