// Reading and writing at positions: slices, indices, masks.

#include <fornax/ops/functions/indexing.hpp>
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
  const std::int64_t classes = c.attrs.integer("num_classes", -1);
  return one_hot(c[0], classes >= 0 ? classes : static_cast<std::int64_t>(reduce_all(ReduceFn::Max, c[0]).item()) + 1);
}

// A dim of n elements, padded on both sides, read by windows of `kernel` elements.
struct Windows {
  std::int64_t padding, padded, count, kernel;
  std::vector<std::int64_t> at;  // [kernel, count]
};

Windows windows_of(const Call& c, std::size_t dim, std::int64_t n) {
  Windows w{};
  const auto setting = [&](const char* name) {
    const std::vector<std::int64_t> all = c.attrs.integers(name);
    return all.at(all.size() == 1 ? 0 : dim);
  };
  const std::int64_t dilation = setting("dilation"), stride = setting("stride");
  w.kernel = setting("kernel");
  w.padding = setting("padding");
  w.padded = n + 2 * w.padding;
  const std::int64_t reach = dilation * (w.kernel - 1) + 1;
  if (stride <= 0 || dilation <= 0 || w.kernel <= 0 || w.padding < 0 || reach > w.padded)
    throw ValueError("unfold", "no window of " + std::to_string(w.kernel) + " fits a dim of size " + std::to_string(n));
  w.count = (w.padded - reach) / stride + 1;
  for (std::int64_t i = 0; i < w.kernel; ++i)
    for (std::int64_t o = 0; o < w.count; ++o) w.at.push_back(o * stride + i * dilation);
  return w;
}

SliceDims inner_part(const Shape& x, const Windows& h, const Windows& w) {
  SliceDims at{};
  for (int d = 0; d < 4; ++d) at.dims[static_cast<std::size_t>(d)] = {0, x[d], 1};
  at.dims[2].start = h.padding;
  at.dims[3].start = w.padding;
  return at;
}

constexpr std::int64_t kSwapMiddle[] = {0, 1, 2, 4, 3, 5};  // [.., kernel, count, kernel, count] and back

Arrays unfold2d(const Call& c) {
  const Shape& s = c[0].shape();
  if (s.rank() != 4) throw ShapeError("unfold2d", "needs rank 4, got " + s.str());
  const Windows h = windows_of(c, 0, s[2]), w = windows_of(c, 1, s[3]);
  const Array padded = slice_assign(zeros_like(c[0], Shape{s[0], s[1], h.padded, w.padded}), inner_part(s, h, w), c[0]);
  const Array read = read_at(c, read_at(c, padded, 2, h.at), 3, w.at);
  const Array parts = permute(reshape(read, Shape{s[0], s[1], h.kernel, h.count, w.kernel, w.count}), kSwapMiddle);
  return reshape(parts, Shape{s[0], s[1] * h.kernel * w.kernel, h.count * w.count});
}

Arrays fold2d(const Call& c) {
  const Shape& s = c[0].shape();
  const std::vector<std::int64_t> size = c.attrs.integers("output_size");
  if (s.rank() != 3 || size.size() != 2)
    throw ShapeError("fold2d", "needs rank 3 and two output sizes, got " + s.str());
  const Windows h = windows_of(c, 0, size[0]), w = windows_of(c, 1, size[1]);
  const std::int64_t n = s[0], channels = s[1] / (h.kernel * w.kernel);
  const Array parts = permute(reshape(c[0], Shape{n, channels, h.kernel, w.kernel, h.count, w.count}), kSwapMiddle);
  const Array flat_parts = reshape(parts, Shape{n, channels, h.kernel * h.count, w.kernel * w.count});
  const Array rows = select_assign(zeros_like(c[0], Shape{n, channels, h.kernel * h.count, w.padded}), 3,
                                   positions(c, w.at), flat_parts, Update::Add);
  const Array padded =
      select_assign(zeros_like(c[0], Shape{n, channels, h.padded, w.padded}), 2, positions(c, h.at), rows, Update::Add);
  return slice(padded, inner_part(Shape{n, channels, size[0], size[1]}, h, w));
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
    {"unfold2d", unfold2d},
    {"fold2d", fold2d},
};

}  // namespace

std::span<const Row> index_rows() { return kRows; }

}  // namespace fornax::conformance
