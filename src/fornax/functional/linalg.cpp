#include <fornax/functional/linalg.hpp>

#include <algorithm>
#include <limits>

#include <fornax/functional/common.hpp>
#include <fornax/ops/matrix.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::linalg {

namespace {

/// max(M, N) times the spacing of floats at 1, or `given` if it is not negative.
double tolerance(std::string_view operation, const Array& a, double given) {
  if (given >= 0) return given;
  if (!(given < 0)) throw ValueError(operation, "the tolerance is not a number");
  const std::int64_t largest = std::max(a.shape()[a.rank() - 2], a.shape()[a.rank() - 1]);
  const double spacing =
      a.dtype() == DType::F64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  return static_cast<double>(largest) * spacing;
}

const Array& matrix(std::string_view operation, const Array& a) {
  require_defined(operation, a);
  require_matrix(operation, a);
  return a;
}

const Array& square(std::string_view operation, const Array& a) {
  require_defined(operation, a);
  require_square(operation, a);
  return a;
}

/// Two arrays of matrices with the batch dims that both broadcast to.
struct Pair {
  Array a, b;
};
Pair with_one_batch(std::string_view operation, const Array& a, const Array& b) {
  const Shape batch = broadcast_shape(operation, batch_of(a.shape()), batch_of(b.shape()));
  const auto expanded = [&](const Array& x) {
    const Shape& s = x.shape();
    const Shape one = batch.inserted(batch.rank(), s[s.rank() - 2]);
    return broadcast_to(x, one.inserted(one.rank(), s[s.rank() - 1]));
  };
  return {expanded(a), expanded(b)};
}

/// True if b holds vectors: one, or as many as a has matrices.
bool holds_vectors(std::string_view operation, const Array& a, const Array& b) {
  require_defined(operation, b);
  if (b.rank() == 0) throw ShapeError(operation, "b has rank 0; it must hold vectors or matrices");
  return b.rank() == 1 || b.shape() == a.shape().without(a.rank() - 1);
}
Array as_columns(const Array& b) { return reshape(b, b.shape().inserted(b.rank(), 1)); }
Array as_vectors(const Array& x) { return reshape(x, x.shape().without(x.rank() - 1)); }

}  // namespace

Array cholesky(const Array& a, bool upper) {
  require_defined("cholesky", a);
  return run(op::Cholesky{upper}, {a});
}

QrResult<Array> qr(const Array& a, QrMode mode) {
  require_defined("qr", a);
  Arrays y = run_all(op::Qr{mode == QrMode::Complete}, {a});
  return {std::move(y[0]), std::move(y[1])};
}

LuResult<Array> lu(const Array& a) {
  require_defined("lu", a);
  const Arrays y = run_all(op::Lu{}, {a});
  const Array &factors = y[0], &permutation = y[1];
  const int rank = a.rank();
  const std::int64_t m = a.shape()[rank - 2], n = a.shape()[rank - 1], k = std::min(m, n);
  const Array l = narrow(factors, -1, 0, k), u = narrow(factors, -2, 0, k);
  // Row p[i] of P has its one in column i.
  const Array row = reshape(arange(*a.interpreter(), 0, m, 1, DType::I64, a.device()), Shape{m, 1});
  const Array p = equal(row, reshape(permutation, permutation.shape().inserted(rank - 2, 1)));
  const Array ones = cast(on_diagonal(a, m, k), a.dtype());
  return {cast(p, a.dtype()), triangle(l, -1, false) + ones, triangle(u, 0, true)};
}

SvdResult<Array, Array> svd(const Array& a) {
  require_defined("svd", a);
  Arrays y = run_all(op::Svd{}, {a});
  return {std::move(y[0]), std::move(y[1]), std::move(y[2])};
}

Array svdvals(const Array& a) { return svd(a).s; }

EighResult<Array, Array> eigh(const Array& a) {
  require_defined("eigh", a);
  Arrays y = run_all(op::Eigh{}, {a});
  return {std::move(y[0]), std::move(y[1])};
}

Array eigvalsh(const Array& a) { return eigh(a).values; }

EighResult<Array, Array> eig(const Array& a) {
  require_defined("eig", a);
  Arrays y = run_all(op::Eig{}, {a});
  return {std::move(y[0]), std::move(y[1])};
}

Array eigvals(const Array& a) { return eig(a).values; }

Array solve(const Array& a, const Array& b) {
  square("solve", a);
  if (holds_vectors("solve", a, b)) return as_vectors(solve(a, as_columns(b)));
  if (batch_of(a.shape()) == batch_of(b.shape())) return run(op::Solve{}, {a, b});
  const Pair both = with_one_batch("solve", a, b);
  return run(op::Solve{}, {both.a, both.b});
}

Array triangular_solve(const Array& a, const Array& b, Triangular how) {
  square("triangular_solve", a);
  const Pair both = with_one_batch("triangular_solve", a, matrix("triangular_solve", b));
  return run(op::TriangularSolve{how.upper, how.transpose, how.unit, how.left}, {both.a, both.b});
}

Array lstsq(const Array& a, const Array& b, double rcond) {
  matrix("lstsq", a);
  if (holds_vectors("lstsq", a, b)) return as_vectors(lstsq(a, as_columns(b), rcond));
  require_same_type("lstsq", a, matrix("lstsq", b));
  if (a.shape()[a.rank() - 2] != b.shape()[b.rank() - 2])
    throw ShapeError("lstsq", "a has shape " + a.shape().str() + ", b has " + b.shape().str() +
                                  ": rows of b must be as many as those of a");
  return matmul(pinv(a, rcond), b);
}

namespace {

Array inverse_of(std::string_view operation, const Array& a) {
  const Array identity = identity_like(square(operation, a));
  return functional::impl::in_name_of<ValueError>(operation, [&] { return run(op::Solve{}, {a, identity}); });
}

}  // namespace

Array inverse(const Array& a) { return inverse_of("inverse", a); }

Array pinv(const Array& a, double rcond) { return run(op::Pinv{tolerance("pinv", matrix("pinv", a), rcond)}, {a}); }

Array det(const Array& a) {
  require_defined("det", a);
  return run(op::Det{}, {a});
}

SlogDetResult<Array> slogdet(const Array& a) {
  require_defined("slogdet", a);
  Arrays y = run_all(op::SlogDet{}, {a});
  return {std::move(y[0]), std::move(y[1])};
}

Array cond(const Array& a, Norm norm) {
  if (norm != Norm::Two && norm != Norm::NegTwo) {
    const Array size = matrix_norm(square("cond", a), norm);
    return size * matrix_norm(inverse_of("cond", a), norm);
  }
  const Array s = svdvals(matrix("cond", a));
  const std::int64_t k = s.shape()[s.rank() - 1];
  if (k == 0) throw ShapeError("cond", "a matrix without elements has none: got shape " + a.shape().str());
  const Array largest = narrow(s, -1, 0, 1), smallest = narrow(s, -1, k - 1, 1);
  return as_vectors(norm == Norm::Two ? largest / smallest : smallest / largest);
}

Array matrix_rank(const Array& a, double rtol) {
  const double least = tolerance("matrix_rank", matrix("matrix_rank", a), rtol);
  const Array s = svdvals(a);
  const std::int64_t k = s.shape()[s.rank() - 1];
  const Array counted = k == 0 ? greater(s, 0.0) : greater(s, narrow(s, -1, 0, 1) * least);
  return as_vectors(reduce(ReduceFn::Sum, cast(counted, DType::I64), -1));
}

Array matrix_power(const Array& a, std::int64_t n) {
  require_defined("matrix_power", a);
  if (a.rank() < 2 || a.shape()[a.rank() - 1] != a.shape()[a.rank() - 2])
    throw ShapeError("matrix_power", "needs square matrices: got shape " + a.shape().str());
  if (n == 0) return identity_like(a);
  Array square = n < 0 ? inverse_of("matrix_power", a) : a, y;
  // In unsigned arithmetic: the negative of the smallest integer has no place among the signed ones.
  for (std::uint64_t left = n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n); left > 0;
       left /= 2) {
    if (left % 2 == 1) y = y.defined() ? matmul(y, square) : square;
    if (left > 1) square = matmul(square, square);
  }
  return y;
}

Array matrix_exp(const Array& a) {
  require_defined("matrix_exp", a);
  return run(op::MatrixExp{}, {a});
}

}  // namespace fornax::linalg
