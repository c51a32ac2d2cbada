#include <fornax/ops/functions/sorting.hpp>

#include <fornax/ops/functions/indexing.hpp>
#include <fornax/ops/functions/scanning.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

int dim_of(std::string_view operation, const Array& x, std::int64_t dim) {
  require_defined(operation, x);
  return x.rank() == 0 ? 0 : checked_dim(operation, dim, x.rank());
}

// What an order of x along a dim names.
ValuesAndIndices picked(const Array& x, int dim, Array order) {
  if (x.rank() > 0) return {gather(x, dim, order), order};
  return {order.rank() == 0 ? x : narrow(reshape(x, Shape{1}), 0, 0, 0), order};
}

}  // namespace

Array argsort(Operand x, std::int64_t dim, bool descending) {
  return run(op::ArgSort{dim_of("argsort", x.array(), dim), descending}, {x});
}

ValuesAndIndices sort(const Array& x, std::int64_t dim, bool descending) {
  const int d = dim_of("sort", x, dim);
  return picked(x, d, argsort(x, d, descending));
}

Array argtopk(Operand x, std::int64_t k, std::int64_t dim, bool largest) {
  const int d = dim_of("topk", x.array(), dim);
  const std::int64_t n = x->rank() == 0 ? 1 : x->shape()[d];
  if (k < 0 || k > n)
    throw ValueError("topk", "k is " + std::to_string(k) + ", dim " + std::to_string(d) + " of " + x->shape().str() +
                                 " has size " + std::to_string(n));
  return run(op::ArgSort{d, largest, k}, {x});
}

ValuesAndIndices topk(const Array& x, std::int64_t k, std::int64_t dim, bool largest) {
  Array order = argtopk(x, k, dim, largest);
  return picked(x, dim_of("topk", x, dim), std::move(order));
}

Unique unique(const Array& x) {
  require_defined("unique", x);
  const std::int64_t n = x.numel();
  const ValuesAndIndices sorted = sort(reshape(x, Shape{n}), 0);
  if (n == 0) return {sorted.values, reshape(sorted.indices, x.shape()), sorted.indices};
  const Array differs =
      binary(BinaryFn::NotEqual, narrow(sorted.values, 0, 1, n - 1), narrow(sorted.values, 0, 0, n - 1));
  const Array first = cat({full_like(zeros_like(sorted.indices, Shape{1}), 0), cast(differs, DType::I64)}, 0);
  const Array group = cumsum(first, 0);  // how many began before each, without the first
  const Array inverse = scatter(zeros_like(group), 0, sorted.indices, group, Update::Assign);
  const Array later = nonzero_positions(differs) + 1;
  const Array begin = cat({zeros_like(later, Shape{1}), later}, 0);
  const Array end = cat({later, full_like(zeros_like(later, Shape{1}), n)}, 0);
  return {select(sorted.values, 0, begin), reshape(inverse, x.shape()), end - begin};
}

Array searchsorted(Operand sorted, Operand values, bool right) {
  require_defined("searchsorted", sorted);
  require_defined("searchsorted", values);
  return run(op::SearchSorted{right}, {sorted, values});
}

Array bucketize(Operand x, Operand boundaries, bool right) {
  require_defined("bucketize", x);
  require_defined("bucketize", boundaries);
  if (boundaries->rank() != 1)
    throw ShapeError("bucketize", "the boundaries must have rank 1, got " + boundaries->shape().str());
  return searchsorted(boundaries, x, right);
}

}  // namespace fornax
