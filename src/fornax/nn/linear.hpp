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
  /// f of that, in one pass. Example: fc1.forward(x, UnaryFn::Relu).
  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x, UnaryFn f) const {
    return functional::linear_io(x, weight, bias, f);
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

/// A map of two inputs, linear in each: functional::bilinear.
///
/// Shapes: a [..., d_left], b [..., d_right], weight [d_output, d_left, d_right], bias [d_output] -> [..., d_output].
template <class B> struct Bilinear {
  Tensor<B, 3> weight;
  std::optional<Tensor<B, 1>> bias;
  FORNAX_MODULE(Bilinear, weight, bias)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& a, const Tensor<B, D>& b) const {
    return functional::bilinear(a, b, weight, bias);
  }
};

struct BilinearConfig {
  std::int64_t d_left = 0, d_right = 0, d_output = 0;
  bool bias = true;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);  // of the bias too; the fan is d_left
  FORNAX_LAZY_CONFIG(BilinearConfig, d_left, d_right, d_output, bias, initializer)

  /// Errors: ValueError unless the sizes are positive.
  void validate() const {
    require_positive("BilinearConfig", "d_left", d_left);
    require_positive("BilinearConfig", "d_right", d_right);
    require_positive("BilinearConfig", "d_output", d_output);
  }
  template <BackendType B> Bilinear<B> init(const InitOptions& on = {}) const {
    validate();
    Bilinear<B> layer{init_parameter<B>(initializer, {d_output, d_left, d_right}, d_left, d_output, on), {}};
    if (bias) layer.bias = init_parameter<B>(initializer, {d_output}, d_left, d_output, on);
    return layer;
  }
};

}  // namespace fornax::nn
