#pragma once
// Floats as 8-bit integers: x ≈ (code - zero_point) scale.

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// Codes from low to high. They are stored as i8 if they fit it, else as u8.
struct Affine {
  double scale = 1;
  std::int64_t zero_point = 0;
  std::int64_t low = -128, high = 127;
};

/// min(max(round(x / scale) + zero_point, low), high), halves rounded to even.
///
/// Kinds:  Float -> Int.
/// Errors: ValueError if the scale is not positive, low > high, the codes fit neither i8 nor u8, or the zero point is
///         not among them.
Array quantize_affine(const Array& x, const Affine& q);
/// (code - zero_point) scale. Kinds: Int -> Float of the given dtype.
Array dequantize_affine(const Array& codes, const Affine& q, DType dtype = DType::F32);
/// dequantize_affine(quantize_affine(x)).
///
/// Gradient: 1 where x / scale rounds to a code, 0 where it was clamped (the straight-through estimator of Bengio et
///           al., "Estimating or propagating gradients through stochastic neurons", 2013).
Array fake_quantize(const Array& x, const Affine& q);

/// A weight as i8 codes, symmetric about 0, with a scale for each output: weight ≈ codes scale.
struct QuantizedWeight {
  Array codes;  // [out, in], i8, in [-127, 127]
  Array scale;  // [out], max |weight| / 127 of the output; 1 where all weights are 0
};
/// Rounds to the nearest code, halves to even.
///
/// Shapes: weight [out, in].
/// Errors: ShapeError unless the rank is 2 and `in` is positive.
QuantizedWeight quantize_weight(const Array& weight);
/// linear(x, weight, bias) for inference, by products of bytes with exact sums: each row of x is turned into codes of 8 bits as
/// it comes (dynamic quantization). Op::QuantizedLinear has the formulas.
///
/// Shapes:   x [..., in], codes [out, in], scale [out], bias [out] or empty -> [..., out].
/// Kinds:    x, scale and bias Float, of one dtype; codes i8.
/// Gradient: none; the result is a constant, and the typed function is not there on Autodiff.
Array quantized_linear(const Array& x, const QuantizedWeight& weight, const Array& bias = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D> Tensor<B, D, Int> quantize_affine(const Tensor<B, D>& x, const Affine& q) {
  return Tensor<B, D, Int>::unchecked(quantize_affine(x.array(), q));
}
template <BackendType B, std::size_t D>
Tensor<B, D> dequantize_affine(const Tensor<B, D, Int>& codes, const Affine& q, DType dtype = DType::F32) {
  return Tensor<B, D>::unchecked(dequantize_affine(codes.array(), q, dtype));
}
template <BackendType B, std::size_t D> Tensor<B, D> fake_quantize(const Tensor<B, D>& x, const Affine& q) {
  return Tensor<B, D>::unchecked(fake_quantize(x.array(), q));
}
template <BackendType B, std::size_t D>
Tensor<B, D> quantized_linear(const Tensor<B, D>& x, const Tensor<B, 2, Int>& codes, const Tensor<B, 1>& scale,
                              const Optional<B, 1>& bias = {}) {
  static_assert(D >= 1, "quantized_linear needs rank >= 1");
  static_assert(!B::is_autodiff, "quantized_linear has no gradient: nn::valid() takes a module to the inner backend");
  return Tensor<B, D>::unchecked(
      quantized_linear(x.array(), {codes.array(), scale.array()}, impl::array_or_none(bias)));
}

}  // namespace fornax::functional
