#pragma once
// Eigenvalues and singular values with their vectors. Both take f64 and f32; a matrix with an infinity or a NaN gives
// NaN. In each vector (of U, for singular values) the element of largest absolute value is positive, the first of them
// if there are several: so the result does not depend on the library that computed it.

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// (a + aᵀ) / 2 = V diag(w) Vᵀ: the symmetric part of a, which is a if a is symmetric. Eigenvalues ascend; the columns
/// of V are orthonormal eigenvectors.
///
/// Shapes:   a [..., N, N] -> w [..., N], V [..., N, N].
/// Gradient: symmetric. That of w always exists; that of V divides by the differences of eigenvalues, so it is infinite
///           or NaN where two are equal (Giles 2008, "Collected matrix derivative results").
struct Eigh {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "eigh"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_output(); }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  static SamplesOf<Eigh> samples();
};

/// a = U diag(s) Vᵀ. Singular values descend; U and V have orthonormal columns.
///
/// Shapes:   a [..., M, N] -> U [..., M, K], s [..., K], Vᵀ [..., K, N] with K = min(M, N).
/// Gradient: that of s always exists; those of U and V divide by the differences of squared singular values, so they are
///           infinite or NaN where two are equal, and if M != N where one is 0 (Townsend 2016, "Differentiating the
///           singular value decomposition").
struct Svd {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "svd"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_output(); }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  static SamplesOf<Svd> samples();
};

/// a v = w v for the real eigenvalues of any square matrix. Eigenvalues ascend; the columns of V are eigenvectors of length
/// one.
///
/// Shapes:   a [..., N, N] -> w [..., N], V [..., N, N].
/// Gradient: that of w from left and right eigenvectors, V⁻ᵀ diag(wbar) Vᵀ; that of V divides by the differences of
///           eigenvalues. Both are for matrices whose eigenvalues are distinct: ValueError where V has no inverse (Giles
///           2008, "Collected matrix derivative results"; Boeddeker et al. 2017, "On the computation of complex-valued
///           gradients with application to statistically optimum beamforming", for V).
/// Errors:   ValueError, naming the matrix, if an eigenvalue is not real: if its imaginary part exceeds what rounding makes
///           of a double eigenvalue, sqrt(eps) times the Frobenius norm.
struct Eig {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "eig"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_output(); }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  static SamplesOf<Eig> samples();
};

}  // namespace fornax::op
