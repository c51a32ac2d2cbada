// Activation functions. Branches that are not taken are computed on harmless values: 0 times an infinite slope is NaN.

#include <numbers>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

Array silu(const Array& x) { return x * unary(UnaryFn::Sigmoid, x); }

Array elu(const Array& x, double alpha, double scale = 1) {
  const Array positive = greater(x, 0.0);
  const Array below = unary(UnaryFn::Expm1, where(positive, 0.0, x) / scale);
  return where(positive, x, alpha * below);
}

Arrays celu(const Call& c) {
  const double alpha = c.attrs.real("alpha");
  return elu(c[0], alpha, alpha);
}

Arrays selu(const Call& c) {
  // Klambauer et al., "Self-normalizing neural networks", 2017, appendix A.
  constexpr double alpha = 1.6732632423543772848170429916717, scale = 1.0507009873554804934193349852946;
  return scale * elu(c[0], alpha);
}

Arrays gelu(const Call& c) {
  const Array& x = c[0];
  if (c.attrs.has("approximate") && c.attrs.text("approximate") == "tanh") {
    const double k = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
    return 0.5 * x * (1.0 + tanh(k * (x + 0.044715 * (x * x * x))));
  }
  return 0.5 * x * unary(UnaryFn::Erfc, x * (-1 / std::numbers::sqrt2));
}

Arrays softplus_row(const Call& c) {
  const double beta = c.attrs.real("beta", 1);
  const Array& x = c[0];
  const Array linear = greater(x * beta, c.attrs.real("threshold", 1e9));
  return where(linear, x, softplus(where(linear, 0.0, x) * beta) / beta);
}

Arrays hardswish(const Call& c) {
  const Scalar low = 0.0, high = 6.0;
  return c[0] * clamp(c[0] + 3.0, &low, &high) / 6.0;
}

Arrays hardshrink(const Call& c) {
  const double l = c.attrs.real("lambda");
  return where(logical_and(greater_equal(c[0], -l), lower_equal(c[0], l)), 0.0, c[0]);
}

Arrays softshrink(const Call& c) {
  const double l = c.attrs.real("lambda");
  const Array& x = c[0];
  return where(greater(x, l), x - l, where(with_scalar(ScalarFn::Less, x, -l), x + l, zeros_like(x)));
}

Arrays prelu(const Call& c) {
  const Array &x = c[0], &weight = c[1];
  Array slope = weight;
  if (weight.numel() > 1 && x.rank() > 2) {
    Shape shape{weight.numel()};
    while (shape.rank() < x.rank() - 1) shape = shape.inserted(shape.rank(), 1);
    slope = reshape(weight, shape);
  }
  const Array positive = greater(x, 0.0);
  return where(positive, x, slope * where(positive, 0.0, x));
}

Arrays glu(const Call& c) {
  const int dim = checked_dim("glu", c.attrs.integer("dim"), c[0].rank());
  const std::int64_t n = c[0].shape()[dim];
  if (n % 2 != 0) throw ShapeError("glu", "dim " + std::to_string(dim) + " of " + c[0].shape().str() + " is odd");
  return narrow(c[0], dim, 0, n / 2) * unary(UnaryFn::Sigmoid, narrow(c[0], dim, n / 2, n / 2));
}

Arrays hard_sigmoid_ab(const Call& c) {
  const Scalar low = 0.0, high = 1.0;
  return clamp(c[0] * c.attrs.real("alpha") + c.attrs.real("beta"), &low, &high);
}

Arrays leaky_relu(const Call& c) { return where(greater(c[0], 0.0), c[0], c[0] * c.attrs.real("negative_slope")); }

Arrays threshold(const Call& c) {
  return where(lower_equal(c[0], c.attrs.real("threshold")), c.attrs.real("value"), c[0]);
}

constexpr Row kRows[] = {
    {"silu", [](const Call& c) -> Arrays { return silu(c[0]); }},
    {"mish", [](const Call& c) -> Arrays { return c[0] * tanh(softplus(c[0])); }},
    {"softsign", [](const Call& c) -> Arrays { return c[0] / (unary(UnaryFn::Abs, c[0]) + 1.0); }},
    {"hardswish", hardswish},
    {"relu6", [](const Call& c) -> Arrays { return limited(c[0], 0, 6); }},
    {"tanhshrink", [](const Call& c) -> Arrays { return c[0] - tanh(c[0]); }},
    {"log_sigmoid", [](const Call& c) -> Arrays { return -softplus(-c[0]); }},
    {"leaky_relu", leaky_relu},
    {"elu", [](const Call& c) -> Arrays { return elu(c[0], c.attrs.real("alpha")); }},
    {"celu", celu},
    {"selu", selu},
    {"gelu", gelu},
    {"softplus", softplus_row},
    {"hardtanh", [](const Call& c) -> Arrays { return limited(c[0], c.attrs.real("min"), c.attrs.real("max")); }},
    {"hard_sigmoid_ab", hard_sigmoid_ab},
    {"hardshrink", hardshrink},
    {"softshrink", softshrink},
    {"threshold", threshold},
    {"thresholded_relu",
     [](const Call& c) -> Arrays { return where(greater(c[0], c.attrs.real("alpha")), c[0], 0.0); }},
    {"prelu", prelu},
    {"glu", glu},
    {"swiglu", [](const Call& c) -> Arrays { return silu(product(c[0], c[1])) * product(c[0], c[2]); }},
};

}  // namespace

std::span<const Row> activation_rows() { return kRows; }

}  // namespace fornax::conformance
