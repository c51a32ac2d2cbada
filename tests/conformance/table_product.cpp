// Products of vectors and matrices.

#include <algorithm>

#include <fornax/tensor/build.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

void require_vectors(const char* operation, const Call& c) {
  if (c[0].rank() != 1 || c[1].rank() != 1)
    throw ShapeError(operation, "needs two tensors of rank 1: " + c[0].shape().str() + " and " + c[1].shape().str());
}

Arrays dot(const Call& c) {
  require_vectors("dot", c);
  return product(c[0], c[1]);
}

Arrays linear_row(const Call& c) { return linear(c[0], c[1], c.has(2) ? &c[2] : nullptr); }

Arrays linear_io(const Call& c) {
  const Array y = product(c[0], c[1]);
  return c.has(2) ? y + c[2] : y;
}

// y[.., o] = sum over i, j of a[.., i] weight[o, i, j] b[.., j], plus bias[o].
Arrays bilinear(const Call& c) {
  const Array &a = c[0], &b = c[1], &weight = c[2];
  if (weight.rank() != 3 || a.rank() == 0 || b.rank() == 0)
    throw ShapeError("bilinear", "weight has shape " + weight.shape().str() + "; needs rank 3");
  const std::int64_t out = weight.shape()[0], in_a = weight.shape()[1], in_b = weight.shape()[2];
  const Array rows =
      reshape(a, Shape{a.numel() / std::max<std::int64_t>(a.shape()[a.rank() - 1], 1), a.shape()[a.rank() - 1]});
  const Array columns = reshape(permute(weight, std::vector<std::int64_t>{1, 0, 2}), Shape{in_a, out * in_b});
  const Array mixed = reshape(matmul(rows, columns), Shape{rows.shape()[0], out, in_b});
  const Array flat_b = reshape(b, Shape{rows.shape()[0], 1, b.shape()[b.rank() - 1]});
  const Array sums = squeeze(reduce(ReduceFn::Sum, mixed * flat_b, 2), 2);
  const Array y = reshape(sums, a.shape().with(a.rank() - 1, out));
  return c.has(3) ? y + c[3] : y;
}

constexpr Row kRows[] = {
    {"matmul", [](const Call& c) -> Arrays { return product(c[0], c[1]); }},
    {"dot", dot},
    {"linear", linear_row},
    {"linear_io", linear_io},
    {"bilinear", bilinear},
};

}  // namespace

std::span<const Row> product_rows() { return kRows; }

}  // namespace fornax::conformance
