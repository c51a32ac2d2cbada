// Norms, products and diagonals: what linear algebra composes of plain operations.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fornax/functional/layout.hpp>
#include <fornax/functional/linalg.hpp>
#include <fornax/ops/functions/statistics.hpp>
#include <fornax/ops/matrix.hpp>

namespace fornax::linalg {

namespace {

Array without_last_two(const Array& x) { return reshape(x, batch_of(x.shape())); }

void require_rank_two(std::string_view operation, const Array& x) {
  require_defined(operation, x);
  if (x.rank() < 2) throw ShapeError(operation, "needs matrices, rank >= 2: got shape " + x.shape().str());
}

DimSet last_two(const Array& x) {
  DimSet dims = DimSet::of(x.rank() - 2);
  dims.add(x.rank() - 1);
  return dims;
}

}  // namespace

Array trace(const Array& a) {
  const Array d = diagonal(a);
  return reshape(reduce(ReduceFn::Sum, d, -1), d.shape().without(d.rank() - 1));
}

Array vector_norm(const Array& x, double p, DimSet dims) {
  require_defined("vector_norm", x);
  require_float("vector_norm", x);
  if (std::isnan(p)) throw ValueError("vector_norm", "p is not a number");
  return norm(x, p, dims);
}

Array vector_norm(const Array& x, double p, std::int64_t dim) {
  require_defined("vector_norm", x);
  return vector_norm(x, p, DimSet::of(checked_dim("vector_norm", dim, x.rank())));
}

Array vector_norm(const Array& x, double p) {
  require_defined("vector_norm", x);
  return reshape(vector_norm(x, p, DimSet::all(x.rank())), Shape{1});
}

Array matrix_norm(const Array& a, Norm norm) {
  require_rank_two("matrix_norm", a);
  require_float("matrix_norm", a);
  const int rows = a.rank() - 2, columns = a.rank() - 1;
  const bool least = norm == Norm::NegOne || norm == Norm::NegTwo || norm == Norm::NegInf;
  const ReduceFn choose = least ? ReduceFn::Min : ReduceFn::Max;
  switch (norm) {
    case Norm::Frobenius: return without_last_two(vector_norm(a, 2, last_two(a)));
    case Norm::Nuclear:
    case Norm::Two:
    case Norm::NegTwo: {
      const Array s = svdvals(a);
      const Array y = reduce(norm == Norm::Nuclear ? ReduceFn::Sum : choose, s, -1);
      return reshape(y, batch_of(a.shape()));
    }
    default: break;
  }
  const bool by_column = norm == Norm::One || norm == Norm::NegOne;
  const Array sums = reduce(ReduceFn::Sum, unary(UnaryFn::Abs, a), DimSet::of(by_column ? rows : columns));
  return without_last_two(reduce(choose, sums, DimSet::of(by_column ? columns : rows)));
}

Array outer(const Array& a, const Array& b) {
  require_defined("outer", a);
  require_defined("outer", b);
  if (a.rank() != 1 || b.rank() != 1)
    throw ShapeError("outer", "needs two vectors: got shapes " + a.shape().str() + " and " + b.shape().str());
  return reshape(a, Shape{a.numel(), 1}) * reshape(b, Shape{1, b.numel()});
}

Array kron(const Array& a, const Array& b) {
  require_defined("kron", a);
  require_defined("kron", b);
  const int rank = std::max(a.rank(), b.rank());
  if (2 * rank > kMaxRank)
    throw ShapeError("kron",
                     "takes tensors of rank 4 at most: got shapes " + a.shape().str() + " and " + b.shape().str());
  // Sizes of both interleaved, so that each element of a meets a whole copy of b.
  Shape wide_a, wide_b, merged;
  for (int d = 0; d < rank; ++d) {
    const int in_a = d - (rank - a.rank()), in_b = d - (rank - b.rank());
    const std::int64_t of_a = in_a < 0 ? 1 : a.shape()[in_a], of_b = in_b < 0 ? 1 : b.shape()[in_b];
    wide_a = wide_a.inserted(2 * d, of_a).inserted(2 * d + 1, 1);
    wide_b = wide_b.inserted(2 * d, 1).inserted(2 * d + 1, of_b);
    if (of_a != 0 && of_b > std::numeric_limits<std::int64_t>::max() / of_a)
      throw ShapeError("kron", "the product of " + a.shape().str() + " and " + b.shape().str() + " is too large");
    merged = merged.inserted(d, of_a * of_b);
  }
  return reshape(reshape(a, wide_a) * reshape(b, wide_b), merged);
}

Array cross(const Array& a, const Array& b, std::int64_t dim) {
  require_defined("cross", a);
  require_defined("cross", b);
  const Shape shape = broadcast_shape("cross", a.shape(), b.shape());
  const int d = checked_dim("cross", dim, shape.rank());
  if (shape[d] != 3)
    throw ShapeError("cross", "dim " + std::to_string(d) + " of " + shape.str() + " has size " +
                                  std::to_string(shape[d]) + ", not 3");
  const auto turned = [&](const Array& x, std::int64_t by) {
    const Array whole = broadcast_to(x, shape);
    return cat({narrow(whole, d, by, 3 - by), narrow(whole, d, 0, by)}, d);
  };
  return turned(a, 1) * turned(b, 2) - turned(a, 2) * turned(b, 1);
}

Array multi_dot(std::span<const Array> parts) {
  constexpr std::string_view operation = "multi_dot";
  if (parts.size() < 2) throw ValueError(operation, "needs at least two matrices, got " + std::to_string(parts.size()));
  std::vector<Array> chain(parts.begin(), parts.end());
  const std::size_t n = chain.size();
  for (const Array& a : chain) require_defined(operation, a);
  const bool row = chain.front().rank() == 1, column = chain.back().rank() == 1;
  if (row) chain.front() = reshape(chain.front(), Shape{1, chain.front().numel()});
  if (column) chain.back() = reshape(chain.back(), Shape{chain.back().numel(), 1});
  for (std::size_t i = 0; i < n; ++i) {
    if (chain[i].rank() != 2)
      throw ShapeError(operation,
                       "part " + std::to_string(i) + " has shape " + chain[i].shape().str() + "; needs a matrix");
    if (i > 0 && chain[i - 1].shape()[1] != chain[i].shape()[0])
      throw ShapeError(operation, "part " + std::to_string(i - 1) + " has shape " + chain[i - 1].shape().str() +
                                      ", part " + std::to_string(i) + " has " + chain[i].shape().str() +
                                      ": columns of one must be rows of the next");
    require_same_type(operation, chain[0], chain[i]);
  }
  // cost[i][j]: the least multiplications for parts i to j; cut[i][j]: where the last product splits them.
  std::vector<double> cost(n * n, 0.0);
  std::vector<std::size_t> cut(n * n, 0);
  const auto size = [&](std::size_t i) {
    return static_cast<double>(i == 0 ? chain[0].shape()[0] : chain[i - 1].shape()[1]);
  };
  for (std::size_t length = 2; length <= n; ++length) {
    for (std::size_t i = 0; i + length <= n; ++i) {
      const std::size_t j = i + length - 1;
      cost[i * n + j] = INFINITY;
      for (std::size_t k = i; k < j; ++k) {
        const double work = cost[i * n + k] + cost[(k + 1) * n + j] + size(i) * size(k + 1) * size(j + 1);
        if (work < cost[i * n + j]) cost[i * n + j] = work, cut[i * n + j] = k;
      }
    }
  }
  const auto product = [&](const auto& self, std::size_t i, std::size_t j) -> Array {
    if (i == j) return chain[i];
    const std::size_t k = cut[i * n + j];
    return matmul(self(self, i, k), self(self, k + 1, j));
  };
  const Array y = product(product, 0, n - 1);
  Shape shape = y.shape();
  if (column) shape = shape.without(1);
  if (row) shape = shape.without(0);
  return reshape(y, shape);
}

Array diagonal(const Array& a, std::int64_t offset) { return functional::diagonal(a, offset, -2, -1); }
Array diag_embed(const Array& v, std::int64_t offset) { return functional::diag_embed(v, offset); }

Array diag(const Array& x, std::int64_t offset) {
  require_defined("diag", x);
  if (x.rank() != 1 && x.rank() != 2)
    throw ShapeError("diag", "takes a vector or a matrix: got shape " + x.shape().str());
  return x.rank() == 1 ? diag_embed(x, offset) : diagonal(x, offset);
}

}  // namespace fornax::linalg
