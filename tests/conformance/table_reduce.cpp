// Reductions: attribute dims or dim names what is reduced, keepdim whether those dims stay.

#include <algorithm>
#include <cmath>

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
Arrays std_row(const Call& c) { return drop_dims(flat_sqrt(spread(c)), reduced_dims(c, c[0]), keeps(c)); }

Arrays count_nonzero(const Call& c) {
  const DimSet dims = reduced_dims(c, c[0]);
  return drop_dims(reduce(ReduceFn::Sum, cast(cast(c[0], DType::Bool), DType::I64), dims), dims, false);
}

Arrays diff(const Call& c) {
  const Array& x = c[0];
  const int dim = checked_dim("diff", c.attrs.integer("dim", -1), x.rank());
  const std::int64_t n = std::max<std::int64_t>(x.shape()[dim] - 1, 0);
  const Array later = narrow(x, dim, x.shape()[dim] - n, n), earlier = narrow(x, dim, 0, n);
  return x.dtype() == DType::Bool ? binary(BinaryFn::Xor, later, earlier) : later - earlier;
}

Arrays cov(const Call& c) {
  const bool rows = c.attrs.flag("rows_are_variables");
  const Array vectors = c[0].rank() < 2 ? reshape(c[0], Shape{1, c[0].numel()}) : c[0];
  const Array x = rows || c[0].rank() < 2 ? vectors : swap_dims(vectors, 0, 1);
  const Array centred = x - reduce(ReduceFn::Mean, x, 1);
  const auto count = static_cast<double>(x.shape()[1] - c.attrs.integer("correction"));
  const Array y = matmul(centred, centred, false, true) / std::max(count, 0.0);
  return c[0].rank() < 2 ? reshape(y, Shape{}) : y;
}

Arrays bincount(const Call& c) {
  const Array& x = c[0];
  const std::int64_t highest = x.numel() == 0 ? -1 : static_cast<std::int64_t>(reduce_all(ReduceFn::Max, x).item());
  const std::int64_t bins = std::max(c.attrs.integer("minlength", 0), highest + 1);
  const Array one = full_like(cast(x, DType::I64), 1);
  return select_assign(zeros_like(one, Shape{bins}), 0, x, one, Update::Add);
}

// In a sorted row the position is the number of elements before it: those that do not come after the value.
Arrays searchsorted(const Call& c) {
  const auto [sorted, values] = promoted(c[0], c[1]);
  const Array row = sorted.rank() > 1 ? unsqueeze(sorted, -2) : sorted;
  const BinaryFn after = c.attrs.flag("right") ? BinaryFn::Greater : BinaryFn::GreaterEqual;
  const Array before = logical_not(binary(after, row, unsqueeze(values, -1)));
  return squeeze(reduce(ReduceFn::Sum, cast(before, DType::I64), -1), -1);
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
    {"count_nonzero", count_nonzero},
    {"var", var},
    {"std", std_row},
    {"diff", diff},
    {"cov", cov},
    {"bincount", bincount},
    {"searchsorted", searchsorted},
};

}  // namespace

std::span<const Row> reduce_rows() { return kRows; }

}  // namespace fornax::conformance
