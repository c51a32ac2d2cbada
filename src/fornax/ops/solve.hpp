#pragma once
// Systems of linear equations, determinants, and functions of whole matrices. All take f64 and f32; a matrix with an
// infinity or a NaN gives NaN.

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// The X with op(a) X = b, or X op(a) = b if not `left`, for a triangular a; op(a) is a or its transpose. The other
/// triangle of a is not read, and its diagonal neither if `unit` says that it holds ones.
///
/// Shapes:   a [..., N, N], b [..., N, K] (or [..., K, N]) -> b's.
/// Gradient: left: db = op(a)⁻ᵀ G, da = -db Xᵀ (Giles 2008), its triangle.
/// Errors:   ValueError naming the matrix if there is a zero on a diagonal.
struct TriangularSolve {
  bool upper = false;
  bool transpose = false;
  bool unit = false;
  bool left = true;

  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "triangular_solve"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const { return {.inputs = 1, .output = wanted[0]}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<TriangularSolve> samples();
};

/// The X with a X = b, or aᵀ X = b.
///
/// Shapes:   a [..., N, N], b [..., N, K] -> b's.
/// Gradient: db = a⁻ᵀ G, da = -db Xᵀ (Giles 2008).
/// Errors:   ValueError naming the matrix if one is singular.
struct Solve {
  bool transpose = false;

  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "solve"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted wanted) const { return {.inputs = 1, .output = wanted[0]}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Solve> samples();
};

/// Determinants.
///
/// Shapes:   a [..., N, N] -> [...]. The determinant of an empty matrix is 1.
/// Gradient: g times the matrix of cofactors, which is right for singular matrices too.
struct Det {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "det"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Det> samples();
};

/// The matrix of cofactors, the transpose of the adjugate: det(a) a⁻ᵀ, and its limit where a is singular. With
/// a = U S Vᵀ it is det(U V) U C Vᵀ, where the diagonal C holds the products of all singular values but one.
///
/// Shapes:   a [..., N, N] -> the same.
/// Gradient: exact for every a. In the basis of U and V the derivative needs only the products T of all singular values
///           but two: dc_ii = sum over k of T_ik e_kk, dc_ij = -T_ij e_ji. It takes N³ elements of memory.
struct Cofactor {
  static constexpr Batching batching = Batching::Leading;

  std::string_view name() const { return "cofactor"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Cofactor> samples();
};

/// The sign of the determinant and the logarithm of its absolute value, without overflow: 0 and -inf for a singular a.
///
/// Shapes:   a [..., N, N] -> sign [...], logarithm [...].
/// Gradient: of the logarithm: a⁻ᵀ, ValueError if a is singular; of the sign: 0.
struct SlogDet {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "slogdet"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  static SamplesOf<SlogDet> samples();
};

/// The pseudo-inverse (Moore, Penrose); singular values up to `rcond` times the largest count as zero.
///
/// Shapes:   a [..., M, N] -> [..., N, M].
/// Gradient: where the rank does not change (Golub and Pereyra 1973, "The differentiation of pseudo-inverses and
///           nonlinear least squares problems whose variables separate").
struct Pinv {
  double rcond = 0;

  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "pinv"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1, .output = true}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Pinv> samples();
};

/// The exponential of a matrix, by scaling, a Padé approximant of degree 13, and squaring (Higham 2005, "The scaling and
/// squaring method for the matrix exponential revisited"); computed in f64.
///
/// Shapes:   a [..., N, N] -> the same.
/// Gradient: the upper right block of the exponential of [aᵀ g; 0 aᵀ] (Mathias 1996, "A chain rule for matrix functions
///           and applications").
struct MatrixExp {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "matrix_exp"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = 1}; }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<MatrixExp> samples();
};

}  // namespace fornax::op
