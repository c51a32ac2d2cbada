#pragma once
// Linear algebra. A matrix is the last two dims of an array; the dims before them are batch dims. Matrices are f64 or
// f32; one that holds an infinity or a NaN gives NaN.

#include <initializer_list>
#include <span>
#include <vector>

#include <fornax/array/array.hpp>
#include <fornax/ops/reduce.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax::linalg {

// --- What several functions return; V holds vectors, M matrices, S numbers ---------------------------------------------

template <class M> struct QrResult { M q, r; };
template <class M> struct LuResult { M p, l, u; };
template <class V, class M> struct EighResult {
  V values;
  M vectors;
};
template <class V, class M> struct SvdResult {
  M u;
  V s;
  M vt;
};
template <class S> struct SlogDetResult { S sign, logarithm; };

/// Reduced: K = min(M, N). Complete: K = M, a square Q.
enum class QrMode : std::uint8_t { Reduced, Complete };

/// Frobenius: root of the sum of squares. Nuclear: sum of the singular values. One, Inf: largest sum of absolute values
/// in a column, in a row. Two: largest singular value. Those with Neg take the smallest instead of the largest.
enum class Norm : std::uint8_t { Frobenius, Nuclear, One, NegOne, Two, NegTwo, Inf, NegInf };

/// How triangular_solve reads a: the system is op(a) x = b, or x op(a) = b if not `left`, where op(a) is a or its
/// transpose; `unit` takes the diagonal for ones.
struct Triangular {
  bool upper = false, transpose = false, unit = false, left = true;
};

// --- Decompositions ----------------------------------------------------------------------------------------------------

/// The lower triangular L with L Lᵀ = a, or the upper U with Uᵀ U = a. Of a only the symmetric part is read.
/// Errors: ValueError, naming the matrix, if one is not positive definite.
Array cholesky(const Array& a, bool upper = false);
/// a = Q R: a [..., M, N] -> Q [..., M, K], R [..., K, N]; the diagonal of R is not negative. A complete Q has no gradient
/// if M > N, as its last columns are not unique: backward then throws ValueError, but not for R alone.
QrResult<Array> qr(const Array& a, QrMode mode = QrMode::Reduced);
/// a = P L U with partial pivoting: P [..., M, M], L [..., M, K] with ones on its diagonal, U [..., K, N]. P is constant.
LuResult<Array> lu(const Array& a);
/// a = U diag(s) Vᵀ: U [..., M, K], s [..., K] descending, Vᵀ [..., K, N]. In each column of U the element of largest
/// absolute value is positive. Gradients of U and V are infinite or NaN where two singular values are equal.
SvdResult<Array, Array> svd(const Array& a);
/// Singular values, descending: [..., min(M, N)].
Array svdvals(const Array& a);
/// Eigenvalues, ascending, [..., N], and eigenvectors, in columns, [..., N, N], of the symmetric part of a. In each vector
/// the element of largest absolute value is positive. The gradient of the vectors is infinite or NaN where two
/// eigenvalues are equal.
EighResult<Array, Array> eigh(const Array& a);
Array eigvalsh(const Array& a);
/// Eigenvalues, ascending, [..., N], and eigenvectors, in columns, [..., N, N], of square matrices whose eigenvalues are
/// real. The vectors have length one, their element of largest absolute value is positive. Gradients are for distinct
/// eigenvalues: where two are equal they are infinite or NaN, or ValueError says that the vectors have no inverse.
/// Errors: ValueError, naming the matrix, if an eigenvalue is complex by more than rounding can make it.
EighResult<Array, Array> eig(const Array& a);
Array eigvals(const Array& a);

// --- Systems of equations ----------------------------------------------------------------------------------------------

/// The x with a x = b. Batch dims broadcast. b is a stack of matrices [..., N, K], a vector [N], or, if it has a's shape
/// without the last dim, a stack of vectors.
/// Errors: ValueError, naming the matrix, if one is singular.
Array solve(const Array& a, const Array& b);
/// The same for a triangular a, of which the other triangle is not read; b is a stack of matrices.
Array triangular_solve(const Array& a, const Array& b, Triangular how = {});
/// The shortest x of those that make |a x - b| least: a [..., M, N], b as for solve, with M rows. `rcond` as for pinv.
Array lstsq(const Array& a, const Array& b, double rcond = -1);
/// Errors: ValueError, naming the matrix, if one is singular.
Array inverse(const Array& a);
/// The pseudo-inverse [..., N, M]; singular values up to rcond times the largest count as zero. A negative rcond stands
/// for max(M, N) times the spacing of floats at 1. The gradient takes the rank for constant.
Array pinv(const Array& a, double rcond = -1);

// --- Numbers that describe a matrix ------------------------------------------------------------------------------------

/// Determinants [...]; the gradient is right for singular matrices too.
Array det(const Array& a);
/// Sign and logarithm of the absolute value of the determinant; 0 and -inf for a singular matrix, whose logarithm has no
/// gradient: ValueError.
SlogDetResult<Array> slogdet(const Array& a);
/// Sums of the diagonals: [..., M, N] -> [...].
Array trace(const Array& a);
/// [..., M, N] -> [...]. Where several rows, columns or values attain the norm, they share its gradient.
Array matrix_norm(const Array& a, Norm norm = Norm::Frobenius);
/// The condition number |a| |a⁻¹| [...]; in the 2-norm the ratio of the largest singular value and the smallest, inf for
/// a singular matrix; otherwise ValueError for one.
Array cond(const Array& a, Norm norm = Norm::Two);
/// The number (i64) of singular values above rtol times the largest: [..., M, N] -> [...]. A negative rtol stands for
/// max(M, N) times the spacing of floats at 1.
Array matrix_rank(const Array& a, double rtol = -1);
/// (sum of |x|^p)^(1/p) over dims, which stay with size 1. p may be inf (the largest |x|), -inf (the smallest) or 0 (the
/// number of elements other than 0). The gradient at 0 is 0.
Array vector_norm(const Array& x, double p, DimSet dims);
Array vector_norm(const Array& x, double p, std::int64_t dim);
/// Over all elements; shape [1].
Array vector_norm(const Array& x, double p = 2);

// --- Products and functions of matrices --------------------------------------------------------------------------------

/// a times itself, n times; the inverse for a negative n; the identity for 0.
Array matrix_power(const Array& a, std::int64_t n);
/// 1 + a + a² / 2 + a³ / 6 + ...
Array matrix_exp(const Array& a);
/// a_i b_j: [M], [N] -> [M, N].
Array outer(const Array& a, const Array& b);
/// The Kronecker product: every element of a times b. Any ranks; sizes are multiplied.
Array kron(const Array& a, const Array& b);
/// The vector product along a dim of size 3; other dims broadcast.
Array cross(const Array& a, const Array& b, std::int64_t dim = -1);
/// The product of several matrices in the order of least work; the first may be a row vector [N], the last a column.
Array multi_dot(std::span<const Array> parts);
/// The elements at column - row = offset, none if that is outside: [..., M, N] -> [..., K].
Array diagonal(const Array& a, std::int64_t offset = 0);
/// Zeros beside a diagonal at column - row = offset: [..., N] -> [..., N + |offset|, N + |offset|].
Array diag_embed(const Array& v, std::int64_t offset = 0);
/// NumPy's diag: a vector becomes a matrix, a matrix its diagonal.
Array diag(const Array& x, std::int64_t offset = 0);

// --- The same on tensors ------------------------------------------------------------------------------------------------

namespace detail {
template <std::size_t D> constexpr void need_matrices() {
  static_assert(D >= 2, "linear algebra needs matrices, rank >= 2; unsqueeze() adds a dim");
}
}  // namespace detail

template <BackendType B, std::size_t D> Tensor<B, D> cholesky(const Tensor<B, D>& a, bool upper = false) {
  detail::need_matrices<D>();
  return Tensor<B, D>(cholesky(a.array(), upper));
}

template <BackendType B, std::size_t D>
QrResult<Tensor<B, D>> qr(const Tensor<B, D>& a, QrMode mode = QrMode::Reduced) {
  detail::need_matrices<D>();
  auto [q, r] = qr(a.array(), mode);
  return {Tensor<B, D>(q), Tensor<B, D>(r)};
}

template <BackendType B, std::size_t D> LuResult<Tensor<B, D>> lu(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  auto [p, l, u] = lu(a.array());
  return {Tensor<B, D>(p), Tensor<B, D>(l), Tensor<B, D>(u)};
}

template <BackendType B, std::size_t D> SvdResult<Tensor<B, D - 1>, Tensor<B, D>> svd(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  auto [u, s, vt] = svd(a.array());
  return {Tensor<B, D>(u), Tensor<B, D - 1>(s), Tensor<B, D>(vt)};
}

template <BackendType B, std::size_t D> Tensor<B, D - 1> svdvals(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  return Tensor<B, D - 1>(svdvals(a.array()));
}

template <BackendType B, std::size_t D> EighResult<Tensor<B, D - 1>, Tensor<B, D>> eigh(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  auto [values, vectors] = eigh(a.array());
  return {Tensor<B, D - 1>(values), Tensor<B, D>(vectors)};
}

template <BackendType B, std::size_t D> Tensor<B, D - 1> eigvalsh(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  return Tensor<B, D - 1>(eigvalsh(a.array()));
}

template <BackendType B, std::size_t D> EighResult<Tensor<B, D - 1>, Tensor<B, D>> eig(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  auto [values, vectors] = eig(a.array());
  return {Tensor<B, D - 1>(values), Tensor<B, D>(vectors)};
}

template <BackendType B, std::size_t D> Tensor<B, D - 1> eigvals(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  return Tensor<B, D - 1>(eigvals(a.array()));
}

/// b of rank 1 is a vector, of rank D - 1 a stack of vectors, else a stack of matrices of the same rank as a.

template <BackendType B, std::size_t D, std::size_t R>
Tensor<B, R == 1 ? D - 1 : R> solve(const Tensor<B, D>& a, const Tensor<B, R>& b) {
  detail::need_matrices<D>();
  static_assert(R == D || R == D - 1 || R == 1, "solve: b must be matrices of a's rank, or vectors");
  return Tensor < B, R == 1 ? D - 1 : R > (solve(a.array(), b.array()));
}

template <BackendType B, std::size_t D, std::size_t R>
Tensor<B, R == 1 ? D - 1 : R> lstsq(const Tensor<B, D>& a, const Tensor<B, R>& b, double rcond = -1) {
  detail::need_matrices<D>();
  static_assert(R == D || R == D - 1 || R == 1, "lstsq: b must be matrices of a's rank, or vectors");
  return Tensor < B, R == 1 ? D - 1 : R > (lstsq(a.array(), b.array(), rcond));
}

template <BackendType B, std::size_t D>
Tensor<B, D> triangular_solve(const Tensor<B, D>& a, const Tensor<B, D>& b, Triangular how = {}) {
  detail::need_matrices<D>();
  return Tensor<B, D>(triangular_solve(a.array(), b.array(), how));
}

template <BackendType B, std::size_t D> Tensor<B, D> inverse(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  return Tensor<B, D>(inverse(a.array()));
}

template <BackendType B, std::size_t D> Tensor<B, D> pinv(const Tensor<B, D>& a, double rcond = -1) {
  detail::need_matrices<D>();
  return Tensor<B, D>(pinv(a.array(), rcond));
}

template <BackendType B, std::size_t D> Tensor<B, D - 2> det(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  return Tensor<B, D - 2>(det(a.array()));
}

template <BackendType B, std::size_t D> SlogDetResult<Tensor<B, D - 2>> slogdet(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  auto [sign, logarithm] = slogdet(a.array());
  return {Tensor<B, D - 2>(sign), Tensor<B, D - 2>(logarithm)};
}

template <BackendType B, std::size_t D, Kind K> Tensor<B, D - 2, K> trace(const Tensor<B, D, K>& a) {
  detail::need_matrices<D>();
  return Tensor<B, D - 2, K>(trace(a.array()));
}

template <BackendType B, std::size_t D>
Tensor<B, D - 2> matrix_norm(const Tensor<B, D>& a, Norm norm = Norm::Frobenius) {
  detail::need_matrices<D>();
  return Tensor<B, D - 2>(matrix_norm(a.array(), norm));
}

template <BackendType B, std::size_t D> Tensor<B, D - 2> cond(const Tensor<B, D>& a, Norm norm = Norm::Two) {
  detail::need_matrices<D>();
  return Tensor<B, D - 2>(cond(a.array(), norm));
}

template <BackendType B, std::size_t D> Tensor<B, D - 2, Int> matrix_rank(const Tensor<B, D>& a, double rtol = -1) {
  detail::need_matrices<D>();
  return Tensor<B, D - 2, Int>(matrix_rank(a.array(), rtol));
}

template <BackendType B, std::size_t D> Tensor<B, 1> vector_norm(const Tensor<B, D>& x, double p = 2) {
  return Tensor<B, 1>(vector_norm(x.array(), p));
}

template <BackendType B, std::size_t D> Tensor<B, D> vector_norm(const Tensor<B, D>& x, double p, std::int64_t dim) {
  return Tensor<B, D>(vector_norm(x.array(), p, dim));
}

template <BackendType B, std::size_t D> Tensor<B, D> matrix_power(const Tensor<B, D>& a, std::int64_t n) {
  detail::need_matrices<D>();
  return Tensor<B, D>(matrix_power(a.array(), n));
}

template <BackendType B, std::size_t D> Tensor<B, D> matrix_exp(const Tensor<B, D>& a) {
  detail::need_matrices<D>();
  return Tensor<B, D>(matrix_exp(a.array()));
}

template <BackendType B, Kind K> Tensor<B, 2, K> outer(const Tensor<B, 1, K>& a, const Tensor<B, 1, K>& b) {
  return Tensor<B, 2, K>(outer(a.array(), b.array()));
}

template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> kron(const Tensor<B, D, K>& a, const Tensor<B, D, K>& b) {
  return Tensor<B, D, K>(kron(a.array(), b.array()));
}

template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> cross(const Tensor<B, D, K>& a, const Tensor<B, D, K>& b, std::int64_t dim = -1) {
  return Tensor<B, D, K>(cross(a.array(), b.array(), dim));
}

template <BackendType B, Kind K> Tensor<B, 2, K> multi_dot(std::initializer_list<Tensor<B, 2, K>> parts) {
  std::vector<Array> arrays;
  for (const Tensor<B, 2, K>& p : parts) arrays.push_back(p.array());
  return Tensor<B, 2, K>(multi_dot(arrays));
}

template <BackendType B, std::size_t D, Kind K>
Tensor<B, D - 1, K> diagonal(const Tensor<B, D, K>& a, std::int64_t offset = 0) {
  detail::need_matrices<D>();
  return Tensor<B, D - 1, K>(diagonal(a.array(), offset));
}

template <BackendType B, std::size_t D, Kind K>
Tensor<B, D + 1, K> diag_embed(const Tensor<B, D, K>& v, std::int64_t offset = 0) {
  return Tensor<B, D + 1, K>(diag_embed(v.array(), offset));
}

template <BackendType B, std::size_t D, Kind K>
Tensor<B, 3 - D, K> diag(const Tensor<B, D, K>& x, std::int64_t offset = 0) {
  static_assert(D == 1 || D == 2, "diag takes a vector or a matrix; diagonal() and diag_embed() take batches");
  return Tensor<B, 3 - D, K>(diag(x.array(), offset));
}

}  // namespace fornax::linalg
