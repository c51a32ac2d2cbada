#pragma once
// A matrix as a product of triangular and orthogonal ones. All take f64 and f32; a matrix with an infinity or a NaN
// gives NaN.

#include <fornax/ops/rule.hpp>

namespace fornax::op {

/// The lower triangular L with L Lᵀ = (a + aᵀ) / 2, which is a if a is symmetric; with `upper`, U = Lᵀ.
///
/// Shapes:   a [..., N, N] -> the same.
/// Gradient: symmetric, since the symmetric part of a is read (Murray 2016, "Differentiation of the Cholesky
///           decomposition", equation 10).
/// Errors:   ValueError naming the matrix if one is not positive definite.
struct Cholesky {
  bool upper = false;

  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "cholesky"; }
  Spec infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_output(); }
  Arrays vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const;
  static SamplesOf<Cholesky> samples();
};

/// a[p] = L U with partial pivoting: row i of L U is row p[i] of a. L has ones on its diagonal.
///
/// Shapes:   a [..., M, N] -> factors [..., M, N], which hold L below the diagonal and U from it on; p [..., M] (i64).
/// Gradient: of the factors, for a fixed p; ValueError if U's first min(M, N) columns are singular (square case:
///           Giles 2008, "Collected matrix derivative results"; the others follow from it block by block).
struct Lu {
  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "lu"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return Keep::only_output(); }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  static SamplesOf<Lu> samples();
};

/// a = Q R with orthonormal columns in Q and R upper triangular, its diagonal not negative: if a has full rank there is
/// one such pair.
///
/// Shapes:   a [..., M, N] -> Q [..., M, K], R [..., K, N] with K = min(M, N); if `complete`, K = M: Q is square, and R has
///           rows of zeros where M > N.
/// Gradient: for a whose first min(M, N) columns have full rank; else ValueError (M >= N: Walter and Lehmann 2012, "On
///           evaluating higher-order derivatives of the QR decomposition of tall matrices with full column rank in
///           forward and reverse mode"; M < N: the columns beyond K are Q times those of R). A complete Q has one if
///           M <= N, since its last M - N columns are not unique; the R beside it always.
struct Qr {
  bool complete = false;

  static constexpr Batching batching = Batching::Leading;
  static constexpr Casting casting = Casting::Full;

  std::string_view name() const { return "qr"; }
  Specs infer(Operands x) const;
  Keep keep(Wanted) const { return {.inputs = complete ? std::uint32_t{1} : 0, .output = true}; }
  Arrays vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const;
  static SamplesOf<Qr> samples();
};

}  // namespace fornax::op
