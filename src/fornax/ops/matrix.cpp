#include <fornax/ops/matrix.hpp>

#include <algorithm>
#include <limits>

#include <fornax/ops/functions.hpp>

namespace fornax {

void require_matrix(std::string_view op, const Array& x) {
  if (x.dtype() != DType::F64 && x.dtype() != DType::F32)
    throw DTypeError(op, "takes f64 or f32 elements, got " + std::string(name(x.dtype())) + "; cast() converts");
  if (x.rank() < 2)
    throw ShapeError(op, "needs matrices, rank >= 2: got shape " + x.shape().str() + "; unsqueeze() adds a dim");
  for (int d = x.rank() - 2; d < x.rank(); ++d)
    if (x.shape()[d] > std::numeric_limits<int>::max())
      throw ShapeError(op, "a matrix may have 2147483647 rows or columns at most: got shape " + x.shape().str());
}

void require_square(std::string_view op, const Array& x) {
  require_matrix(op, x);
  if (x.shape()[x.rank() - 1] != x.shape()[x.rank() - 2])
    throw ShapeError(op, "needs square matrices: got shape " + x.shape().str());
}

void require_same_batch(std::string_view op, const Array& a, const Array& b) {
  if (!(batch_of(a.shape()) == batch_of(b.shape())))
    throw ShapeError(op, "batch dims differ: " + a.shape().str() + " and " + b.shape().str());
}

Shape with_matrix(const Shape& shape, std::int64_t rows, std::int64_t columns) {
  const Shape batch = batch_of(shape);
  return batch.inserted(batch.rank(), rows).inserted(batch.rank() + 1, columns);
}

Shape batch_of(const Shape& shape) { return Shape(shape.dims().first(static_cast<std::size_t>(shape.rank() - 2))); }

Array transpose(const Array& x) { return swap_dims(x, -2, -1); }

namespace {

/// column - row: [rows, columns].
Array distance(const Array& like, std::int64_t rows, std::int64_t columns) {
  Interpreter& on = *like.interpreter();
  const Array row = reshape(arange(on, 0, rows, 1, DType::I64, like.device()), Shape{rows, 1});
  return arange(on, 0, columns, 1, DType::I64, like.device()) - row;
}

}  // namespace

Array triangle(Operand x, std::int64_t diagonal, bool upper) {
  const int rank = x->rank();
  const Array d = distance(x.array(), x->shape()[rank - 2], x->shape()[rank - 1]);
  const Array kept = upper ? greater_equal(d, Scalar(diagonal)) : lower_equal(d, Scalar(diagonal));
  return where(kept, x, x->dtype() == DType::Bool ? Scalar(false) : Scalar(0));
}

Array symmetric_part(const Array& x) { return 0.5 * (x + transpose(x)); }

Array on_diagonal(const Array& like, std::int64_t rows, std::int64_t columns) {
  return equal(distance(like, rows, columns), Scalar(0));
}

Array diagonal_of(const Array& x) {
  const int rank = x.rank();
  const std::int64_t rows = x.shape()[rank - 2], columns = x.shape()[rank - 1], n = std::min(rows, columns);
  const Shape batch = batch_of(x.shape());
  if (n == 0) return reshape(narrow(x, rows == 0 ? -1 : -2, 0, 0), batch.inserted(rank - 2, 0));
  const Array flat = reshape(narrow(x, -2, 0, n), batch.inserted(rank - 2, n * columns));
  SliceDims at{};
  for (int d = 0; d < rank - 2; ++d) at.dims[static_cast<std::size_t>(d)] = {0, batch[d], 1};
  at.dims[static_cast<std::size_t>(rank - 2)] = {0, n, columns + 1};
  return slice(flat, at);
}

Array diagonal_matrix(const Array& diagonal) {
  const int rank = diagonal.rank();
  const std::int64_t n = diagonal.shape()[rank - 1];
  return where(on_diagonal(diagonal, n, n), reshape(diagonal, diagonal.shape().inserted(rank - 1, 1)), 0.0);
}

Array identity_like(const Array& x) {
  const std::int64_t n = x.shape()[x.rank() - 1];
  return broadcast_to(cast(on_diagonal(x, n, n), x.dtype()), x.shape());
}

Array scale_columns(const Array& x, const Array& v) { return x * reshape(v, v.shape().inserted(v.rank() - 1, 1)); }

Array or_zeros(const Array& g, const Array& y) { return g.defined() ? g : zeros_like(y); }

}  // namespace fornax
