#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// x minus its mean, divided by its standard deviation (biased, with eps under the root), over groups of adjacent channels
/// and all dims behind them; then scaled and moved by a number for each channel. One group over all channels is layer norm,
/// a group for each channel instance norm; without centring it is the root-mean-square norm.
///
/// Shapes:   x [N, C, ...], then weight [C] if `vectors` >= 1 and bias [C] if it is 2 -> the shape of x.
/// Kinds:    Float, of one dtype.
/// Errors:   ShapeError unless groups divides C; ValueError if groups < 1 or eps is negative.
/// Gradient: by GroupNormGrad, which computes the statistics again.
struct GroupNorm {
  std::int64_t groups = 1;
  double eps = 1e-5;
  bool centred = true;
  std::uint8_t vectors = 0;

  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return centred ? "group_norm" : "rms_norm"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 3}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  Arrays batch(const BatchedInputs& in) const;
  static SamplesOf<GroupNorm> samples();
};

/// The gradients of GroupNorm for a cotangent g, in one pass over x and g.
///
/// Shapes: x [N, C, ...], weight [C] if `affine`, g like x -> dx like x; if `affine` also dweight [C] and dbias [C].
/// Kinds:  Float, of one dtype.
/// Errors: those of GroupNorm.
struct GroupNormGrad {
  std::int64_t groups = 1;
  double eps = 1e-5;
  bool centred = true;
  bool affine = false;

  std::string_view name() const { return centred ? "group_norm_grad" : "rms_norm_grad"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<GroupNormGrad> samples();
};

/// Each channel of x minus its mean, divided by its standard deviation (biased, with eps under the root), over all samples and
/// all dims behind the channels; then scaled and moved by a number for each channel. Beside it those statistics.
///
/// Shapes:   x [N, C, ...], weight [C], bias [C] -> y like x, mean [C], variance [C].
/// Kinds:    Float, of one dtype.
/// Errors:   ShapeError if the shapes do not fit; ValueError if eps is negative.
/// Gradient: of y by BatchNormGrad; mean and variance have theirs too.
struct BatchNorm {
  double eps = 1e-5;

  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "batch_norm"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 3, .output = true}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<BatchNorm> samples();
};

/// The gradients of BatchNorm for a cotangent g of y.
///
/// Shapes: x [N, C, ...], weight, mean and variance [C], g like x -> dx like x, dweight [C], dbias [C].
/// Kinds:  Float, of one dtype.
/// Errors: those of BatchNorm.
struct BatchNormGrad {
  double eps = 1e-5;

  std::string_view name() const { return "batch_norm_grad"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<BatchNormGrad> samples();
};

}  // namespace fornax::op
