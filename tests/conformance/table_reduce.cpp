// Reductions: attribute dims or dim names what is reduced, keepdim whether those dims stay.

#include <algorithm>
#include <cmath>

#include <fornax/ops/functions/scanning.hpp>
#include <fornax/ops/functions/sorting.hpp>
#include <fornax/ops/functions/statistics.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

bool keeps(const Call& c) { return c.attrs.flag("keepdim", false); }

Array reduced(const Call& c, ReduceFn fn, const Array& x) {
  const DimSet dims = reduced_dims(c, x);
  return drop_dims(reduce(fn, x, dims), dims, keeps(c));
}

template <ReduceFn fn> Arrays plain(const Call& c) {
  return reduced(c, fn, c[0].dtype() == DType::Bool ? cast(c[0], DType::I64) : c[0]);
}

template <ReduceFn fn> Arrays truth(const Call& c) { return reduced(c, fn, cast(c[0], DType::Bool)); }

// The whole array as one dim: an index then counts in row-major order.
template <bool largest> Arrays position(const Call& c) {
  const bool all = !c.attrs.has("dim");
  const Array x = all ? flat(c[0]) : c[0];
  if (x.rank() == 0) return arg_reduce(largest, x, 0);
  const int dim = all ? 0 : checked_dim("argmax", c.attrs.integer("dim"), x.rank());
  const Array index = arg_reduce(largest, x, dim);
  if (!all) return drop_dims(index, DimSet::of(dim), keeps(c));
  Shape shape;
  while (keeps(c) && shape.rank() < c[0].rank()) shape = shape.inserted(0, 1);
  return reshape(index, shape);
}

// With a dim: values and their positions, to which the gradient goes. Without: the value, shared among ties.
template <bool largest> Arrays extreme(const Call& c) {
  const Array& x = c[0];
  if (!c.attrs.has("dim")) return reduced(c, largest ? ReduceFn::Max : ReduceFn::Min, x);
  const DimSet dims = reduced_dims(c, x);
  if (x.rank() == 0) return {x, arg_reduce(largest, x, 0)};
  const std::int64_t dim = c.attrs.integer("dim");
  const Array index = arg_reduce(largest, x, dim);
  return {drop_dims(gather(x, dim, index), dims, keeps(c)), drop_dims(index, dims, keeps(c))};
}

Arrays logsumexp_row(const Call& c) {
  const DimSet dims = reduced_dims(c, c[0]);
  return drop_dims(logsumexp(c[0], dims), dims, keeps(c));
}

Array spread(const Call& c) { return variance(c[0], reduced_dims(c, c[0]), c.attrs.flag("unbiased", true) ? 1 : 0); }

Arrays var(const Call& c) { return drop_dims(spread(c), reduced_dims(c, c[0]), keeps(c)); }
Arrays std_row(const Call& c) {
  const DimSet dims = reduced_dims(c, c[0]);
  return drop_dims(stddev(c[0], dims, c.attrs.flag("unbiased", true) ? 1 : 0), dims, keeps(c));
}

Arrays count_nonzero_row(const Call& c) {
  const DimSet dims = reduced_dims(c, c[0]);
  return drop_dims(count_nonzero(c[0], dims), dims, false);
}

Arrays cov_row(const Call& c) {
  const bool transposed = !c.attrs.flag("rows_are_variables") && c[0].rank() == 2;
  return cov(transposed ? swap_dims(c[0], 0, 1) : c[0], c.attrs.integer("correction"));
}

Arrays searchsorted_row(const Call& c) {
  const auto [sorted, values] = promoted(c[0], c[1]);
  return searchsorted(sorted, values, c.attrs.flag("right"));
}

constexpr Row kRows[] = {
    {"sum", plain<ReduceFn::Sum>},
    {"mean", plain<ReduceFn::Mean>},
    {"prod", plain<ReduceFn::Prod>},
    {"amax", plain<ReduceFn::Max>},
    {"amin", plain<ReduceFn::Min>},
    {"any", truth<ReduceFn::Any>},
    {"all", truth<ReduceFn::All>},
    {"max", extreme<true>},
    {"min", extreme<false>},
    {"argmax", position<true>},
    {"argmin", position<false>},
    {"logsumexp", logsumexp_row},
    {"sum_abs", [](const Call& c) -> Arrays { return reduced(c, ReduceFn::Sum, unary(UnaryFn::Abs, c[0])); }},
    {"sum_square", [](const Call& c) -> Arrays { return reduced(c, ReduceFn::Sum, unary(UnaryFn::Square, c[0])); }},
    {"count_nonzero", count_nonzero_row},
    {"var", var},
    {"std", std_row},
    {"diff", [](const Call& c) -> Arrays { return diff(c[0], c.attrs.integer("dim", -1)); }},
    {"cov", cov_row},
    {"bincount", [](const Call& c) -> Arrays { return bincount(c[0], c.attrs.integer("minlength", 0)); }},
    {"searchsorted", searchsorted_row},
};

}  // namespace

std::span<const Row> reduce_rows() { return kRows; }

}  // namespace fornax::conformance
