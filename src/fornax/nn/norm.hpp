#pragma once
// Normalisation. gamma scales and beta moves what is normalised.

#include <fornax/functional/norm.hpp>
#include <fornax/nn/layer.hpp>
#include <fornax/nn/mode.hpp>

namespace fornax::nn {

/// Over all dims but the channels. In training (see is_training) with the statistics of the batch, which move the running
/// ones; else with the running ones. functional::batch_norm.
///
/// Shapes: x [N, C, ...] -> the same; all vectors [C].
/// In grad(f)(model) the running statistics move in a copy, which is lost; with backward() they move here. A checkpointed
/// region moves them twice, for it runs twice.
template <class B> struct BatchNorm {
  Tensor<B, 1> gamma, beta;
  Buffer<B, 1> running_mean, running_var;
  double momentum = 0.1, epsilon = 1e-5;
  FORNAX_MODULE(BatchNorm, gamma, beta, running_mean, running_var, momentum, epsilon)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    static_assert(D >= 2, "BatchNorm needs a batch and a channel dim");
    const bool training = is_training<B>();
    functional::BatchNormResult r =
        functional::batch_norm(x.array(), gamma.array(), beta.array(), running_mean.get().array(),
                               running_var.get().array(), {training, momentum, epsilon});
    if (training) {
      running_mean.set(Tensor<B, 1>::unchecked(std::move(r.running_mean)));
      running_var.set(Tensor<B, 1>::unchecked(std::move(r.running_var)));
    }
    return Tensor<B, D>::unchecked(std::move(r.output));
  }
};
struct BatchNormConfig {
  std::int64_t num_features = 0;
  double epsilon = 1e-5;
  double momentum = 0.1;  // share of the new statistics in the running ones
  FORNAX_LAZY_CONFIG(BatchNormConfig, num_features, epsilon, momentum)

  void validate() const;
  template <BackendType B> BatchNorm<B> init(const InitOptions& on = {}) const {
    validate();
    const Index n[] = {num_features};
    const auto plain = [&](double v) { return Tensor<B, 1>::full(n, v, on.device, on.dtype); };
    return {init_parameter<B>(Initializer::ones(), n, on),
            init_parameter<B>(Initializer::zeros(), n, on),
            plain(0),
            plain(1),
            momentum,
            epsilon};
  }
};

/// Over the last dim, of size d_model. functional::layer_norm.
template <class B> struct LayerNorm {
  Tensor<B, 1> gamma;
  std::optional<Tensor<B, 1>> beta;
  double epsilon = 1e-5;
  FORNAX_MODULE(LayerNorm, gamma, beta, epsilon)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::layer_norm(x, gamma, beta, epsilon);
  }
};
struct LayerNormConfig {
  std::int64_t d_model = 0;
  double epsilon = 1e-5;
  bool bias = true;
  FORNAX_LAZY_CONFIG(LayerNormConfig, d_model, epsilon, bias)

  void validate() const;
  template <BackendType B> LayerNorm<B> init(const InitOptions& on = {}) const {
    validate();
    LayerNorm<B> layer{init_parameter<B>(Initializer::ones(), {d_model}, on), {}, epsilon};
    if (bias) layer.beta = init_parameter<B>(Initializer::zeros(), {d_model}, on);
    return layer;
  }
};

/// x / sqrt(mean(x²) + epsilon) * gamma over the last dim. functional::rms_norm.
template <class B> struct RmsNorm {
  Tensor<B, 1> gamma;
  double epsilon = 1e-5;
  FORNAX_MODULE(RmsNorm, gamma, epsilon)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::rms_norm(x, gamma, epsilon);
  }
};
struct RmsNormConfig {
  std::int64_t d_model = 0;
  double epsilon = 1e-5;
  FORNAX_LAZY_CONFIG(RmsNormConfig, d_model, epsilon)

  void validate() const;
  template <BackendType B> RmsNorm<B> init(const InitOptions& on = {}) const {
    validate();
    return {init_parameter<B>(Initializer::ones(), {d_model}, on), epsilon};
  }
};

/// Over groups of channels. functional::group_norm.
///
/// Shapes: x [N, C, ...] -> the same.
template <class B> struct GroupNorm {
  std::optional<Tensor<B, 1>> gamma, beta;
  std::int64_t num_groups = 1;
  double epsilon = 1e-5;
  FORNAX_MODULE(GroupNorm, gamma, beta, num_groups, epsilon)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::group_norm(x, num_groups, gamma, beta, epsilon);
  }
};
struct GroupNormConfig {
  std::int64_t num_groups = 0, num_channels = 0;
  double epsilon = 1e-5;
  bool affine = true;  // with gamma and beta
  FORNAX_LAZY_CONFIG(GroupNormConfig, num_groups, num_channels, epsilon, affine)

  /// Errors: ValueError unless num_groups divides num_channels.
  void validate() const;
  template <BackendType B> GroupNorm<B> init(const InitOptions& on = {}) const {
    validate();
    GroupNorm<B> layer{{}, {}, num_groups, epsilon};
    if (affine) layer.gamma = init_parameter<B>(Initializer::ones(), {num_channels}, on);
    if (affine) layer.beta = init_parameter<B>(Initializer::zeros(), {num_channels}, on);
    return layer;
  }
};

/// Over each channel of each sample. functional::instance_norm.
///
/// Shapes: x [N, C, ...] -> the same.
template <class B> struct InstanceNorm {
  std::optional<Tensor<B, 1>> gamma, beta;
  double epsilon = 1e-5;
  FORNAX_MODULE(InstanceNorm, gamma, beta, epsilon)

  template <std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::instance_norm(x, gamma, beta, epsilon);
  }
};
struct InstanceNormConfig {
  std::int64_t num_channels = 0;
  double epsilon = 1e-5;
  bool affine = true;  // with gamma and beta
  FORNAX_LAZY_CONFIG(InstanceNormConfig, num_channels, epsilon, affine)

  void validate() const;
  template <BackendType B> InstanceNorm<B> init(const InitOptions& on = {}) const {
    validate();
    InstanceNorm<B> layer{{}, {}, epsilon};
    if (affine) layer.gamma = init_parameter<B>(Initializer::ones(), {num_channels}, on);
    if (affine) layer.beta = init_parameter<B>(Initializer::zeros(), {num_channels}, on);
    return layer;
  }
};

/// Over neighbouring channels. functional::local_response_norm.
struct LocalResponseNorm {
  std::int64_t size = 5;
  double alpha = 1e-4, beta = 0.75, k = 1;
  FORNAX_LAYER(LocalResponseNorm, size, alpha, beta, k)
  void validate() const { require_positive("LocalResponseNorm", "size", size); }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::local_response_norm(x, {size, alpha, beta, k});
  }
};
using LocalResponseNormConfig = LocalResponseNorm;

}  // namespace fornax::nn
