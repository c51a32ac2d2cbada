#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// Gated recurrent units over a whole sequence, whose input is mapped already. With s = h wᵀ + b for the h of the step before,
/// and x and s in parts r, z and n: r = σ(x_r + s_r), z = σ(x_z + s_z), n = tanh(x_n + r s_n), h' = (1 - z) n + z h. Unless
/// `reset_after`, s_n is (r h) wᵀ + b and enters n as it is.
///
/// Shapes:   x [T, N, 3H] with T >= 1, w [3H, H], b [3H], h0 [N, H] -> h [T, N, H], gates r, z, n [T, N, 3H], or with s_n
///           [T, N, 4H] if `reset_after`.
/// Kinds:    Float, of one dtype.
/// Errors:   ShapeError if the shapes do not fit.
/// Gradient: by GruGrad backward through time, and matrix products for w.
/// Source:   Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014, where the gate acts before the
///           product; after it, as in cuDNN and PyTorch.
struct Gru {
  bool reverse = false;  // from the last step to the first
  bool reset_after = true;

  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "gru"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 10, .output = true}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<Gru> samples();
};

/// The gradients of Gru, but for w's and b's, for cotangents of h and, where the settings say so, of the gates.
///
/// Shapes: w [3H, H], h0 [N, H], h [T, N, H], gates as Gru gives them, gh [T, N, H], then ggates like the gates if
///         `of_gates` -> dx [T, N, 3H], dh0 [N, H], and if `reset_after` ds [T, N, 3H], which else is dx.
/// Kinds:  Float, of one dtype.
/// Errors: ShapeError if the shapes do not fit.
struct GruGrad {
  bool reverse = false, reset_after = true, of_gates = false;

  std::string_view name() const { return "gru_grad"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<GruGrad> samples();
};

}  // namespace fornax::op
