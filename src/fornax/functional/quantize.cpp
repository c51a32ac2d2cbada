#include <fornax/functional/quantize.hpp>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

DType storage(const Affine& q) { return q.low >= -128 && q.high <= 127 ? DType::I8 : DType::U8; }

void check(std::string_view operation, const Affine& q) {
  require_positive(operation, "the scale", q.scale);
  const bool fits = q.low >= -128 && q.high <= (q.low >= 0 ? 255 : 127);
  if (!fits || q.low > q.high)
    throw ValueError(operation, "the codes run from " + std::to_string(q.low) + " to " + std::to_string(q.high) +
                                    "; must lie in [-128, 127] or [0, 255]");
  if (q.zero_point < q.low || q.zero_point > q.high)
    throw ValueError(operation, "the zero point " + std::to_string(q.zero_point) + " is outside the codes, " +
                                    std::to_string(q.low) + " to " + std::to_string(q.high));
}

// Codes in x's dtype, before they are clamped.
Array positions(const Array& x, const Affine& q) {
  return unary(UnaryFn::Round, x / q.scale) + static_cast<double>(q.zero_point);
}

Array clamped(const Array& codes, const Affine& q) {
  const Scalar low = static_cast<double>(q.low), high = static_cast<double>(q.high);
  return clamp(codes, &low, &high);
}

Array value_of(const Array& codes, const Affine& q) { return (codes - static_cast<double>(q.zero_point)) * q.scale; }

}  // namespace

Array quantize_affine(const Array& x, const Affine& q) {
  require_floats("quantize_affine", {&x});
  check("quantize_affine", q);
  return cast(clamped(positions(detach(x), q), q), storage(q));
}

Array dequantize_affine(const Array& codes, const Affine& q, DType dtype) {
  require_defined("dequantize_affine", codes);
  require_int("dequantize_affine", codes);
  check("dequantize_affine", q);
  if (!is_float(dtype))
    throw DTypeError("dequantize_affine", "the values are Float, " + std::string(name(dtype)) + " is not");
  return value_of(cast(codes, dtype), q);
}

Array fake_quantize(const Array& x, const Affine& q) {
  require_floats("fake_quantize", {&x});
  check("fake_quantize", q);
  const Array codes = positions(detach(x), q);
  const Array value = value_of(clamped(codes, q), q);
  const Array inside =
      logical_and(greater_equal(codes, static_cast<double>(q.low)), lower_equal(codes, static_cast<double>(q.high)));
  const Array passed = where(inside, x, value);
  return value + (passed - detach(passed));  // the difference is 0 to the bit
}

QuantizedWeight quantize_weight(const Array& weight) {
  require_floats("quantize_weight", {&weight});
  require_rank("quantize_weight", "weight", weight, 2);
  if (weight.shape()[1] == 0)
    throw ShapeError("quantize_weight", "the weight has shape " + weight.shape().str() + "; needs an input");
  const Array w = detach(weight), most = reduce(ReduceFn::Max, absolute(w), 1);
  const Array scale = where(greater(most, 0.0), most / 127.0, 1.0);
  const Scalar low = -127.0, high = 127.0;  // what a subnormal scale could pass
  const Array codes = cast(clamp(unary(UnaryFn::Round, w / scale), &low, &high), DType::I8);
  // Row by row, as products read them; what is computed elementwise may lie as a transposed weight does.
  return {reshape(reshape(codes, Shape{codes.numel()}), codes.shape()), squeeze(scale, 1)};
}

Array quantized_linear(const Array& x, const QuantizedWeight& weight, const Array& bias) {
  if (!bias.defined()) return run(op::QuantizedLinear{}, {x, weight.codes, weight.scale});
  return run(op::QuantizedLinear{true}, {x, weight.codes, weight.scale, bias});
}

}  // namespace fornax::functional
