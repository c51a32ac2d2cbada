#pragma once

#include <optional>

#include <fornax/ops/conv.hpp>
#include <fornax/ops/linear.hpp>

namespace fornax::op {

/// f(conv(x, weight) + bias): bias and activation are computed where the convolution writes its result, or while a part of that
/// is in the first caches.
///
/// Shapes:   x [N, C, in...], weight [O, C / groups, k...], bias [O] -> [N, O, out...].
/// Kinds:    Float, of one dtype; 16 bits are computed in f32 and rounded once, but for bf16 with an activation other than relu,
///           which may be rounded before the activation too. The library may start its sums with the bias: results may differ
///           from those of the separate operations by the rounding of an f32 sum.
/// Errors:   those of Conv; ShapeError for another bias, ValueError for another activation or kind of convolution.
/// Gradient: for relu by BiasedConvGrad, for tanh and sigmoid from y too; y is all that is kept beside x and the weight. The others
///           need what they are applied to: there, differentiation records the convolution and the activation apart.
struct BiasedConv {
  Ref<Box<ConvSettings>> settings;         // of kind Forward
  std::optional<UnaryFn> activation = {};  // relu, gelu, gelu_tanh, silu, tanh or sigmoid

  BiasedConv() = default;
  explicit BiasedConv(const ConvSettings& s, std::optional<UnaryFn> f = {})
      : settings(new Box<ConvSettings>(s)), activation(f) {}

  static constexpr Casting casting = Casting::Low;

  std::string_view name() const;
  Spec infer(Operands x) const;
  /// False if derivatives are those of what it lowers to.
  bool has_rule() const { return ends_with_its_slope(activation); }
  Keep keep(Wanted wanted) const;
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<BiasedConv> samples();
};

/// The gradients of BiasedConv without an activation or with relu, for a cotangent g: the cotangent is masked and summed up in one
/// pass.
///
/// Shapes: x, g like y, then y if `relu`, then the weight if `input` -> dweight like the weight, dbias [O]; if `input` also dx like x.
/// Kinds:  Float, of one dtype.
/// Errors: those of the convolution's gradients.
struct BiasedConvGrad {
  Ref<Box<ConvSettings>> settings;  // of kind Weight: they have the sizes of the kernel
  bool relu = false, input = false;

  BiasedConvGrad() = default;
  BiasedConvGrad(const ConvSettings& s, bool with_relu, bool of_input)
      : settings(new Box<ConvSettings>(s)), relu(with_relu), input(of_input) {}

  /// Those of the gradient for x.
  ConvSettings of_input(const Shape& x) const;

  std::string_view name() const;
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<BiasedConvGrad> samples();
};

}  // namespace fornax::op
