// What the layers do once for all backends: checks of configs, and first values.

#include <fornax/array/error.hpp>
#include <fornax/nn/conv.hpp>
#include <fornax/nn/linear.hpp>
#include <fornax/nn/norm.hpp>
#include <fornax/nn/recurrent.hpp>
#include <fornax/nn/transformer.hpp>

namespace fornax::nn {

namespace detail {

void require_all(std::string_view config, std::string_view field, std::span<const std::int64_t> values, bool positive) {
  for (const std::int64_t v : values)
    require(positive ? v > 0 : v >= 0, config, field, v, positive ? "positive" : "0 or positive");
}

void ConvSizes::validate() const {
  require_all(config, "channels", channels, true);
  require_all(config, "kernel_size", kernel, true);
  const bool divides = groups > 0 && channels[0] % groups == 0 && channels[1] % groups == 0;
  require(divides, config, "groups", groups, "a divisor of the channels " + text_of(channels));
}

Shape ConvSizes::weight() const {
  std::vector<std::int64_t> dims = {channels[transposed ? 0 : 1], channels[transposed ? 1 : 0] / groups};
  dims.insert(dims.end(), kernel.begin(), kernel.end());
  return Shape(std::span<const std::int64_t>(dims));
}

ConvArrays init_conv(const ConvSizes& sizes, bool bias, const Initializer& initializer, const InitOptions& on,
                     Interpreter& backend, bool autodiff) {
  const Shape weight = sizes.weight();
  std::int64_t window = 1;
  for (const std::int64_t k : sizes.kernel) window *= k;
  // As PyTorch counts them, for transposed convolutions too.
  const std::int64_t fan_in = weight[1] * window, fan_out = weight[0] * window;
  ConvArrays made{init_parameter(initializer, weight, fan_in, fan_out, on, backend, autodiff), {}};
  if (bias) {
    const Shape of_bias{sizes.channels[1]};
    made.bias = init_parameter(initializer, of_bias, fan_in, fan_out, on, backend, autodiff);
  }
  return made;
}

}  // namespace detail

void LinearConfig::validate() const {
  require_positive("LinearConfig", "d_input", d_input);
  require_positive("LinearConfig", "d_output", d_output);
}

void BatchNormConfig::validate() const {
  require_positive("BatchNormConfig", "num_features", num_features);
  require_not_negative("BatchNormConfig", "epsilon", epsilon);
  require_probability("BatchNormConfig", "momentum", momentum);
}
void LayerNormConfig::validate() const {
  require_positive("LayerNormConfig", "d_model", d_model);
  require_not_negative("LayerNormConfig", "epsilon", epsilon);
}
void RmsNormConfig::validate() const {
  require_positive("RmsNormConfig", "d_model", d_model);
  require_not_negative("RmsNormConfig", "epsilon", epsilon);
}
void GroupNormConfig::validate() const {
  require_positive("GroupNormConfig", "num_channels", num_channels);
  require(num_groups > 0 && num_channels % num_groups == 0, "GroupNormConfig", "num_groups", num_groups,
          "a divisor of num_channels, " + std::to_string(num_channels));
  require_not_negative("GroupNormConfig", "epsilon", epsilon);
}
void InstanceNormConfig::validate() const {
  require_positive("InstanceNormConfig", "num_channels", num_channels);
  require_not_negative("InstanceNormConfig", "epsilon", epsilon);
}

Array detail::activation(ActivationKind kind, const Array& x) {
  switch (kind) {
    case ActivationKind::Identity: return x;
    case ActivationKind::Relu: return functional::relu(x);
    case ActivationKind::Gelu: return functional::gelu(x);
    case ActivationKind::GeluTanh: return functional::gelu(x, functional::Gelu::Tanh);
    case ActivationKind::Silu: return functional::silu(x);
    case ActivationKind::Mish: return functional::mish(x);
    case ActivationKind::Selu: return functional::selu(x);
    case ActivationKind::Elu: return functional::elu(x);
    case ActivationKind::Sigmoid: return functional::sigmoid(x);
    case ActivationKind::Tanh: return unary(UnaryFn::Tanh, x);
    case ActivationKind::HardSwish: return functional::hardswish(x);
  }
  throw ValueError("Activation", "there is no kind " + std::to_string(static_cast<int>(kind)));
}

std::optional<UnaryFn> detail::function_of(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::Relu: return UnaryFn::Relu;
    case ActivationKind::Gelu: return UnaryFn::Gelu;
    case ActivationKind::GeluTanh: return UnaryFn::GeluTanh;
    case ActivationKind::Silu: return UnaryFn::Silu;
    case ActivationKind::Sigmoid: return UnaryFn::Sigmoid;
    case ActivationKind::Tanh: return UnaryFn::Tanh;
    default: return std::nullopt;
  }
}

void detail::validate_recurrent(std::string_view config, std::int64_t d_input, std::int64_t d_hidden,
                                std::int64_t num_layers, double dropout) {
  require_positive(config, "d_input", d_input);
  require_positive(config, "d_hidden", d_hidden);
  require_positive(config, "num_layers", num_layers);
  require_probability(config, "dropout", dropout);
}

void detail::validate_transformer(std::string_view config, std::int64_t d_model, std::int64_t d_ff,
                                  std::int64_t n_heads, std::int64_t n_layers, double dropout, double epsilon) {
  require_positive(config, "d_model", d_model);
  require_positive(config, "d_ff", d_ff);
  require(n_heads > 0 && d_model % n_heads == 0, config, "n_heads", n_heads,
          "a divisor of d_model, " + std::to_string(d_model));
  require_positive(config, "n_layers", n_layers);
  require_probability(config, "dropout", dropout);
  require_not_negative(config, "epsilon", epsilon);
}

}  // namespace fornax::nn
