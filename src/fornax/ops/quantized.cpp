#include <fornax/ops/quantized.hpp>

#include <limits>

#include <fornax/ops/functions.hpp>

namespace fornax::op {

Spec QuantizedLinear::infer(Operands x) const {
  constexpr std::int64_t most = std::int64_t{0x7fffffff} / (255 * 128);
  require_inputs(name(), x, bias ? 4 : 3);
  const Array &a = x[0].array(), &weight = x[1].array();
  require_float(name(), a);
  if (weight.dtype() != DType::I8)
    throw DTypeError(name(), "the weight is " + std::string(fornax::name(weight.dtype())) + "; must be i8");
  const int last = a.rank() - 1;
  if (weight.rank() != 2 || last < 0 || a.shape()[last] != weight.shape()[1])
    throw ShapeError(name(), "the input has shape " + a.shape().str() + ", the weight " + weight.shape().str() +
                                 "; must be [..., in] and [out, in]");
  const std::int64_t in = weight.shape()[1], out = weight.shape()[0];
  if (in > most)
    throw ShapeError(name(), std::to_string(in) + " inputs; sums of more than " + std::to_string(most) +
                                 " products could pass 2^31");
  for (std::size_t i = 2; i < x.size(); ++i) {
    require_same_type(name(), a, x[i].array());
    if (!(x[i]->shape() == Shape{out}))
      throw ShapeError(name(), std::string(i == 2 ? "the scale" : "the bias") + " has shape " + x[i]->shape().str() +
                                   "; must be " + Shape{out}.str());
  }
  return {a.shape().with(last, out), a.dtype(), a.device()};
}

Arrays QuantizedLinear::lower(const Arrays& x) const {
  const Array rows = cast(x[0], DType::F32);
  const int last = rows.rank() - 1;
  const std::int64_t in = x[1].shape()[1], out = x[1].shape()[0];
  const Array with_zero = cat({rows, zeros_like(rows, rows.shape().with(last, 1))}, last);
  const Array low = reduce(ReduceFn::Min, with_zero, last), high = reduce(ReduceFn::Max, with_zero, last);
  const Array range = high / 255.0 - low / 255.0, finite = unary(UnaryFn::IsFinite, range);
  const Scalar least = static_cast<double>(kLeastStep), first = 0.0, final = 255.0;
  const Array step = where(finite, clamp(range, &least, nullptr), std::numeric_limits<double>::quiet_NaN());
  const Array zero = unary(UnaryFn::Round, -low * (1.0 / step));
  const Array codes = clamp(unary(UnaryFn::Round, rows * (1.0 / step)) + zero, &first, &final);
  const Array differences = cast(where(broadcast_to(finite, rows.shape()), codes - zero, 0.0), DType::I64);
  const std::int64_t count = x[0].shape().without(last).numel();
  const Array sums = matmul(reshape(differences, Shape{count, in}), cast(x[1], DType::I64), false, true);
  Array y = cast(reshape(sums, rows.shape().with(last, out)), DType::F32) * step * cast(x[2], DType::F32);
  if (bias) y = y + cast(x[3], DType::F32);
  return {cast(y, x[0].dtype())};
}

SamplesOf<QuantizedLinear> QuantizedLinear::samples() {
  const auto codes = [](const Shape& shape) { return SampleInput{shape, DType::I8, -127, 128}; };
  return {{{false}, {{Shape{2, 3}}, codes(Shape{4, 3}), {Shape{4}, DType::F64, 0.01, 0.1}}},
          {{true}, {{Shape{5}}, codes(Shape{2, 5}), {Shape{2}, DType::F64, 0.01, 0.1}, {Shape{2}}}},
          {{true}, {{Shape{2, 3, 70}}, codes(Shape{9, 70}), {Shape{9}, DType::F64, 0.01, 0.1}, {Shape{9}}}}};
}

}  // namespace fornax::op
