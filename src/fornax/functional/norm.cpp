#include <fornax/functional/norm.hpp>

#include <algorithm>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/functional/pad.hpp>

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

DimSet all_but(const Array& x, std::initializer_list<int> kept) {
  DimSet dims;
  for (int d = 0; d < x.rank(); ++d) {
    bool reduced = true;
    for (const int k : kept) reduced = reduced && k != d;
    if (reduced) dims.add(d);
  }
  return dims;
}

Array normalised(const Array& x, DimSet dims, double eps) {
  const Array centred = x - reduce(ReduceFn::Mean, x, dims);
  return centred / sqrt(reduce(ReduceFn::Mean, square(centred), dims) + eps);
}

// A vector of one value for each channel, beside x [N, C, ...].
Array beside(const Array& v, const Array& x) {
  Shape shape{v.numel()};
  for (int d = 2; d < x.rank(); ++d) shape = shape.inserted(d - 1, 1);
  return reshape(v, shape);
}

Array scaled(const Array& y, const Array& weight, const Array& bias) {
  const Array grown = weight.defined() ? y * beside(weight, y) : y;
  return bias.defined() ? grown + beside(bias, y) : grown;
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
    const Array y = (x - beside(running_mean, x)) / sqrt(beside(running_var, x) + options.eps);
    return {scaled(y, weight, bias), running_mean, running_var};
  }
  const DimSet dims = all_but(x, {1});
  const std::int64_t count = count_along(x, dims);
  if (count == 1)
    throw ValueError("batch_norm", "one value for each channel has no variance to train with: " + x.shape().str());
  const Array mean = reduce(ReduceFn::Mean, x, dims), centred = x - mean;
  const Array var = reduce(ReduceFn::Mean, square(centred), dims);
  BatchNormResult result{scaled(centred / sqrt(var + options.eps), weight, bias), {}, {}};
  if (running_mean.defined()) {
    const auto moved = [&](const Array& old, const Array& batch) {
      const Array values = reshape(detach(batch), old.shape());
      return (1.0 - options.momentum) * detach(old) + options.momentum * values;
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
  DimSet dims;
  for (int d = 0; d < last.rank(); ++d) {
    if (first < 0 || x.shape()[first + d] != last[d])
      throw ShapeError("layer_norm", x.shape().str() + " does not end with the sizes to normalise over, " + last.str());
    dims.add(first + d);
  }
  for (const Array* v : {&weight, &bias}) {
    if (!v->defined()) continue;
    require_floats("layer_norm", {&x, v});
    require_shape("layer_norm", v == &weight ? "weight" : "bias", *v, last);
  }
  const Array y = normalised(x, dims, eps), grown = weight.defined() ? y * weight : y;
  return bias.defined() ? grown + bias : grown;
}

Array rms_norm(const Array& x, const Array& weight, double eps) {
  require_floats("rms_norm", {&x});
  require_not_negative("rms_norm", "eps", eps);
  if (x.rank() == 0) throw ShapeError("rms_norm", "the input has rank 0; needs a dim to normalise over");
  const Array y = x / sqrt(reduce(ReduceFn::Mean, square(x), -1) + eps);
  if (!weight.defined()) return y;
  require_floats("rms_norm", {&x, &weight});
  require_shape("rms_norm", "weight", weight, Shape{x.shape()[x.rank() - 1]});
  return y * weight;
}

Array group_norm(const Array& x, std::int64_t groups, const Array& weight, const Array& bias, double eps) {
  require_channels("group_norm", x, {&weight, &bias}, eps);
  const std::int64_t n = x.shape()[0];
  if (groups <= 0 || x.shape()[1] % groups != 0)
    throw ShapeError("group_norm",
                     std::to_string(groups) + " groups of the channels of " + x.shape().str() + "; must divide them");
  const Array rows = reshape(x, Shape{n, groups, x.shape().without(0).numel() / groups});
  return scaled(reshape(normalised(rows, DimSet::of(2), eps), x.shape()), weight, bias);
}

Array instance_norm(const Array& x, const Array& weight, const Array& bias, double eps) {
  require_channels("instance_norm", x, {&weight, &bias}, eps);
  return scaled(normalised(x, all_but(x, {0, 1}), eps), weight, bias);
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
