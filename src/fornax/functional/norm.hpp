#pragma once
// Normalisation: x minus its mean over some dims, divided by its standard deviation there (biased, with eps under the
// root), then scaled and moved by learned vectors where they are given. Variances are computed from centred values.

#include <span>

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

struct BatchNorm {
  bool training = true;
  double momentum = 0.1;  // share of the new statistics in the running ones
  double eps = 1e-5;
};
struct BatchNormResult {
  Array output, running_mean, running_var;  // the statistics are empty if none were given
};
/// Over all dims but dim 1, the channels. In training the statistics are the batch's, and the running ones become
/// (1 - momentum) old + momentum batch, with the unbiased variance and without a gradient; else they are the running
/// ones, which stay.
///
/// Shapes: x [N, C, ...]; weight, bias, running_mean, running_var [C] or empty.
/// Errors: ShapeError if the shapes do not fit; ValueError for training with one value for each channel, for evaluation
///         without running statistics, and if eps or momentum is negative.
/// Source: Ioffe, Szegedy, "Batch normalization", 2015.
BatchNormResult batch_norm(const Array& x, const Array& weight, const Array& bias, const Array& running_mean,
                           const Array& running_var, const BatchNorm& options = {});
/// Over the last dims, whose sizes are named.
///
/// Shapes: weight and bias of those sizes, or empty.
/// Errors: ShapeError if the sizes are not x's last.
/// Source: Ba, Kiros, Hinton, "Layer normalization", 2016.
Array layer_norm(const Array& x, std::span<const std::int64_t> sizes, const Array& weight = {}, const Array& bias = {},
                 double eps = 1e-5);
/// x / sqrt(mean(x²) + eps) * weight, over the last dim.
///
/// Shapes: weight [E] or empty.
/// Source: Zhang, Sennrich, "Root mean square layer normalization", 2019.
Array rms_norm(const Array& x, const Array& weight = {}, double eps = 1e-5);
/// Over groups of adjacent channels and all dims behind them.
///
/// Shapes: x [N, C, ...], weight and bias [C] or empty.
/// Errors: ShapeError unless groups divides C.
/// Source: Wu, He, "Group normalization", 2018.
Array group_norm(const Array& x, std::int64_t groups, const Array& weight = {}, const Array& bias = {},
                 double eps = 1e-5);
/// Over each channel of each sample.
///
/// Shapes: x [N, C, ...], weight and bias [C] or empty.
/// Source: Ulyanov, Vedaldi, Lempitsky, "Instance normalization", 2016.
Array instance_norm(const Array& x, const Array& weight = {}, const Array& bias = {}, double eps = 1e-5);
/// x / (k + alpha * mean of the squares of `size` neighbouring channels)^beta; channels beyond the ends count as 0.
///
/// Shapes: [N, C, ...] -> the same.
/// Errors: ValueError if size is not positive.
/// Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification", 2012.
struct LocalResponseNorm {
  std::int64_t size = 5;
  double alpha = 1e-4, beta = 0.75, k = 1;
};
Array local_response_norm(const Array& x, const LocalResponseNorm& options = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D> struct TypedBatchNormResult {
  Tensor<B, D> output;
  std::optional<Tensor<B, 1>> running_mean, running_var;
};
template <BackendType B, std::size_t D>
TypedBatchNormResult<B, D> batch_norm(const Tensor<B, D>& x, const Optional<B, 1>& weight, const Optional<B, 1>& bias,
                                      const Optional<B, 1>& running_mean, const Optional<B, 1>& running_var,
                                      const BatchNorm& options = {}) {
  static_assert(D >= 2, "batch_norm needs a batch and a channel dim");
  BatchNormResult r = batch_norm(x.array(), impl::array_or_none(weight), impl::array_or_none(bias),
                                 impl::array_or_none(running_mean), impl::array_or_none(running_var), options);
  TypedBatchNormResult<B, D> typed{Tensor<B, D>::unchecked(std::move(r.output)), {}, {}};
  if (r.running_mean.defined()) typed.running_mean = Tensor<B, 1>::unchecked(std::move(r.running_mean));
  if (r.running_var.defined()) typed.running_var = Tensor<B, 1>::unchecked(std::move(r.running_var));
  return typed;
}
/// Over the last N dims, N the rank of weight.
template <BackendType B, std::size_t D, std::size_t N>
Tensor<B, D> layer_norm(const Tensor<B, D>& x, const Tensor<B, N>& weight, const Optional<B, N>& bias = {},
                        double eps = 1e-5) {
  static_assert(N >= 1 && N <= D, "layer_norm runs over the last dims: the weight has at most the input's rank");
  return Tensor<B, D>::unchecked(
      layer_norm(x.array(), weight.shape().dims(), weight.array(), impl::array_or_none(bias), eps));
}
/// Over the last N dims, without weights.
template <BackendType B, std::size_t D, std::size_t N>
Tensor<B, D> layer_norm(const Tensor<B, D>& x, const Index (&sizes)[N], double eps = 1e-5) {
  static_assert(N <= D, "layer_norm runs over the last dims: there are more sizes than dims");
  std::array<std::int64_t, N> list{};
  for (std::size_t i = 0; i < N; ++i) list[i] = sizes[i].value;
  return Tensor<B, D>::unchecked(layer_norm(x.array(), std::span<const std::int64_t>(list), {}, {}, eps));
}
template <BackendType B, std::size_t D>
Tensor<B, D> rms_norm(const Tensor<B, D>& x, const Optional<B, 1>& weight = {}, double eps = 1e-5) {
  static_assert(D >= 1, "rms_norm needs rank >= 1");
  return Tensor<B, D>::unchecked(rms_norm(x.array(), impl::array_or_none(weight), eps));
}
template <BackendType B, std::size_t D>
Tensor<B, D> group_norm(const Tensor<B, D>& x, std::int64_t groups, const Optional<B, 1>& weight = {},
                        const Optional<B, 1>& bias = {}, double eps = 1e-5) {
  static_assert(D >= 2, "group_norm needs a batch and a channel dim");
  return Tensor<B, D>::unchecked(
      group_norm(x.array(), groups, impl::array_or_none(weight), impl::array_or_none(bias), eps));
}
template <BackendType B, std::size_t D>
Tensor<B, D> instance_norm(const Tensor<B, D>& x, const Optional<B, 1>& weight = {}, const Optional<B, 1>& bias = {},
                           double eps = 1e-5) {
  static_assert(D >= 2, "instance_norm needs a batch and a channel dim");
  return Tensor<B, D>::unchecked(instance_norm(x.array(), impl::array_or_none(weight), impl::array_or_none(bias), eps));
}
template <BackendType B, std::size_t D>
Tensor<B, D> local_response_norm(const Tensor<B, D>& x, const LocalResponseNorm& options = {}) {
  static_assert(D >= 2, "local_response_norm needs a batch and a channel dim");
  return Tensor<B, D>::unchecked(local_response_norm(x.array(), options));
}

}  // namespace fornax::functional
