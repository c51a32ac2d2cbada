#include <fornax/ops/functions/indexing.hpp>

#include <algorithm>
#include <vector>

#include <fornax/array/interpreter.hpp>
#include <fornax/array/tensor_data.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

// Positions of a dim of size n as I64, negative ones counted from its end.
Array counted(std::string_view operation, const Array& index, std::int64_t n) {
  require_int(operation, index);
  const Array wide = cast(index, DType::I64);
  // One that is out of range stays as it is, to be reported so.
  const Array from_end =
      logical_and(with_scalar(ScalarFn::Less, wide, 0), with_scalar(ScalarFn::GreaterEqual, wide, -n));
  return where(from_end, wide + n, wide);
}

// The slices of x at positions of a dim, one that is out of range being reported in the name of the function that was
// called, and of the dim that its caller knows.
Array select_for(std::string_view operation, const Array& x, int dim, const Array& index, int known_dim) {
  try {
    return select(x, dim, index);
  } catch (const IndexError& e) {
    std::string detail = std::string(e.what()).substr(e.operation().size() + 2);
    const std::string own = "for dim " + std::to_string(dim) + " ";
    const std::size_t at = detail.find(own);
    if (at != std::string::npos) detail.replace(at, own.size(), "for dim " + std::to_string(known_dim) + " ");
    throw IndexError(operation, detail);
  }
}

// Tuples of k positions, and what they name: rows of x with its first k dims as one.
struct Tuples {
  Array rows, at;  // [product of the first k sizes, ...], [number of tuples]
  Shape shape;     // of what they read
};

Tuples tuples_of(std::string_view operation, const Array& x, const Array& index) {
  require_defined(operation, x);
  require_defined(operation, index);
  require_int(operation, index);
  if (index.rank() == 0) throw ShapeError(operation, "the index has rank 0; its last dim holds the tuples");
  const int last = index.rank() - 1;
  const std::int64_t k = index.shape()[last];
  if (k > x.rank())
    throw ShapeError(operation,
                     "tuples of " + std::to_string(k) + " positions for a tensor of shape " + x.shape().str());
  Tuples t;
  t.shape = index.shape().without(last);
  const Shape flat{t.shape.numel()};
  // Each coordinate is looked up among the offsets of its dim, so that one out of range is refused even where the sum
  // would fall inside x.
  t.at = zeros_like(cast(index, DType::I64), flat);
  std::int64_t stride = 1;
  for (int d = static_cast<int>(k) - 1; d >= 0; --d) {
    const std::int64_t n = x.shape()[d];
    const Array coordinate = counted(operation, reshape(narrow(index, last, d, 1), flat), n);
    t.at = t.at + select_for(operation, counting(x, n) * stride, 0, coordinate, d);
    stride *= n;
  }
  Shape rows{stride};
  for (int d = static_cast<int>(k); d < x.rank(); ++d) {
    rows = rows.inserted(rows.rank(), x.shape()[d]);
    t.shape = t.shape.inserted(t.shape.rank(), x.shape()[d]);
  }
  t.rows = reshape(x, rows);
  return t;
}

// Row-major positions in a shape, dim by dim.
Arrays coordinates_of(Array at, const Shape& shape) {
  Arrays coordinates;
  coordinates.resize(static_cast<std::size_t>(shape.rank()));
  for (int d = shape.rank() - 1; d >= 0; --d) {
    const std::int64_t n = std::max<std::int64_t>(shape[d], 1);
    coordinates[static_cast<std::size_t>(d)] = with_scalar(ScalarFn::Remainder, at, n);
    at = at / Scalar(n);
  }
  return coordinates;
}

Update update_of(Combine combine) {
  switch (combine) {
    case Combine::Prod: return Update::Mul;
    case Combine::Min: return Update::Min;
    case Combine::Max: return Update::Max;
    default: return Update::Add;
  }
}

}  // namespace

Array nonzero_positions(const Array& x) {
  require_defined("nonzero", x);
  const TensorData truth = cast(x, DType::Bool).to_data();
  const std::span<const bool> values = truth.values<bool>();
  std::vector<std::int64_t> at;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i]) at.push_back(static_cast<std::int64_t>(i));
  return host_values(x, at, Shape{at.size()});
}

Arrays nonzero(const Array& x) {
  const Array at = nonzero_positions(x);  // first: it refuses an empty handle, which has no shape
  return coordinates_of(at, x.shape());
}

Array argwhere(const Array& x) {
  const Array at = nonzero_positions(x);
  if (x.rank() == 0) return zeros_like(at, Shape{at.numel(), 0});
  std::vector<Array> columns;
  for (const Array& c : coordinates_of(at, x.shape())) columns.push_back(reshape(c, Shape{c.numel(), 1}));
  return cat(lent(columns), 1);
}

Array masked_select(const Array& x, const Array& mask) {
  require_defined("masked_select", x);
  require_defined("masked_select", mask);
  require_bool("masked_select", mask);
  const Shape shape = broadcast_shape("masked_select", x.shape(), mask.shape());
  return select(reshape(broadcast_to(x, shape), Shape{shape.numel()}), 0, nonzero_positions(broadcast_to(mask, shape)));
}

Array take(const Array& x, const Array& index) {
  require_defined("take", x);
  return take(reshape(x, Shape{x.numel()}), 0, index);
}

Array take(const Array& x, std::int64_t dim, const Array& index) {
  require_defined("take", x);
  require_defined("take", index);
  if (x.rank() == 0) throw ShapeError("take", "a tensor of rank 0 has no dim to index; unsqueeze() adds one");
  const int d = checked_dim("take", dim, x.rank());
  const Array at = counted("take", reshape(index, Shape{index.numel()}), x.shape()[d]);
  Shape shape = x.shape().without(d);
  for (int i = 0; i < index.rank(); ++i) shape = shape.inserted(d + i, index.shape()[i]);
  return reshape(select_for("take", x, d, at, d), shape);
}

Array one_hot(const Array& index, std::int64_t classes) {
  require_defined("one_hot", index);
  require_int("one_hot", index);
  if (classes <= 0) throw ValueError("one_hot", "the number of classes is " + std::to_string(classes));
  const Array wide = cast(reshape(index, index.shape().inserted(index.rank(), 1)), DType::I64);
  const Array outside = logical_or(with_scalar(ScalarFn::Less, wide, 0), greater_equal(wide, Scalar(classes)));
  if (reduce_all(ReduceFn::Any, outside).item() != 0)
    throw IndexError("one_hot", "a class is outside [0, " + std::to_string(classes) + ")");
  return cast(equal(wide, counting(index, classes)), DType::I64);
}

Array gather_nd(const Array& x, const Array& index) {
  const Tuples t = tuples_of("gather_nd", x, index);
  return reshape(select(t.rows, 0, t.at), t.shape);
}

Array scatter_nd(const Array& x, const Array& index, const Array& values, Update update) {
  const Tuples t = tuples_of("scatter_nd", x, index);
  require_defined("scatter_nd", values);
  if (!(broadcast_shape("scatter_nd", t.shape, values.shape()) == t.shape))
    throw ShapeError("scatter_nd", "the values have shape " + values.shape().str() + ", their places " + t.shape.str());
  const Array written = reshape(broadcast_to(values, t.shape), t.rows.shape().with(0, t.at.numel()));
  return reshape(select_assign(t.rows, 0, t.at, written, update), x.shape());
}

Array scatter_reduce(const Array& x, std::int64_t dim, const Array& index, const Array& values, Combine combine) {
  if (combine == Combine::Mean) require_float("scatter_reduce", x);
  const Array y = scatter(x, dim, index, values, update_of(combine));
  if (combine != Combine::Mean) return y;
  return y / scatter(full_like(x, 1.0), dim, index, full_like(values, 1.0), Update::Add);
}

Array index_reduce(const Array& x, std::int64_t dim, const Array& index, const Array& values, Combine combine) {
  if (combine == Combine::Mean) require_float("index_reduce", x);
  const Array y = select_assign(x, dim, index, values, update_of(combine));
  if (combine != Combine::Mean) return y;
  return y / select_assign(full_like(x, 1.0), dim, index, full_like(values, 1.0), Update::Add);
}

Array index_add(const Array& x, std::int64_t dim, const Array& index, const Array& values) {
  return select_assign(x, dim, index, values, Update::Add);
}
Array index_copy(const Array& x, std::int64_t dim, const Array& index, const Array& values) {
  return select_assign(x, dim, index, values, Update::Assign);
}
Array index_fill(const Array& x, std::int64_t dim, const Array& index, Scalar value) {
  require_defined("index_fill", x);
  require_defined("index_fill", index);
  if (x.rank() == 0) throw ShapeError("index_fill", "a tensor of rank 0 has no dim to index; unsqueeze() adds one");
  const int d = checked_dim("index_fill", dim, x.rank());
  const Array filler = full_like(zeros_like(x, Shape{}), value);
  return select_assign(x, d, index, broadcast_to(filler, x.shape().with(d, index.numel())), Update::Assign);
}

}  // namespace fornax
