#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// x Wᵀ + bias with weights of 8 bits, W[o, i] = scale[o] weight[o, i]: for inference. Each row of x becomes codes u of 8 bits
/// first, and the products and their sums are exact integers:
///
///   step = max((max(x, 0) - min(x, 0)) / 255, 1e-30), zero = round(-min(x, 0) / step), u = round(x / step) + zero in [0, 255]
///   y[o] = step scale[o] sum over i of (u[i] - zero) weight[o, i], plus bias[o]
///
/// Shapes:   x [..., in], weight [out, in], scale [out], and bias [out] if `bias` -> [..., out].
/// Kinds:    x, scale and bias Float, of one dtype, computed in f32; weight I8.
/// Domain:   a row with a NaN or an infinity gives NaN.
/// Gradient: none; the result is a constant. Train with floats (fake_quantize), then quantize.
/// Errors:   ShapeError if the sizes do not fit, or `in` is above 65793, from where on a sum could pass 2^31.
/// Source:   Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", 2018.
struct QuantizedLinear {
  bool bias = false;

  static constexpr bool differentiable = false;
  static constexpr Casting casting = Casting::Widest;

  std::string_view name() const { return "quantized_linear"; }
  Spec infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<QuantizedLinear> samples();

  static constexpr float kLeastStep = 1e-30F;
};

}  // namespace fornax::op
