#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// An LSTM over a whole sequence, whose input is mapped already: for each step the sum x + h wᵀ, with h of the step before,
/// gives the gates i, f, g and o; c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c').
///
/// Shapes:   x [T, N, 4H] with T >= 1, w [4H, H], h0 and c0 [N, H] -> h and c [T, N, H], gates after their functions
///           [T, N, 4H].
/// Kinds:    Float, of one dtype.
/// Errors:   ShapeError if the shapes do not fit.
/// Gradient: by LstmGrad backward through time, and one matrix product for w.
struct Lstm {
  bool reverse = false;  // from the last step to the first

  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "lstm"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 14, .output = true}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<Lstm> samples();
};

/// The gradients of Lstm, but for w's, for cotangents of h and, where the settings say so, of c and of the gates.
///
/// Shapes: w [4H, H], c0 [N, H], c [T, N, H], gates [T, N, 4H], gh [T, N, H], then gc [T, N, H] if `of_cells`, and ggates
///         [T, N, 4H] if `of_gates` -> dx [T, N, 4H], dh0 and dc0 [N, H].
/// Kinds:  Float, of one dtype.
/// Errors: ShapeError if the shapes do not fit.
struct LstmGrad {
  bool reverse = false, of_cells = false, of_gates = false;

  std::string_view name() const { return "lstm_grad"; }
  Specs infer(Operands x) const;
  Arrays lower(const Arrays& x) const;
  static SamplesOf<LstmGrad> samples();
};

}  // namespace fornax::op
