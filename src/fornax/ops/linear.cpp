#include <fornax/ops/linear.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

// x [..., n] as rows [m, n].
Array rows_of(const Array& x) {
  const int last = x.rank() - 1;
  return x.rank() == 2 ? x : reshape(x, Shape{x.shape().without(last).numel(), x.shape()[last]});
}

}  // namespace

void require_ending(std::string_view op, const std::optional<UnaryFn>& f) {
  if (!ends_with_its_slope(f) && f != UnaryFn::Gelu && f != UnaryFn::GeluTanh && f != UnaryFn::Silu)
    throw ValueError(op, "the activation is " + std::string(Unary{*f}.name()) +
                             "; must be relu, gelu, gelu_tanh, silu, tanh or sigmoid");
}
bool ends_with_its_slope(const std::optional<UnaryFn>& f) {
  return !f || f == UnaryFn::Relu || f == UnaryFn::Tanh || f == UnaryFn::Sigmoid;
}

Spec Linear::infer(Operands x) const {
  require_inputs(name(), x, 3);
  const Array &a = x[0].array(), &weight = x[1].array(), &bias = x[2].array();
  require_float(name(), a);
  require_ending(name(), activation);
  require_same_type(name(), a, weight);
  require_same_type(name(), a, bias);
  const int last = a.rank() - 1;
  if (last < 0 || weight.rank() != 2 || a.shape()[last] != weight.shape()[transposed ? 1 : 0])
    throw ShapeError(name(), "the input has shape " + a.shape().str() + ", the weight " + weight.shape().str() +
                                 "; must be [..., in] and " + (transposed ? "[out, in]" : "[in, out]"));
  const std::int64_t out = weight.shape()[transposed ? 0 : 1];
  if (!(bias.shape() == Shape{out}))
    throw ShapeError(name(), "the bias has shape " + bias.shape().str() + "; must be " + Shape{out}.str());
  return {a.shape().with(last, out), a.dtype(), a.device()};
}

bool Linear::has_rule() const { return ends_with_its_slope(activation); }

Keep Linear::keep(Wanted wanted) const {
  return {.inputs = static_cast<std::uint8_t>((wanted[0] ? 2 : 0) | (wanted[1] ? 1 : 0)),
          .shells = 1,
          .output = activation.has_value()};
}

Arrays Linear::vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const {
  const Array rows = rows_of(activation ? Unary{*activation}.vjp({Array()}, y, g, Wanted::all())[0] : g);
  Arrays grads;
  grads.resize(3);
  if (wanted[0]) grads[0] = reshape(matmul(rows, x[1], false, !transposed), x[0].shape());
  if (wanted[1]) {
    const Array in = rows_of(x[0]);
    grads[1] = transposed ? matmul(rows, in, true, false) : matmul(in, rows, true, false);
  }
  if (wanted[2]) grads[2] = sum_to(rows, Shape{rows.shape()[1]});
  return grads;
}

Arrays Linear::lower(const Arrays& x) const {
  // The product and its bias stay one operation where derivatives need the activation apart.
  if (!has_rule()) return {cast(unary(*activation, run(Linear{transposed}, {x[0], x[1], x[2]})), x[0].dtype())};
  const int last = x[0].rank() - 1;
  const Array product = matmul(rows_of(x[0]), x[1], false, transposed);
  Array y = reshape(product, x[0].shape().with(last, product.shape()[1])) + x[2];
  if (activation) y = cast(unary(*activation, std::move(y)), x[0].dtype());
  return {y};
}

SamplesOf<Linear> Linear::samples() {
  const auto in = [](const Shape& shape) { return SampleInput{shape, DType::F64, 0.1, 0.9}; };
  SamplesOf<Linear> all{{{false}, {{Shape{2, 3}}, {Shape{3, 4}}, {Shape{4}}}},
                        {{true}, {{Shape{2, 2, 3}}, {Shape{4, 3}}, {Shape{4}}}},
                        {{false}, {{Shape{3}}, {Shape{3, 2}}, {Shape{2}}}}};
  // Sums that are positive, away from the kink of relu.
  for (const UnaryFn f :
       {UnaryFn::Relu, UnaryFn::Gelu, UnaryFn::GeluTanh, UnaryFn::Silu, UnaryFn::Tanh, UnaryFn::Sigmoid})
    all.push_back({{f == UnaryFn::Tanh, f}, {in(Shape{2, 3}), in(Shape{3, 3}), in(Shape{3})}});
  return all;
}

}  // namespace fornax::op
