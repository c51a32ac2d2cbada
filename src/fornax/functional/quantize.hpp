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

}  // namespace fornax::functional
