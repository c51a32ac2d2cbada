#include <fornax/functional/norm.hpp>

#include <algorithm>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/functional/pad.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

void require_channels(std::string_view operation, const Array& x, std::initializer_list<const Array*> per_channel,
                      double eps) {
  require_floats(operation, {&x});
  require_not_negative(operation, "eps", eps);
  if (x.rank() < 2) throw ShapeError(operation, "needs a batch and a channel dim, got " + x.shape().str());
  for (const Array* v : per_channel) {
    if (!v->defined()) continue;
    require_floats(operation, {&x, v});
    require_shape(operation, "a vector of the channels", *v, Shape{x.shape()[1]});
  }
}

// A vector of one value for each channel, beside x [N, C, ...].
Array beside(const Array& v, const Array& x) {
  Shape shape{v.numel()};
  for (int d = 2; d < x.rank(); ++d) shape = shape.inserted(d - 1, 1);
  return reshape(v, shape);
}

// Weight and bias may be empty.
Array group_normed(const Array& x, op::GroupNorm norm, const Array& weight, const Array& bias) {
  if (!weight.defined()) return bias.defined() ? run(norm, {x}) + beside(bias, x) : run(norm, {x});
  norm.vectors = bias.defined() ? 2 : 1;
  return bias.defined() ? run(norm, {x, weight, bias}) : run(norm, {x, weight});
}

}  // namespace

BatchNormResult batch_norm(const Array& x, const Array& weight, const Array& bias, const Array& running_mean,
                           const Array& running_var, const BatchNorm& options) {
  require_channels("batch_norm", x, {&weight, &bias, &running_mean, &running_var}, options.eps);
  require_not_negative("batch_norm", "momentum", options.momentum);
  if (running_mean.defined() != running_var.defined())
    throw ValueError("batch_norm", "one of the running statistics is missing");
  if (!options.training) {
    if (!running_mean.defined()) throw ValueError("batch_norm", "evaluation needs running statistics");
    const Array root = rsqrt(running_var + options.eps), scale = weight.defined() ? root * weight : root;
    const Array shift = bias.defined() ? bias - running_mean * scale : -(running_mean * scale);
    return {x * beside(scale, x) + beside(shift, x), running_mean, running_var};
  }
  const std::int64_t count = x.shape().with(1, 1).numel();
  if (count == 1)
    throw ValueError("batch_norm", "one value for each channel has no variance to train with: " + x.shape().str());
  const auto or_else = [&](const Array& v, double value) {
    return v.defined() ? v : zeros_like(x, Shape{x.shape()[1]}) + value;
  };
  const Arrays y = run_all(op::BatchNorm{options.eps}, {x, or_else(weight, 1), or_else(bias, 0)});
  const Array &mean = y[1], &var = y[2];
  BatchNormResult result{y[0], {}, {}};
  if (running_mean.defined()) {
    const auto moved = [&](const Array& old, const Array& batch) {
      return (1.0 - options.momentum) * detach(old) + options.momentum * detach(batch);
    };
    const auto n = static_cast<double>(count);
    result.running_mean = moved(running_mean, mean);
    result.running_var = moved(running_var, var * (n / (n - 1)));
  }
  return result;
}

Array layer_norm(const Array& x, std::span<const std::int64_t> sizes, const Array& weight, const Array& bias,
                 double eps) {
  require_floats("layer_norm", {&x});
  require_not_negative("layer_norm", "eps", eps);
  const Shape last(sizes);
  const int first = x.rank() - last.rank();
  for (int d = 0; d < last.rank(); ++d)
    if (first < 0 || x.shape()[first + d] != last[d])
      throw ShapeError("layer_norm", x.shape().str() + " does not end with the sizes to normalise over, " + last.str());
  for (const Array* v : {&weight, &bias}) {
    if (!v->defined()) continue;
    require_floats("layer_norm", {&x, v});
    require_shape("layer_norm", v == &weight ? "weight" : "bias", *v, last);
  }
  const std::int64_t width = last.numel();
  const Shape rows{width == 0 ? 0 : x.numel() / width, width};
  const auto flat = [&](const Array& v) { return v.defined() ? reshape(v, Shape{width}) : v; };
  return reshape(group_normed(reshape(x, rows), {1, eps}, flat(weight), flat(bias)), x.shape());
}

Array rms_norm(const Array& x, const Array& weight, double eps) {
  require_floats("rms_norm", {&x});
  require_not_negative("rms_norm", "eps", eps);
  if (x.rank() == 0) throw ShapeError("rms_norm", "the input has rank 0; needs a dim to normalise over");
  const std::int64_t width = x.shape()[x.rank() - 1];
  if (weight.defined()) {
    require_floats("rms_norm", {&x, &weight});
    require_shape("rms_norm", "weight", weight, Shape{width});
  }
  const Shape rows{width == 0 ? 0 : x.numel() / width, width};
  return reshape(group_normed(reshape(x, rows), {1, eps, false}, weight, {}), x.shape());
}

Array group_norm(const Array& x, std::int64_t groups, const Array& weight, const Array& bias, double eps) {
  require_channels("group_norm", x, {&weight, &bias}, eps);
  if (groups <= 0 || x.shape()[1] % groups != 0)
    throw ShapeError("group_norm",
                     std::to_string(groups) + " groups of the channels of " + x.shape().str() + "; must divide them");
  return group_normed(x, {groups, eps}, weight, bias);
}

Array instance_norm(const Array& x, const Array& weight, const Array& bias, double eps) {
  require_channels("instance_norm", x, {&weight, &bias}, eps);
  return group_normed(x, {std::max<std::int64_t>(1, x.shape()[1]), eps}, weight, bias);
}

Array local_response_norm(const Array& x, const LocalResponseNorm& options) {
  require_channels("local_response_norm", x, {}, 0);
  const std::int64_t channels = x.shape()[1], size = options.size;
  if (size <= 0) throw ValueError("local_response_norm", "size is " + std::to_string(size) + "; must be positive");
  // One shifted copy for each place in the window; shifts beyond the channels see nothing but zeros.
  const std::int64_t before = std::min(size / 2, channels), after = std::min(size - 1 - size / 2, channels);
  PadWidth widths[kMaxRank] = {};
  widths[0] = {before, after};
  const Array padded = pad(square(x), std::span(widths, static_cast<std::size_t>(x.rank() - 1)));
  Array sum = narrow(padded, 1, 0, channels);
  for (std::int64_t i = 1; i <= before + after; ++i) sum = sum + narrow(padded, 1, i, channels);
  return x / pow(sum * (options.alpha / static_cast<double>(size)) + options.k, options.beta);
}

}  // namespace fornax::functional
