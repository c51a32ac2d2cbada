#pragma once
// Running results along a dim: element i of the result is made of the elements 0 to i.

#include <fornax/ops/rule.hpp>

namespace fornax {

enum class ScanFn : std::uint8_t { Prod, LogSumExp };

namespace op {

/// y_i = x_0 + ... + x_i along a dim; from the other end if `reverse`. f32 and 16-bit floats are summed in f64.
///
/// Shapes:   x [..., N, ...] -> the same shape.
/// Kinds:    Float and Int; integers wrap.
/// Gradient: the running sum of the cotangent from the other end.
struct CumSum {
  int dim;
  bool reverse = false;
  static constexpr bool linear = true;
  static constexpr Batching batching = Batching::NextDim;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "cumsum"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::nothing(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<CumSum> samples();
};

/// The running product, y_i = x_0 ... x_i, and the running log(exp(x_0) + ... + exp(x_i)), which neither overflows nor
/// underflows.
///
/// Shapes:   x [..., N, ...] -> the same shape.
/// Kinds:    prod Float and Int; logsumexp Float.
/// Gradient: a Recurrence from the other end. That of the product is exact with any number of zeros, as it divides by
///           nothing; that of logsumexp uses only exponentials of differences that are not positive.
struct Scan {
  ScanFn fn;
  int dim;

  static constexpr Batching batching = Batching::NextDim;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return fn == ScanFn::Prod ? "cumprod" : "logcumsumexp"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1, .output = true}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Scan> samples();
};

/// The linear recurrence y_i = a_i y_{i-1} + b_i along a dim, with y_{-1} = 0; from the other end if `reverse`. Where a_i
/// is 0 it begins anew at b_i, even after an infinity or a NaN: what lies side by side in one dim stays apart.
///
/// Shapes:   a, b of one shape [..., N, ...] -> that shape. The first a is not read.
/// Kinds:    Float.
/// Gradient: with s the recurrence of the cotangent from the other end, s_i = a_{i+1} s_{i+1} + g_i: s for b, and
///           s_i y_{i-1} for a.
struct Recurrence {
  int dim;
  bool reverse = false;

  static constexpr Batching batching = Batching::NextDim;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "recurrence"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const { return {.inputs = 1, .output = wanted[0]}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Recurrence> samples();
};

/// Position of the largest or smallest element so far along a dim; the last of ties; a NaN wins, the last of them.
///
/// Shapes: x [..., N, ...] -> the same shape, I64.
/// Kinds:  Float and Int.
struct ArgScan {
  bool largest;
  int dim;
  static constexpr bool differentiable = false;
  static constexpr Batching batching = Batching::NextDim;

  std::string_view name() const { return largest ? "cummax" : "cummin"; }
  Spec infer(Operands x) const;
  static SamplesOf<ArgScan> samples();
};

}  // namespace op
}  // namespace fornax
