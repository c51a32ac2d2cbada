#include <fornax/ops/biased_conv.hpp>

#include <algorithm>
#include <string>

#include <fornax/ops/conv_shape.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

constexpr std::string_view kNames[] = {"biased_conv1d", "biased_conv2d", "biased_conv3d"};
constexpr std::string_view kGradNames[] = {"biased_conv1d_grad", "biased_conv2d_grad", "biased_conv3d_grad"};

std::size_t dims_of(const ConvSettings& s) { return static_cast<std::size_t>(std::clamp(s.dims, 1, kMaxSpatialDims)); }

// Of one number for each channel, beside pictures of so many dims.
Shape beside(std::int64_t channels, int dims) {
  Shape shape{channels};
  for (int d = 0; d < dims; ++d) shape = shape.inserted(d + 1, 1);
  return shape;
}

Array by_channel(const Array& x) {
  const std::int64_t channels = x.shape()[1];
  return reshape(sum_to(x, beside(channels, x.rank() - 2)), Shape{channels});
}

ConvSettings resized(ConvSettings s, ConvKind kind, const Shape& like) {
  s.kind = kind;
  for (int d = 0; d < s.dims; ++d) s.size[static_cast<std::size_t>(d)] = like[d + 2];
  return s;
}

}  // namespace

std::string_view BiasedConv::name() const { return kNames[dims_of(*settings) - 1]; }

Spec BiasedConv::infer(Operands x) const {
  require_inputs(name(), x, 3);
  if (settings->kind != ConvKind::Forward) throw ValueError(name(), "adjoint convolutions take no bias");
  require_ending(name(), activation);
  const Spec y = conv_spec(name(), *settings, x.first(2));
  const Array& bias = x[2].array();
  require_same_type(name(), x[1].array(), bias);
  if (const Shape wanted{y.shape[1]}; !(bias.shape() == wanted))
    throw ShapeError(name(), "the bias has shape " + bias.shape().str() + "; must be " + wanted.str());
  return y;
}

Keep BiasedConv::keep(Wanted wanted) const {
  return {.inputs = static_cast<std::uint8_t>((wanted[0] ? 2 : 0) | (wanted[1] ? 1 : 0)),
          .shells = 3,
          .output = activation.has_value()};
}

Arrays BiasedConv::vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const {
  const bool relu = activation == UnaryFn::Relu;
  if (wanted[1] && (relu || !activation)) {
    Arrays inputs{x[0], g};
    if (relu) inputs.push_back(y);
    if (wanted[0]) inputs.push_back(x[1]);
    const BiasedConvGrad grad(resized(*settings, ConvKind::Weight, x[1].shape()), relu, wanted[0]);
    const Arrays made = run_all(grad, lent(inputs));
    return {wanted[0] ? made[2] : Array(), made[0], made[1]};
  }
  const Array u = activation ? Unary{*activation}.vjp({Array()}, y, g, Wanted::all())[0] : g;
  Arrays grads = Conv(*settings).vjp({x[0], x[1]}, {}, u, wanted);
  grads.resize(3);
  if (wanted[2]) grads[2] = by_channel(u);
  return grads;
}

Arrays BiasedConv::lower(const Arrays& x) const {
  // The convolution and its bias stay one operation where derivatives need the activation apart.
  Array y = has_rule() ? run(Conv(*settings), {x[0], x[1]}) + reshape(x[2], beside(x[2].numel(), settings->dims))
                       : run(BiasedConv(*settings), {x[0], x[1], x[2]});
  if (activation) y = cast(unary(*activation, std::move(y)), x[0].dtype());
  return {y};
}

namespace {

struct Sample {
  ConvSettings settings;
  Shape x, weight, y;
};
const std::vector<Sample>& forward_samples() {
  static const std::vector<Sample> all = {
      {{.dims = 1}, {2, 2, 4}, {3, 2, 2}, {2, 3, 3}},
      {{.dims = 2, .stride = {2, 1}, .before = {1, 0}, .after = {1, 1}}, {2, 1, 3, 3}, {2, 1, 3, 2}, {2, 2, 2, 3}},
      {{.dims = 2, .groups = 2, .dilation = {1, 2}}, {1, 4, 2, 3}, {2, 2, 1, 2}, {1, 2, 2, 1}},
      {{.dims = 3}, {1, 1, 2, 2, 2}, {2, 1, 1, 2, 1}, {1, 2, 2, 1, 2}},
  };
  return all;
}
// Sums of them are positive, away from the kink of relu.
SampleInput positive(const Shape& shape) { return {shape, DType::F64, 0.1, 0.9}; }

}  // namespace

SamplesOf<BiasedConv> BiasedConv::samples() {
  SamplesOf<BiasedConv> all;
  for (const Sample& s : forward_samples()) {
    const Shape bias{s.weight[0]};
    all.push_back({BiasedConv(s.settings), {{s.x}, {s.weight}, {bias}}});
    all.push_back({BiasedConv(s.settings, UnaryFn::Relu), {positive(s.x), positive(s.weight), positive(bias)}});
  }
  const Sample& s = forward_samples()[1];
  for (const UnaryFn f : {UnaryFn::Gelu, UnaryFn::GeluTanh, UnaryFn::Silu, UnaryFn::Tanh, UnaryFn::Sigmoid})
    all.push_back({BiasedConv(s.settings, f), {positive(s.x), positive(s.weight), positive({s.weight[0]})}});
  return all;
}

std::string_view BiasedConvGrad::name() const { return kGradNames[dims_of(*settings) - 1]; }

ConvSettings BiasedConvGrad::of_input(const Shape& x) const { return resized(*settings, ConvKind::Input, x); }

Specs BiasedConvGrad::infer(Operands x) const {
  require_inputs(name(), x, 2u + relu + input);
  if (settings->kind != ConvKind::Weight)
    throw ValueError(name(), "the settings must be those of the weight's gradient");
  const Array &at = x[0].array(), &g = x[1].array();
  const Spec weight = conv_spec(name(), *settings, x.first(2));
  if (relu) {
    require_same_type(name(), g, x[2].array());
    require_same_shape(name(), g, x[2].array());
  }
  Specs specs{weight, Spec{Shape{g.shape()[1]}, g.dtype(), g.device()}};
  if (input) {
    const Array& w = x[x.size() - 1].array();
    require_same_type(name(), g, w);
    if (!(w.shape() == weight.shape))
      throw ShapeError(name(), "the weight has shape " + w.shape().str() + "; must be " + weight.shape.str());
    specs.push_back(Spec{at.shape(), at.dtype(), at.device()});
  }
  return specs;
}

Arrays BiasedConvGrad::lower(const Arrays& x) const {
  const Array u = relu ? binary(BinaryFn::Gate, x[1], x[2]) : x[1];
  Arrays grads{run(Conv(*settings), {x[0], u}), by_channel(u)};
  if (input) grads.push_back(run(Conv(of_input(x[0].shape())), {u, x[x.size() - 1]}));
  return grads;
}

SamplesOf<BiasedConvGrad> BiasedConvGrad::samples() {
  SamplesOf<BiasedConvGrad> all;
  for (const Sample& s : forward_samples()) {
    const ConvSettings weight = resized(s.settings, ConvKind::Weight, s.weight);
    const SampleInput y{s.y, DType::F64, -20, 20, 0.02};
    all.push_back({BiasedConvGrad(weight, false, false), {{s.x}, {s.y}}});
    all.push_back({BiasedConvGrad(weight, true, true), {{s.x}, {s.y}, y, {s.weight}}});
  }
  return all;
}

}  // namespace fornax::op
