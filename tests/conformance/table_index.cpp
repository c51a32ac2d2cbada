// Reading and writing at positions: slices, indices, masks.

#include <fornax/functional/embedding.hpp>
#include <fornax/functional/quantize.hpp>
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

Arrays scatter_row(const Call& c) {
  const std::string mode = c.attrs.text("reduce");
  const std::int64_t dim = c.attrs.integer("dim");
  if (mode != "assign" && mode != "add" && mode != "mean")
    throw Absent("the library's scatter has no \"" + mode + "\"");
  const Array &x = c[0], &index = c[1], values = cut_to(c[2], c[1].shape());
  const Array sum = scatter(x, dim, index, values, mode == "assign" ? Update::Assign : Update::Add);
  if (mode != "mean") return sum;
  const Array one = full_like(x, 1.0);
  return sum / scatter(one, dim, index, full_like(values, 1.0), Update::Add);
}

// Row-major positions in x of index tuples [..., k]. Each coordinate is looked up among the offsets of its dim, so that
// one out of range is refused even where the sum would fall inside x; negative ones count from the end.
Array flat_positions(const Call& c, const Array& x, const Array& index) {
  if (index.rank() == 0) throw ShapeError("gather_nd", "the index has rank 0");
  const std::int64_t k = index.shape()[index.rank() - 1];
  if (k > x.rank()) throw ShapeError("gather_nd", "index tuples of " + std::to_string(k) + " for " + x.shape().str());
  Array sum = zeros_like(index, Shape{index.shape().without(index.rank() - 1).numel()});
  std::int64_t stride = 1;
  for (int d = static_cast<int>(k) - 1; d >= 0; --d) {
    const std::int64_t n = x.shape()[d];
    const Array coordinate = flat(part(index, -1, d));
    const Array counted = where(with_scalar(ScalarFn::Less, coordinate, 0), coordinate + n, coordinate);
    sum = sum + select(counting(c, n, DType::I64) * stride, 0, counted);
    stride *= n;
  }
  return sum;
}

// x with its first k dims as one.
Array rows_of(const Array& x, std::int64_t k) { return k == 0 ? unsqueeze(x, 0) : flat(x, 0, k - 1); }

Shape with_tail(const Shape& head, const Shape& x, std::int64_t from) {
  Shape shape = head;
  for (int d = static_cast<int>(from); d < x.rank(); ++d) shape = shape.inserted(shape.rank(), x[d]);
  return shape;
}

struct Tuples {
  std::int64_t k;
  Array at;     // [number of tuples]
  Shape shape;  // of what they read
};

Tuples tuples_of(const Call& c) {
  const Array at = flat_positions(c, c[0], c[1]);
  const std::int64_t k = c[1].shape()[c[1].rank() - 1];
  return {k, at, with_tail(c[1].shape().without(c[1].rank() - 1), c[0].shape(), k)};
}

Arrays gather_nd(const Call& c) {
  const Tuples t = tuples_of(c);
  return reshape(select(rows_of(c[0], t.k), 0, t.at), t.shape);
}

Arrays scatter_nd(const Call& c) {
  const std::string mode = c.attrs.text("reduce");
  const Tuples t = tuples_of(c);
  Array values = broadcast_to(c[2], t.shape);
  if (mode == "mul" || mode == "max" || mode == "min") {
    const Array base = gather_nd(c)[0];
    values = binary(mode == "mul"   ? BinaryFn::Mul
                    : mode == "max" ? BinaryFn::Maximum
                                    : BinaryFn::Minimum,
                    base, values);
  } else if (mode != "assign" && mode != "add") {
    throw Absent("the library's scatter has no \"" + mode + "\"");
  }
  const Array rows = rows_of(c[0], t.k);
  const Array written = select_assign(rows, 0, t.at, reshape(values, rows.shape().with(0, t.at.numel())),
                                      mode == "add" ? Update::Add : Update::Assign);
  return reshape(written, c[0].shape());
}

Arrays take(const Call& c) {
  const Array index = flat(c[1]);
  const Array counted = where(with_scalar(ScalarFn::Less, index, 0), index + c[0].numel(), index);
  return reshape(select(flat(c[0]), 0, counted), c[1].shape());
}

Arrays index_add(const Call& c) { return select_assign(c[0], c.attrs.integer("dim"), c[1], c[2], Update::Add); }
Arrays index_copy(const Call& c) { return select_assign(c[0], c.attrs.integer("dim"), c[1], c[2], Update::Assign); }

Arrays index_fill(const Call& c) {
  const std::int64_t dim = c.attrs.integer("dim");
  const Array filler = full_like(select(c[0], dim, c[1]), c.attrs.number("value"));
  return select_assign(c[0], dim, c[1], filler, Update::Assign);
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
    {"gather_nd", gather_nd},
    {"scatter_nd", scatter_nd},
    {"take", take},
    {"index_select", [](const Call& c) -> Arrays { return select(c[0], c.attrs.integer("dim"), c[1]); }},
    {"index_add", index_add},
    {"index_copy", index_copy},
    {"index_fill", index_fill},
    {"where", where_row},
    {"masked_fill", [](const Call& c) -> Arrays { return where(c[1], c.attrs.number("value"), c[0]); }},
    {"masked_where", [](const Call& c) -> Arrays { return where(c[1], c[2], c[0]); }},
    {"one_hot", one_hot_row},
    {"quantize_affine_i8", quantize_affine_row},
};

}  // namespace

std::span<const Row> index_rows() { return kRows; }

}  // namespace fornax::conformance
