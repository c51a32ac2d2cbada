// Reading and writing at positions: slices, indices, masks.

#include <optional>

#include <fornax/functional/embedding.hpp>
#include <fornax/functional/quantize.hpp>
#include <fornax/ops/functions/indexing.hpp>
#include <fornax/tensor/build.hpp>
#include <fornax/tensor/range.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

// Attribute "slices": [start, end, step] for each dim, as in Python; null is open.
SliceDims slices_of(const Call& c) {
  std::vector<Range> ranges;
  const Value& slices = c.attrs.at("slices");
  const auto integer = [](const Value& v) {
    if (v.kind != Value::Kind::Int) throw Malformed("attribute \"slices\" holds something that is no integer");
    return v.integer;
  };
  for (const Value& v : slices.list) {
    if (v.list.size() != 3) throw Malformed("attribute \"slices\" is not a list of [start, end, step]");
    Range r = Range::all();
    if (v.list[0].kind != Value::Kind::Null) r.start = integer(v.list[0]);
    if (v.list[1].kind != Value::Kind::Null) r.end = integer(v.list[1]);
    if (v.list[2].kind != Value::Kind::Null) r.step = integer(v.list[2]);
    ranges.push_back(r);
  }
  return resolve(ranges, c[0].shape());
}

Arrays slice_assign_row(const Call& c) {
  const SliceDims at = slices_of(c);
  return slice_assign(c[0], at, broadcast_to(c[1], slice(c[0], at).shape()));
}

Arrays slice_fill(const Call& c) {
  const SliceDims at = slices_of(c);
  return slice_assign(c[0], at, full_like(slice(c[0], at), c.attrs.number("value")));
}

// The part of x that an index of this shape reads or writes: index and values may be larger than one another in torch.
Array cut_to(Array x, const Shape& shape) {
  if (x.rank() != shape.rank())
    throw ShapeError("scatter", "index has shape " + shape.str() + ", the values have " + x.shape().str());
  for (int d = 0; d < shape.rank(); ++d) x = narrow(x, d, 0, shape[d]);
  return x;
}

Combine combine_of(const std::string& mode) {
  if (mode == "add") return Combine::Sum;
  if (mode == "mul") return Combine::Prod;
  if (mode == "min") return Combine::Min;
  if (mode == "max") return Combine::Max;
  if (mode == "mean") return Combine::Mean;
  throw Absent("the library's scatter has no \"" + mode + "\"");
}

Arrays scatter_row(const Call& c) {
  const std::string mode = c.attrs.text("reduce");
  const std::int64_t dim = c.attrs.integer("dim");
  const Array values = cut_to(c[2], c[1].shape());
  if (mode == "assign") return scatter(c[0], dim, c[1], values, Update::Assign);
  return scatter_reduce(c[0], dim, c[1], values, combine_of(mode));
}

Arrays scatter_nd_row(const Call& c) {
  const std::string mode = c.attrs.text("reduce");
  const Update update = mode == "assign" ? Update::Assign
                        : mode == "add"  ? Update::Add
                        : mode == "mul"  ? Update::Mul
                        : mode == "min"  ? Update::Min
                        : mode == "max"  ? Update::Max
                                         : throw Absent("the library's scatter_nd has no \"" + mode + "\"");
  return scatter_nd(c[0], c[1], c[2], update);
}

Arrays where_row(const Call& c) {
  const auto [a, b] = promoted(c[1], c[2]);
  return where(cast(c[0], DType::Bool), a, b);
}

Arrays one_hot_row(const Call& c) {
  std::optional<std::int64_t> classes;
  if (c.attrs.integer("num_classes", -1) >= 0) classes = c.attrs.integer("num_classes");
  return functional::one_hot(c[0], classes);
}

Arrays quantize_affine_row(const Call& c) {
  const functional::Affine q{.scale = c.attrs.real("scale"),
                             .zero_point = c.attrs.integer("zero_point"),
                             .low = c.attrs.integer("qmin"),
                             .high = c.attrs.integer("qmax")};
  return {functional::quantize_affine(c[0], q), functional::fake_quantize(c[0], q)};
}

constexpr Row kRows[] = {
    {"slice", [](const Call& c) -> Arrays { return slice(c[0], slices_of(c)); }},
    {"slice_assign", slice_assign_row},
    {"slice_fill", slice_fill},
    {"gather", [](const Call& c) -> Arrays { return gather(c[0], c.attrs.integer("dim"), c[1]); }},
    {"scatter", scatter_row},
    {"gather_nd", [](const Call& c) -> Arrays { return gather_nd(c[0], c[1]); }},
    {"scatter_nd", scatter_nd_row},
    {"take", [](const Call& c) -> Arrays { return take(c[0], c[1]); }},
    {"index_select", [](const Call& c) -> Arrays { return select(c[0], c.attrs.integer("dim"), c[1]); }},
    {"index_add", [](const Call& c) -> Arrays { return index_add(c[0], c.attrs.integer("dim"), c[1], c[2]); }},
    {"index_copy", [](const Call& c) -> Arrays { return index_copy(c[0], c.attrs.integer("dim"), c[1], c[2]); }},
    {"index_fill",
     [](const Call& c) -> Arrays { return index_fill(c[0], c.attrs.integer("dim"), c[1], c.attrs.number("value")); }},
    {"where", where_row},
    {"masked_fill", [](const Call& c) -> Arrays { return where(c[1], c.attrs.number("value"), c[0]); }},
    {"masked_where", [](const Call& c) -> Arrays { return where(c[1], c[2], c[0]); }},
    {"one_hot", one_hot_row},
    {"quantize_affine_i8", quantize_affine_row},
};

}  // namespace

std::span<const Row> index_rows() { return kRows; }

}  // namespace fornax::conformance
