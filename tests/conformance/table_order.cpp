// Sorting, selection by rank, and running results.

#include <fornax/ops/functions/indexing.hpp>
#include <fornax/ops/functions/scanning.hpp>
#include <fornax/ops/functions/sorting.hpp>
#include <fornax/ops/functions/statistics.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

Arrays both(const ValuesAndIndices& r) { return {r.values, r.indices}; }

// torch counts Bool elements as I64.
Array counts(const Array& x) { return x.dtype() == DType::Bool ? cast(x, DType::I64) : x; }

// One of these along attribute "dim", which goes away unless it is kept.
Arrays ranked(const Call& c, const ValuesAndIndices& r) {
  const DimSet dims = reduced_dims(c, c[0]);
  const bool keep = c.attrs.flag("keepdim", false);
  return {drop_dims(r.values, dims, keep), drop_dims(r.indices, dims, keep)};
}

Arrays sort_row(const Call& c) { return both(sort(c[0], c.attrs.integer("dim"), c.attrs.flag("descending", false))); }

Arrays topk_row(const Call& c) {
  return both(topk(c[0], c.attrs.integer("k"), c.attrs.integer("dim"), c.attrs.flag("largest", true)));
}

Arrays quantile_row(const Call& c) {
  const Value& q = c.attrs.at("q");
  const bool several = q.kind == Value::Kind::List;
  std::vector<double> fractions;
  if (!several) fractions.push_back(c.attrs.real("q"));
  for (const Value& v : q.list)
    fractions.push_back(v.kind == Value::Kind::Int ? static_cast<double>(v.integer) : v.real);
  const std::int64_t dim = c.attrs.integer("dim");
  const Array y = quantile(c[0], fractions, dim);
  if (c[0].rank() == 0) return several ? y : reshape(y, Shape{});
  if (!several) return squeeze(y, dim);
  return squeeze(swap_dims(unsqueeze(y, 0), 0, checked_dim("quantile", dim, c[0].rank()) + 1),
                 checked_dim("quantile", dim, c[0].rank()) + 1);
}

Arrays unique_row(const Call& c) {
  const Unique u = unique(c[0]);
  return {u.values, u.inverse, u.counts};
}

constexpr Row kRows[] = {
    {"sort", sort_row},
    {"argsort",
     [](const Call& c) -> Arrays { return argsort(c[0], c.attrs.integer("dim"), c.attrs.flag("descending", false)); }},
    {"topk", topk_row},
    {"kthvalue", [](const Call& c) { return ranked(c, kthvalue(c[0], c.attrs.integer("k"), c.attrs.integer("dim"))); }},
    {"median", [](const Call& c) { return ranked(c, median(c[0], c.attrs.integer("dim"))); }},
    {"quantile", quantile_row},
    {"unique", unique_row},
    {"cumsum", [](const Call& c) -> Arrays { return cumsum(counts(c[0]), c.attrs.integer("dim")); }},
    {"cumprod", [](const Call& c) -> Arrays { return cumprod(counts(c[0]), c.attrs.integer("dim")); }},
    {"cummax", [](const Call& c) { return both(cummax(c[0], c.attrs.integer("dim"))); }},
    {"cummin", [](const Call& c) { return both(cummin(c[0], c.attrs.integer("dim"))); }},
    {"logcumsumexp", [](const Call& c) -> Arrays { return logcumsumexp(c[0], c.attrs.integer("dim")); }},
    {"nonzero", [](const Call& c) -> Arrays { return argwhere(c[0]); }},
    {"masked_select", [](const Call& c) -> Arrays { return masked_select(c[0], c[1]); }},
};

}  // namespace

std::span<const Row> order_rows() { return kRows; }

}  // namespace fornax::conformance
