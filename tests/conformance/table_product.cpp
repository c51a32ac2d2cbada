// Products of vectors and matrices.

#include <algorithm>

#include <fornax/functional/linear.hpp>
#include <fornax/tensor/build.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

Array optional(const Call& c, std::size_t i) { return c.has(i) ? c[i] : Array(); }

void require_vectors(const char* operation, const Call& c) {
  if (c[0].rank() != 1 || c[1].rank() != 1)
    throw ShapeError(operation, "needs two tensors of rank 1: " + c[0].shape().str() + " and " + c[1].shape().str());
}

Arrays outer(const Call& c) {
  require_vectors("outer", c);
  return unsqueeze(c[0], 1) * unsqueeze(c[1], 0);
}

Arrays dot(const Call& c) {
  require_vectors("dot", c);
  return product(c[0], c[1]);
}

// Sizes of both interleaved, so that each element of a meets a whole copy of b.
Arrays kron(const Call& c) {
  const int rank = std::max(c[0].rank(), c[1].rank());
  const Array a = detail::unsqueeze(c[0], rank), b = detail::unsqueeze(c[1], rank);
  Shape wide_a, wide_b, merged;
  for (int d = 0; d < rank; ++d) {
    wide_a = wide_a.inserted(2 * d, a.shape()[d]).inserted(2 * d + 1, 1);
    wide_b = wide_b.inserted(2 * d, 1).inserted(2 * d + 1, b.shape()[d]);
    merged = merged.inserted(d, a.shape()[d] * b.shape()[d]);
  }
  return reshape(reshape(a, wide_a) * reshape(b, wide_b), merged);
}

Arrays cross(const Call& c) {
  const Shape shape = broadcast_shape("cross", c[0].shape(), c[1].shape());
  const int dim = checked_dim("cross", c.attrs.integer("dim", -1), shape.rank());
  const Array a = broadcast_to(c[0], shape), b = broadcast_to(c[1], shape);
  if (shape[dim] != 3)
    throw ShapeError("cross", "dim " + std::to_string(dim) + " of " + shape.str() + " does not have size 3");
  const auto turned = [dim](const Array& x, std::int64_t by) { return detail::roll(x, -by, dim); };
  return turned(a, 1) * turned(b, 2) - turned(a, 2) * turned(b, 1);
}

Arrays matrix_power(const Call& c) {
  const Array& x = c[0];
  const std::int64_t n = c.attrs.integer("n");
  const int rank = x.rank();
  if (rank < 2 || x.shape()[rank - 1] != x.shape()[rank - 2])
    throw ShapeError("matrix_power", x.shape().str() + " is not a stack of square matrices");
  if (n < 0) throw Absent("the library has no inverse");
  const Array index = counting(c, x.shape()[rank - 1], DType::I64);
  const Array identity = cast(equal(unsqueeze(index, 0), unsqueeze(index, 1)), x.dtype());
  Array y = n == 0 ? broadcast_to(identity, x.shape()) : x;
  for (std::int64_t i = 1; i < n; ++i) y = matmul(y, x);
  return y;
}

constexpr Row kRows[] = {
    {"matmul", [](const Call& c) -> Arrays { return product(c[0], c[1]); }},
    {"outer", outer},
    {"dot", dot},
    {"kron", kron},
    {"cross", cross},
    {"linear", [](const Call& c) -> Arrays { return functional::linear(c[0], c[1], optional(c, 2)); }},
    {"linear_io", [](const Call& c) -> Arrays { return functional::linear_io(c[0], c[1], optional(c, 2)); }},
    {"bilinear", [](const Call& c) -> Arrays { return functional::bilinear(c[0], c[1], c[2], optional(c, 3)); }},
    {"matrix_power", matrix_power},
};

}  // namespace

std::span<const Row> product_rows() { return kRows; }

}  // namespace fornax::conformance
