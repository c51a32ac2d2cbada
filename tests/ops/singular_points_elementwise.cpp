// Singular points of elementwise functions. Every element of a row is a point: inputs, value and slopes in order.

#include "singular_points.hpp"

#include <numbers>

#include <fornax/functional/activation.hpp>
#include <fornax/functional/regression_loss.hpp>
#include <fornax/ops/functions/elementwise.hpp>
#include <fornax/ops/functions/special.hpp>

namespace fornax::test {
namespace {

namespace fn = functional;
using Inputs = std::vector<Array>;
using F = std::function<Array(const Inputs&)>;

F unary_fn(UnaryFn f) {
  return [f](const Inputs& x) { return unary(f, x[0]); };
}
F binary_fn(BinaryFn f) {
  return [f](const Inputs& x) { return binary(f, x[0], x[1]); };
}
F scalar_fn(ScalarFn f, Scalar s) {
  return [f, s](const Inputs& x) { return with_scalar(f, x[0], s); };
}
F clamp_fn(std::optional<double> low, std::optional<double> high) {
  return [low, high](const Inputs& x) {
    const Scalar l = low.value_or(0), h = high.value_or(0);
    return clamp(x[0], low ? &l : nullptr, high ? &h : nullptr);
  };
}

Array guarded_sqrt(const Inputs& x) {
  const Array positive = greater(x[0], 0.0);
  return where(positive, sqrt(where(positive, x[0], 1.0)), 0.0);
}

const double kLog3 = std::log(3.0);

}  // namespace

// clang-format off
std::vector<Theme> elementwise_points() {
  const auto relu6 = [](const Inputs& x) { return fn::relu6(x[0]); };
  const auto none = fn::Reduction::None;
  std::vector<Theme> themes;

  themes.push_back({"Kinks and bounds", true, {
    {"abs(a)", unary_fn(UnaryFn::Abs), {at({0, -0.0, -2, kNan})}, {0, 0, 2, kNan}, {{0, 0, -1, kNan}}},
    {"sign(a)", unary_fn(UnaryFn::Sign), {at({0, -0.0, kInf})}, {0, 0, 1}, {{0, 0, 0}}},
    {"relu(a)", unary_fn(UnaryFn::Relu), {at({0, -0.0, -1, 2, kNan})}, {0, 0, 0, 2, kNan}, {{0, 0, 0, 1, 0}}},
    {"relu6(a)", relu6, {at({0, -0.0, 6, 3, kNan})}, {0, 0, 6, 3, kNan}, {{0, 0, 0, 1, 1}}},
    {"hardtanh(a)", [](const Inputs& x) { return fn::hardtanh(x[0]); }, {at({-1, 1, 0, kNan})}, {-1, 1, 0, kNan},
     {{0, 0, 1, 1}}, "clamp has 1 at its bounds; the two differ in PyTorch as well"},
    {"clamp(a, -1, 2)", clamp_fn(-1, 2), {at({-2, -1, 0, 2, 3, kNan})}, {-1, -1, 0, 2, 2, kNan}, {{0, 1, 1, 1, 0, 0}},
     "1 on the closed interval"},
    {"clamp(a, low = -1)", clamp_fn(-1, {}), {at({-2, -1, 0, kNan})}, {-1, -1, 0, kNan}, {{0, 1, 1, 0}}},
    {"clamp(a, high = 2)", clamp_fn({}, 2), {at({0, 2, 3, kNan})}, {0, 2, 2, kNan}, {{1, 1, 0, 0}}},
    {"clamp(a, 2, 1)", clamp_fn(2, 1), {at({0, 1, 1.5, 2, 3})}, {1, 1, 1, 1, 1}, {{0, 0, 0, 0, 0}},
     "low > high gives high, a constant"},
    {"clamp(a, b, c)", [](const Inputs& x) { return clamp(x[0], x[1], x[2]); },
     {at({-2, -1, 2, 3, 0, -1, kNan, 0}), at({-1, -1, -1, -1, 2, 0, 0, kNan}), at({2, 2, 2, 2, 1, 0, 1, 1})},
     {-1, -1, 2, 2, 1, 0, kNan, kNan}, {{0, 1, 1, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 1, 0, 1}, {0, 0, 0, 1, 1, 0, 0, 0}},
     "bounds that are tensors; low = high > a is low's; PyTorch: nobody's"},
    {"leaky_relu(a)", [](const Inputs& x) { return fn::leaky_relu(x[0]); }, {at({0, -0.0, kNan})}, {0, 0, kNan},
     {{0.01, 0.01, 0.01}}},
    {"elu(a)", [](const Inputs& x) { return fn::elu(x[0]); }, {at({0, -0.0})}, {0, 0}, {{1, 1}}},
    {"celu(a, 2)", [](const Inputs& x) { return fn::celu(x[0], 2); }, {at({0, -0.0})}, {0, 0}, {{1, 1}}},
    {"softplus(a)", [](const Inputs& x) { return fn::softplus(x[0]); }, {at({0, -0.0, 1000, -1000})},
     {std::numbers::ln2, std::numbers::ln2, 1000, 0}, {{0.5, 0.5, 1, 0}}},
    {"softsign(a)", [](const Inputs& x) { return fn::softsign(x[0]); }, {at({0, -0.0})}, {0, 0}, {{1, 1}}},
    {"hardshrink(a, 0.5)", [](const Inputs& x) { return fn::hardshrink(x[0]); }, {at({0.5, -0.5, 1})}, {0, 0, 1},
     {{0, 0, 1}}},
    {"softshrink(a, 0.5)", [](const Inputs& x) { return fn::softshrink(x[0]); }, {at({0.5, -0.5, 1})}, {0, 0, 0.5},
     {{0, 0, 1}}},
    {"threshold(a, 1, 7)", [](const Inputs& x) { return fn::threshold(x[0], 1, 7); }, {at({1, 2})}, {7, 2}, {{0, 1}}},
    {"l1_loss(a, b)", [none](const Inputs& x) { return fn::l1_loss(x[0], x[1], none); }, {at({1, 3}), at({1, 1})},
     {0, 2}, {{0, 1}, {0, -1}}},
    {"smooth_l1_loss(a, b)", [none](const Inputs& x) { return fn::smooth_l1_loss(x[0], x[1], 1, none); },
     {at({1, 2, 0}), at({1, 1, 1})}, {0, 0.5, 0.5}, {{0, 1, -1}, {0, -1, 1}},
     "beta = 1: at 0 and where the pieces meet"},
    {"huber_loss(a, b, 2)", [none](const Inputs& x) { return fn::huber_loss(x[0], x[1], 2, none); },
     {at({1, 3, -1}), at({1, 1, 1})}, {0, 2, 2}, {{0, 2, -2}, {0, -2, 2}}, "delta = 2"},
    {"lp_loss(a, b, 0.5)", [none](const Inputs& x) { return fn::lp_loss(x[0], x[1], 0.5, none); },
     {at({1, 5}), at({1, 1})}, {0, 2}, {{0, 0.25}, {0, -0.25}}, "0 where the inputs are equal, as for norms"},
  }});

  themes.push_back({"Jumps", true, {
    {"floor(a)", unary_fn(UnaryFn::Floor), {at({0, -0.0, 2, kNan})}, {0, 0, 2, kNan}, {{0, 0, 0, 0}}},
    {"ceil(a)", unary_fn(UnaryFn::Ceil), {at({0, -0.0, 2})}, {0, 0, 2}, {{0, 0, 0}}},
    {"round(a)", unary_fn(UnaryFn::Round), {at({0.5, 1.5, -0.5})}, {0, 2, 0}, {{0, 0, 0}}, "half to even"},
    {"trunc(a)", unary_fn(UnaryFn::Trunc), {at({0, -0.0, 2})}, {0, 0, 2}, {{0, 0, 0}}},
    {"frac(a)", [](const Inputs& x) { return frac(x[0]); }, {at({0, 2, -2})}, {0, 0, 0}, {{1, 1, 1}}},
    {"fmod(a, b)", binary_fn(BinaryFn::Fmod), {at({4, -4, 1}), at({2, 2, 0})}, {0, 0, kNan}, {{1, 1, 1}, {-2, 2, kNan}},
     "slope -trunc(a / b) of b"},
    {"remainder(a, b)", binary_fn(BinaryFn::Remainder), {at({4, -4, 1}), at({2, 2, 0})}, {0, 0, kNan},
     {{1, 1, 1}, {-2, 2, -kInf}}, "slope -floor(a / b) of b"},
    {"fmod(a, 2)", scalar_fn(ScalarFn::Fmod, 2.0), {at({4, -4})}, {0, 0}, {{1, 1}}},
    {"remainder(a, 2)", scalar_fn(ScalarFn::Remainder, 2.0), {at({4, -4})}, {0, 0}, {{1, 1}}},
    {"floor_div(a, b)", binary_fn(BinaryFn::FloorDiv), {at({4, 0}), at({2, 2})}, {2, 0}, {{0, 0}, {0, 0}}},
    {"trunc_div(a, b)", binary_fn(BinaryFn::TruncDiv), {at({4, 0}), at({2, 2})}, {2, 0}, {{0, 0}, {0, 0}}},
    {"copysign(a, b)", binary_fn(BinaryFn::Copysign), {at({0, 0, 2}), at({1, -1, -0.0})}, {0, 0, -2},
     {{0, 0, -1}, {0, 0, 0}}},
  }});

  themes.push_back({"Ends of a domain, and poles", true, {
    {"sqrt(a)", unary_fn(UnaryFn::Sqrt), {at({0, -0.0, -1, kInf, kNan})}, {0, 0, kNan, kInf, kNan},
     {{kInf, kInf, kNan, 0, kNan}}, "-0 has the slope of 0; PyTorch: -inf there"},
    {"rsqrt(a)", unary_fn(UnaryFn::Rsqrt), {at({0, -0.0, -1, kInf})}, {kInf, -kInf, kNan, 0}, {{-kInf, -kInf, kNan, 0}},
     "-inf at -0 is what IEEE 754 asks for; the slope is that of 0; PyTorch: inf at -0"},
    {"reciprocal(a)", unary_fn(UnaryFn::Reciprocal), {at({0, -0.0, kInf})}, {kInf, -kInf, 0}, {{-kInf, -kInf, 0}}},
    {"a / b", binary_fn(BinaryFn::Div), {at({1, 0, 0}), at({0, 0, 2})}, {kInf, kNan, 0},
     {{kInf, kInf, 0.5}, {-kInf, kNan, 0}}},
    {"log(a)", unary_fn(UnaryFn::Log), {at({0, -0.0, -1, kNan})}, {-kInf, -kInf, kNan, kNan}, {{kInf, -kInf, -1, kNan}},
     "1 / a, whatever the value; at -0 that is -inf, as in PyTorch"},
    {"log1p(a)", unary_fn(UnaryFn::Log1p), {at({-1, kInf})}, {-kInf, kInf}, {{kInf, 0}}},
    {"asin(a)", unary_fn(UnaryFn::Asin), {at({-1, 1})}, {-std::numbers::pi / 2, std::numbers::pi / 2}, {{kInf, kInf}}},
    {"acos(a)", unary_fn(UnaryFn::Acos), {at({-1, 1})}, {std::numbers::pi, 0}, {{-kInf, -kInf}}},
    {"acosh(a)", unary_fn(UnaryFn::Acosh), {at({1})}, {0}, {{kInf}}},
    {"atanh(a)", unary_fn(UnaryFn::Atanh), {at({-1, 1})}, {-kInf, kInf}, {{kInf, kInf}}},
    {"erfinv(a)", unary_fn(UnaryFn::Erfinv), {at({-1, 1, 2})}, {-kInf, kInf, kNan}, {{kInf, kInf, kNan}}},
    {"logit(a)", [](const Inputs& x) { return logit(x[0]); }, {at({0, 1, 2})}, {-kInf, kInf, kNan},
     {{kInf, kInf, kNan}}},
    {"lgamma(a)", [](const Inputs& x) { return lgamma(x[0]); }, {at({0, -0.0, -1, -2, kInf})},
     {kInf, kInf, kInf, kInf, kInf}, {{-kInf, kInf, kNan, kNan, kInf}},
     "the slope is digamma: at 0 and -0 the limit from that side, at the other poles none"},
    {"digamma(a)", [](const Inputs& x) { return digamma(x[0]); }, {at({0, -0.0, -1})}, {-kInf, kInf, kNan},
     {{kInf, kInf, kInf}}, "the poles of the slope point to one side"},
    {"sinc(a)", [](const Inputs& x) { return sinc(x[0]); }, {at({0, -0.0})}, {1, 1}, {{0, 0}}},
    {"i0e(a)", [](const Inputs& x) { return i0e(x[0]); }, {at({0, -0.0})}, {1, 1}, {{0, 0}}},
    {"xlogy(a, b)", [](const Inputs& x) { return xlogy(x[0], x[1]); }, {at({0, 0, 1}), at({0, 3, 0})}, {0, 0, -kInf},
     {{0, kLog3, -kInf}, {0, 0, kInf}}, "both 0 at (0, 0); PyTorch: NaN for b"},
    {"xlog1py(a, b)", [](const Inputs& x) { return xlog1py(x[0], x[1]); }, {at({0, 0}), at({-1, 2})}, {0, 0},
     {{0, kLog3}, {0, 0}}},
    {"atan2(a, b)", binary_fn(BinaryFn::Atan2), {at({0, 1}), at({0, 0})}, {0, std::numbers::pi / 2},
     {{kNan, 0}, {kNan, -1}}, "NaN at the origin"},
    {"hypot(a, b)", binary_fn(BinaryFn::Hypot), {at({0, 3}), at({0, 4})}, {0, 5}, {{kNan, 0.6}, {kNan, 0.8}},
     "NaN at the origin, as in PyTorch; vector_norm gives 0"},
  }});

  themes.push_back({"Powers", true, {
    {"pow(a, 0)", scalar_fn(ScalarFn::Pow, 0.0), {at({0, -0.0, 2, kInf, kNan})}, {1, 1, 1, 1, 1}, {{0, 0, 0, 0, 0}},
     "1 even for NaN, as C and IEEE 754 have it"},
    {"pow(a, 1)", scalar_fn(ScalarFn::Pow, 1.0), {at({0, -0.0})}, {0, 0}, {{1, 1}}},
    {"pow(a, 2)", scalar_fn(ScalarFn::Pow, 2.0), {at({0, -0.0})}, {0, 0}, {{0, 0}}},
    {"pow(a, 0.5)", scalar_fn(ScalarFn::Pow, 0.5), {at({0, -0.0})}, {0, 0}, {{kInf, kInf}}},
    {"pow(a, -1)", scalar_fn(ScalarFn::Pow, -1.0), {at({0})}, {kInf}, {{-kInf}}},
    {"pow(a, b)", binary_fn(BinaryFn::Pow), {at({0, 0, 0, 0, 3, -1}), at({0, 1, 2, -1, 0, 2})}, {1, 0, 0, kInf, 1, 1},
     {{0, 1, 0, -kInf, 0, -2}, {0, 0, 0, -kInf, kLog3, kNan}}, "(0, 0) at (0, 0)"},
    {"pow(0, a)", scalar_fn(ScalarFn::Rpow, 0.0), {at({0, 2, -1})}, {1, 0, kInf}, {{0, 0, -kInf}}},
  }});

  themes.push_back({"Ties of two inputs", true, {
    {"maximum(a, b)", binary_fn(BinaryFn::Maximum), {at({1, 2, kInf, 0, kNan, 1}), at({1, 1, kInf, -0.0, 1, kNan})},
     {1, 2, kInf, 0, kNan, kNan}, {{0.5, 1, 0.5, 0.5, 1, 1}, {0.5, 0, 0.5, 0.5, 1, 1}}, "halves at a tie"},
    {"minimum(a, b)", binary_fn(BinaryFn::Minimum), {at({1, 2, kInf, 0, kNan, 1}), at({1, 1, kInf, -0.0, 1, kNan})},
     {1, 1, kInf, 0, kNan, kNan}, {{0.5, 0, 0.5, 0.5, 1, 1}, {0.5, 1, 0.5, 0.5, 1, 1}}, "halves at a tie"},
    {"fmax(a, b)", [](const Inputs& x) { return fmax(x[0], x[1]); },
     {at({1, 2, kNan, 1, kNan}), at({1, 1, 1, kNan, kNan})}, {1, 2, 1, 1, kNan}, {{1, 1, 0, 1, 1}, {0, 0, 1, 0, 0}},
     "a tie is a's, as in PyTorch"},
    {"fmin(a, b)", [](const Inputs& x) { return fmin(x[0], x[1]); },
     {at({1, 2, kNan, 1, kNan}), at({1, 1, 1, kNan, kNan})}, {1, 1, 1, 1, kNan}, {{1, 0, 0, 1, 1}, {0, 1, 1, 0, 0}},
     "a tie is a's, as in PyTorch"},
    {"logaddexp(a, b)", [](const Inputs& x) { return logaddexp(x[0], x[1]); }, {at({0, -kInf}), at({0, 0})},
     {std::numbers::ln2, 0}, {{0.5, 0}, {0.5, 1}}},
  }});

  themes.push_back({"where", true, {
    {"where(a > 0, sqrt(a), 0)", [](const Inputs& x) { return where(greater(x[0], 0.0), sqrt(x[0]), 0.0); },
     {at({0, 4})}, {0, 2}, {{kNan, 0.25}},
     "reverse mode multiplies the 0 from where by the slope inf; forward mode picks among tangents and has 0",
     {{{0, 0.25}}}},
    {"where(a > 0, sqrt(where(a > 0, a, 1)), 0)", guarded_sqrt, {at({0, 4})}, {0, 2}, {{0, 0.25}},
     "the remedy: no singular value is computed"},
    {"where(a == b, a, b)", [](const Inputs& x) { return where(equal(x[0], x[1]), x[0], x[1]); },
     {at({1, 2, kNan}), at({1, 3, 4})}, {1, 3, 4}, {{1, 0, 0}, {0, 1, 1}}},
  }});

  themes.push_back({"Saturation", true, {
    {"sigmoid(a)", unary_fn(UnaryFn::Sigmoid), {at({1000, -1000, kInf, -kInf})}, {1, 0, 1, 0}, {{0, 0, 0, 0}}},
    {"tanh(a)", unary_fn(UnaryFn::Tanh), {at({1000, -1000, kInf})}, {1, -1, 1}, {{0, 0, 0}}},
    {"exp(a)", unary_fn(UnaryFn::Exp), {at({-1000, 1000, -kInf})}, {0, kInf, 0}, {{0, kInf, 0}}},
    {"expm1(a)", unary_fn(UnaryFn::Expm1), {at({-1000})}, {-1}, {{0}}},
    {"erf(a)", unary_fn(UnaryFn::Erf), {at({100, -100, kInf})}, {1, -1, 1}, {{0, 0, 0}}},
  }});
  return themes;
}
// clang-format on

}  // namespace fornax::test
