#pragma once
// Linear layers.

#include <fornax/functional/linear.hpp>
#include <fornax/nn/layer.hpp>

namespace fornax::nn {

/// x weight + bias.
///
/// Shapes: x [..., d_input], weight [d_input, d_output], bias [d_output] -> [..., d_output].
template <class B> struct Linear {
  Tensor<B, 2> weight;
  std::optional<Tensor<B, 1>> bias;
  FORNAX_MODULE(Linear, weight, bias)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::linear_io(x, weight, bias);
  }
};

struct LinearConfig {
  std::int64_t d_input = 0, d_output = 0;
  bool bias = true;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);  // of the bias too
  FORNAX_LAZY_CONFIG(LinearConfig, d_input, d_output, bias, initializer)

  /// Errors: ValueError unless the sizes are positive.
  void validate() const;
  template <BackendType B> Linear<B> init(const InitOptions& on = {}) const {
    validate();
    Linear<B> layer{init_parameter<B>(initializer, {d_input, d_output}, d_input, d_output, on), {}};
    if (bias) layer.bias = init_parameter<B>(initializer, {d_output}, d_input, d_output, on);
    return layer;
  }
};

}  // namespace fornax::nn
