// Branches that are not taken are computed on harmless values: 0 times an infinite slope is NaN.

#include <fornax/functional/activation.hpp>

#include <cmath>
#include <limits>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/functional/linear.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

// The slope beside a tensor of which dim 1 holds the channels.
Array per_channel(const Array& weight, const Array& x) {
  const int dim = x.rank() > 1 ? 1 : 0;
  if (weight.numel() == 1) return reshape(weight, Shape{});
  if (x.rank() == 0 || !(weight.shape() == Shape{x.shape()[dim]}))
    throw ShapeError("prelu", "weight has shape " + weight.shape().str() + ", the input has shape " + x.shape().str() +
                                  "; needs one element, or one for each channel");
  Shape shape{weight.numel()};
  for (int d = dim + 1; d < x.rank(); ++d) shape = shape.inserted(shape.rank(), 1);
  return reshape(weight, shape);
}

Array elu_below(const Array& x, double alpha, double scale) {
  const Array positive = greater(x, 0.0);
  const Array below = unary(UnaryFn::Expm1, where(positive, 0.0, x) / scale);
  return where(positive, x, alpha * below);
}

Array clamped(Operand x, double low, double high) {
  const Scalar l = low, h = high;
  return clamp(x, &l, &h);
}

}  // namespace

Array relu(const Array& x) { return unary(UnaryFn::Relu, x); }

Array relu6(const Array& x) {
  require_floats("relu6", {&x});
  return between(x, 0, 6);
}

Array leaky_relu(const Array& x, double slope) {
  require_floats("leaky_relu", {&x});
  return where(greater(x, 0.0), x, x * slope);
}

Array prelu(const Array& x, const Array& weight) {
  require_floats("prelu", {&x, &weight});
  const Array slope = per_channel(weight, x), positive = greater(x, 0.0);
  return where(positive, x, slope * where(positive, 0.0, x));
}

Array rrelu(const Array& x, const RRelu& options) {
  require_floats("rrelu", {&x});
  if (!(options.low <= options.high) || !std::isfinite(options.low) || !std::isfinite(options.high))
    throw ValueError("rrelu", "the slopes are drawn from " + Scalar(options.low).str() + " to " +
                                  Scalar(options.high).str() + "; needs low <= high, both finite");
  if (!options.training) return leaky_relu(x, 0.5 * (options.low + options.high));
  const Array slope =
      draws(x, x.shape(), x.dtype(), Distribution::uniform(options.low, options.high), options.generator);
  return where(greater(x, 0.0), x, x * slope);
}

Array elu(const Array& x, double alpha) {
  require_floats("elu", {&x});
  return elu_below(x, alpha, 1);
}

Array celu(const Array& x, double alpha) {
  require_floats("celu", {&x});
  if (alpha == 0 || !std::isfinite(alpha))
    throw ValueError("celu", "alpha is " + Scalar(alpha).str() + "; must be finite and not 0");
  return elu_below(x, alpha, alpha);
}

Array selu(const Array& x) {
  require_floats("selu", {&x});
  constexpr double alpha = 1.6732632423543772848170429916717, scale = 1.0507009873554804934193349852946;
  return scale * elu_below(x, alpha, 1);
}

Array gelu(const Array& x, Gelu form) {
  require_floats("gelu", {&x});
  return unary(form == Gelu::Erf ? UnaryFn::Gelu : UnaryFn::GeluTanh, x);
}

Array silu(const Array& x) {
  require_floats("silu", {&x});
  return unary(UnaryFn::Silu, x);
}

Array mish(const Array& x) {
  require_floats("mish", {&x});
  return unary(UnaryFn::Mish, x);
}

Array softplus(const Array& x, double beta, double threshold) {
  require_floats("softplus", {&x});
  require_positive("softplus", "beta", beta);
  const auto softplus_of = [](Operand a) { return unary(UnaryFn::Softplus, a); };
  // Above 17, softplus is its argument to the last bit of f32 and of 16 bits.
  if (threshold == std::numeric_limits<double>::infinity() || (beta == 1 && threshold >= 17 && x.dtype() != DType::F64))
    return beta == 1 ? softplus_of(x) : softplus_of(x * beta) / beta;
  const Array linear = greater(x * beta, threshold);
  return where(linear, x, softplus_of(where(linear, 0.0, x) * beta) / beta);
}

Array softsign(const Array& x) {
  require_floats("softsign", {&x});
  return x / (absolute(x) + 1.0);
}

Array sigmoid(const Array& x) { return unary(UnaryFn::Sigmoid, x); }

Array log_sigmoid(const Array& x) {
  require_floats("log_sigmoid", {&x});
  return -unary(UnaryFn::Softplus, -x);
}

Array hard_sigmoid(const Array& x, double alpha, double beta) {
  require_floats("hard_sigmoid", {&x});
  return clamped(x * alpha + beta, 0, 1);
}

Array hardsigmoid(const Array& x) {
  require_floats("hardsigmoid", {&x});
  const Array z = between(x + 3.0, 0, 6);
  if (x.dtype() != DType::F64) return z / 6.0;
  // PyTorch divides by 6 forward and multiplies by a single-precision 1/6 backward: the value is that of z / 6, the
  // slope that of z * sixth.
  constexpr double sixth = 1.0F / 6.0F;
  const Array sloped = z * sixth;
  return detach(z / 6.0) + (sloped - detach(sloped));  // the difference is 0 to the bit
}

Array hardswish(const Array& x) {
  require_floats("hardswish", {&x});
  return x * clamped(x + 3.0, 0, 6) / 6.0;
}

Array hardtanh(const Array& x, double low, double high) {
  require_floats("hardtanh", {&x});
  if (!(low <= high))
    throw ValueError("hardtanh",
                     "low is " + Scalar(low).str() + ", high " + Scalar(high).str() + "; needs low <= high");
  return between(x, low, high);
}

Array tanhshrink(const Array& x) {
  require_floats("tanhshrink", {&x});
  return x - tanh(x);
}

Array hardshrink(const Array& x, double lambda) {
  require_floats("hardshrink", {&x});
  require_not_negative("hardshrink", "lambda", lambda);
  return where(lower_equal(absolute(x), lambda), 0.0, x);
}

namespace {

Array shrunk(std::string_view operation, const Array& x, double lambda, double bias) {
  require_floats(operation, {&x});
  require_not_negative(operation, "lambda", lambda);
  return where(lower_equal(absolute(x), lambda), 0.0, where(greater(x, 0.0), x - bias, x + bias));
}

}  // namespace

Array softshrink(const Array& x, double lambda) { return shrunk("softshrink", x, lambda, lambda); }
Array shrink(const Array& x, double lambda, double bias) { return shrunk("shrink", x, lambda, bias); }

Array threshold(const Array& x, double bound, double value) {
  require_floats("threshold", {&x});
  return where(lower_equal(x, bound), value, x);
}

Array thresholded_relu(const Array& x, double alpha) {
  require_floats("thresholded_relu", {&x});
  return where(lower_equal(x, alpha), 0.0, x);
}

Array glu(const Array& x, std::int64_t dim) {
  require_floats("glu", {&x});
  const int d = checked_dim("glu", dim, x.rank());
  const std::int64_t n = x.shape()[d];
  if (n % 2 != 0) throw ShapeError("glu", "dim " + std::to_string(d) + " of " + x.shape().str() + " is odd");
  return narrow(x, d, 0, n / 2) * sigmoid(narrow(x, d, n / 2, n / 2));
}

Array swiglu(const Array& x, const Array& gate, const Array& value) {
  require_floats("swiglu", {&x, &gate, &value});
  require_rank("swiglu", "gate", gate, 2);
  require_shape("swiglu", "value", value, gate.shape());
  if (x.rank() == 0 || x.shape()[x.rank() - 1] != gate.shape()[0])
    throw ShapeError("swiglu", "the input has shape " + x.shape().str() + ", the gate " + gate.shape().str() +
                                   "; the input's last dim must have size " + std::to_string(gate.shape()[0]));
  return silu(linear_io(x, gate)) * linear_io(x, value);
}

}  // namespace fornax::functional
