// Activation functions.

#include <fornax/functional/activation.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

using namespace functional;

Arrays gelu_row(const Call& c) {
  const bool approximate = c.attrs.has("approximate") && c.attrs.text("approximate") == "tanh";
  return gelu(c[0], approximate ? Gelu::Tanh : Gelu::Erf);
}

constexpr Row kRows[] = {
    {"silu", [](const Call& c) -> Arrays { return silu(c[0]); }},
    {"mish", [](const Call& c) -> Arrays { return mish(c[0]); }},
    {"softsign", [](const Call& c) -> Arrays { return softsign(c[0]); }},
    {"hardsigmoid", [](const Call& c) -> Arrays { return hardsigmoid(c[0]); }},
    {"hardswish", [](const Call& c) -> Arrays { return hardswish(c[0]); }},
    {"relu6", [](const Call& c) -> Arrays { return relu6(c[0]); }},
    {"tanhshrink", [](const Call& c) -> Arrays { return tanhshrink(c[0]); }},
    {"log_sigmoid", [](const Call& c) -> Arrays { return log_sigmoid(c[0]); }},
    {"leaky_relu", [](const Call& c) -> Arrays { return leaky_relu(c[0], c.attrs.real("negative_slope")); }},
    {"elu", [](const Call& c) -> Arrays { return elu(c[0], c.attrs.real("alpha")); }},
    {"celu", [](const Call& c) -> Arrays { return celu(c[0], c.attrs.real("alpha")); }},
    {"selu", [](const Call& c) -> Arrays { return selu(c[0]); }},
    {"gelu", gelu_row},
    {"softplus",
     [](const Call& c) -> Arrays { return softplus(c[0], c.attrs.real("beta", 1), c.attrs.real("threshold", 1e9)); }},
    {"hardtanh", [](const Call& c) -> Arrays { return hardtanh(c[0], c.attrs.real("min"), c.attrs.real("max")); }},
    {"hard_sigmoid_ab",
     [](const Call& c) -> Arrays { return hard_sigmoid(c[0], c.attrs.real("alpha"), c.attrs.real("beta")); }},
    {"hardshrink", [](const Call& c) -> Arrays { return hardshrink(c[0], c.attrs.real("lambda")); }},
    {"softshrink", [](const Call& c) -> Arrays { return softshrink(c[0], c.attrs.real("lambda")); }},
    {"threshold",
     [](const Call& c) -> Arrays { return threshold(c[0], c.attrs.real("threshold"), c.attrs.real("value")); }},
    {"thresholded_relu", [](const Call& c) -> Arrays { return thresholded_relu(c[0], c.attrs.real("alpha")); }},
    {"prelu", [](const Call& c) -> Arrays { return prelu(c[0], c[1]); }},
    {"glu", [](const Call& c) -> Arrays { return glu(c[0], c.attrs.integer("dim")); }},
    {"swiglu", [](const Call& c) -> Arrays { return swiglu(c[0], c[1], c[2]); }},
};

}  // namespace

std::span<const Row> activation_rows() { return kRows; }

}  // namespace fornax::conformance
