#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// The discrete Fourier transform along a dim: Y_k = sum over j of X_j exp(-2 pi i j k / n), or exp(+2 pi i j k / n) if
/// `inverse`; neither is scaled. Complex numbers lie in a last dim of size 2: real part, imaginary part.
///
/// Shapes:   x [..., n, ..., 2] -> the same; any n, also primes.
/// Kinds:    f64, and f32 computed in f64.
/// Gradient: the transform in the other direction.
struct Fft {
  int dim;
  bool inverse = false;
  static constexpr bool linear = true;
  static constexpr Batching batching = Batching::NextDim;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "fft"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::nothing(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Fft> samples();
};

}  // namespace fornax::op
