#pragma once
// Activations as layers: the functions of the same name in functional/activation.hpp, where they are described.

#include <fornax/functional/activation.hpp>
#include <fornax/nn/layer.hpp>
#include <fornax/nn/linear.hpp>
#include <fornax/nn/mode.hpp>

namespace fornax::functional {

FORNAX_ENUM(Gelu, Erf, Tanh)

}  // namespace fornax::functional

namespace fornax::nn {

// What a Linear of a Sequential may end with, of the layer behind it.
struct Relu;
struct Silu;
struct Sigmoid;
struct Tanh;
inline UnaryFn function_of(const Relu&) { return UnaryFn::Relu; }
inline UnaryFn function_of(const Silu&) { return UnaryFn::Silu; }
inline UnaryFn function_of(const Sigmoid&) { return UnaryFn::Sigmoid; }
inline UnaryFn function_of(const Tanh&) { return UnaryFn::Tanh; }

// A layer that calls functional::function on the array and settings.
#define FORNAX_FORWARD(...)                                                                   \
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const { \
    return Tensor<B, D>::unchecked(functional::__VA_ARGS__);                                  \
  }
#define FORNAX_ACTIVATION(Name, function) \
  struct Name {                           \
    FORNAX_LAYER(Name)                    \
    FORNAX_FORWARD(function(x.array()))   \
  };                                      \
  using Name##Config = Name;

FORNAX_ACTIVATION(Relu, relu)
FORNAX_ACTIVATION(Relu6, relu6)
FORNAX_ACTIVATION(Selu, selu)
FORNAX_ACTIVATION(Silu, silu)
FORNAX_ACTIVATION(Mish, mish)
FORNAX_ACTIVATION(Softsign, softsign)
FORNAX_ACTIVATION(Sigmoid, sigmoid)
FORNAX_ACTIVATION(LogSigmoid, log_sigmoid)
FORNAX_ACTIVATION(HardSwish, hardswish)
FORNAX_ACTIVATION(Tanhshrink, tanhshrink)
#undef FORNAX_ACTIVATION

struct Tanh {
  FORNAX_LAYER(Tanh)
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const { return x.tanh(); }
};
struct LeakyRelu {
  double negative_slope = 0.01;
  FORNAX_LAYER(LeakyRelu, negative_slope)
  FORNAX_FORWARD(leaky_relu(x.array(), negative_slope))
};
/// Slopes are drawn in training, on Autodiff backends.
struct RRelu {
  double lower = 1.0 / 8, upper = 1.0 / 3;
  FORNAX_LAYER(RRelu, lower, upper)
  FORNAX_FORWARD(rrelu(x.array(), {.low = lower, .high = upper, .training = is_training<B>()}))
};
struct Elu {
  double alpha = 1;
  FORNAX_LAYER(Elu, alpha)
  FORNAX_FORWARD(elu(x.array(), alpha))
};
struct Celu {
  double alpha = 1;
  FORNAX_LAYER(Celu, alpha)
  FORNAX_FORWARD(celu(x.array(), alpha))
};
struct Gelu {
  functional::Gelu form = functional::Gelu::Erf;
  FORNAX_LAYER(Gelu, form)
  FORNAX_FORWARD(gelu(x.array(), form))
};
inline UnaryFn function_of(const Gelu& layer) {
  return layer.form == functional::Gelu::Tanh ? UnaryFn::GeluTanh : UnaryFn::Gelu;
}
struct Softplus {
  double beta = 1;
  FORNAX_LAYER(Softplus, beta)
  FORNAX_FORWARD(softplus(x.array(), beta))
};
struct HardSigmoid {
  double alpha = 0.2, beta = 0.5;
  FORNAX_LAYER(HardSigmoid, alpha, beta)
  FORNAX_FORWARD(hard_sigmoid(x.array(), alpha, beta))
};
struct HardTanh {
  double min_value = -1, max_value = 1;
  FORNAX_LAYER(HardTanh, min_value, max_value)
  FORNAX_FORWARD(hardtanh(x.array(), min_value, max_value))
};
struct HardShrink {
  double lambda = 0.5;
  FORNAX_LAYER(HardShrink, lambda)
  FORNAX_FORWARD(hardshrink(x.array(), lambda))
};
struct SoftShrink {
  double lambda = 0.5;
  FORNAX_LAYER(SoftShrink, lambda)
  FORNAX_FORWARD(softshrink(x.array(), lambda))
};
struct Shrink {
  double lambda = 0.5, bias = 0;
  FORNAX_LAYER(Shrink, lambda, bias)
  FORNAX_FORWARD(shrink(x.array(), lambda, bias))
};
struct Threshold {
  double threshold = 0, value = 0;
  FORNAX_LAYER(Threshold, threshold, value)
  FORNAX_FORWARD(threshold(x.array(), threshold, value))
};
struct ThresholdedRelu {
  double alpha = 1;
  FORNAX_LAYER(ThresholdedRelu, alpha)
  FORNAX_FORWARD(thresholded_relu(x.array(), alpha))
};
struct Glu {
  std::int64_t dim = -1;
  FORNAX_LAYER(Glu, dim)
  FORNAX_FORWARD(glu(x.array(), dim))
};
/// exp(x) / sum(exp(x)) along a dim.
struct Softmax {
  std::int64_t dim = -1;
  FORNAX_LAYER(Softmax, dim)
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const { return x.softmax(dim); }
};
struct LogSoftmax {
  std::int64_t dim = -1;
  FORNAX_LAYER(LogSoftmax, dim)
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return x.log_softmax(dim);
  }
};

/// LeakyRelu with learned slopes: one, or one for each channel (dim 1).
template <class B> struct PRelu {
  Tensor<B, 1> alpha;
  FORNAX_MODULE(PRelu, alpha)
  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const { return functional::prelu(x, alpha); }
};
struct PReluConfig {
  std::int64_t num_parameters = 1;
  double alpha = 0.25;
  FORNAX_LAZY_CONFIG(PReluConfig, num_parameters, alpha)
  void validate() const { require_positive("PReluConfig", "num_parameters", num_parameters); }
  template <BackendType B> PRelu<B> init(const InitOptions& on = {}) const {
    validate();
    return {init_parameter<B>(Initializer::constant(alpha), {num_parameters}, on)};
  }
};

/// silu(linear_inner(x)) * linear_outer(x). Source: Shazeer, "GLU variants improve Transformer", 2020.
///
/// Shapes: [..., d_input] -> [..., d_output].
template <class B> struct SwiGlu {
  Linear<B> linear_inner, linear_outer;
  FORNAX_MODULE(SwiGlu, linear_inner, linear_outer)
  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::silu(linear_inner.forward(x)) * linear_outer.forward(x);
  }
};
struct SwiGluConfig {
  std::int64_t d_input = 0, d_output = 0;
  bool bias = false;
  Initializer initializer = Initializer::kaiming_uniform(kDefaultGain);
  FORNAX_LAZY_CONFIG(SwiGluConfig, d_input, d_output, bias, initializer)
  void validate() const { linear().validate(); }
  template <BackendType B> SwiGlu<B> init(const InitOptions& on = {}) const {
    return {linear().init<B>(on), linear().init<B>(on)};
  }
  LinearConfig linear() const { return {d_input, d_output, bias, initializer}; }
};

using LeakyReluConfig = LeakyRelu;
using RReluConfig = RRelu;
using EluConfig = Elu;
using CeluConfig = Celu;
using GeluConfig = Gelu;
using SoftplusConfig = Softplus;
using HardSigmoidConfig = HardSigmoid;
using HardTanhConfig = HardTanh;
using HardShrinkConfig = HardShrink;
using SoftShrinkConfig = SoftShrink;
using ShrinkConfig = Shrink;
using ThresholdConfig = Threshold;
using ThresholdedReluConfig = ThresholdedRelu;
using GluConfig = Glu;

enum class ActivationKind : std::uint8_t {
  Identity,
  Relu,
  Gelu,
  GeluTanh,
  Silu,
  Mish,
  Selu,
  Elu,
  Sigmoid,
  Tanh,
  HardSwish
};
FORNAX_ENUM(ActivationKind, Identity, Relu, Gelu, GeluTanh, Silu, Mish, Selu, Elu, Sigmoid, Tanh, HardSwish)

namespace detail {
Array activation(ActivationKind kind, const Array& x);
/// The function that a linear layer can end with; none for other kinds.
std::optional<UnaryFn> function_of(ActivationKind kind);
}  // namespace detail

/// An activation that is chosen at run time.
struct Activation {
  ActivationKind kind = ActivationKind::Relu;
  FORNAX_LAYER(Activation, kind)
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return Tensor<B, D>::unchecked(detail::activation(kind, x.array()));
  }
  /// forward(layer.forward(x)), in one operation where there is one.
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Linear<B>& layer, const Tensor<B, D>& x) const {
    const std::optional<UnaryFn> f = detail::function_of(kind);
    return f ? layer.forward(x, *f) : forward(layer.forward(x));
  }
};
using ActivationConfig = Activation;

}  // namespace fornax::nn
