#include <fornax/tensor/build.hpp>

#include <algorithm>
#include <ostream>

#include <fornax/array/error.hpp>
#include <fornax/ops/functions/indexing.hpp>
#include <fornax/ops/functions/statistics.hpp>
#include <fornax/ops/matrix.hpp>
#include <fornax/tensor/operators.hpp>

namespace fornax::detail {

namespace {

// A new array, made known to whoever watches the tensor's backend.
inline Array entered(Array a, const TypeInfo& type) {
  if (type.backend->watches(a.numel())) return type.backend->enter(std::move(a));
  return a;
}

}  // namespace

Array checked(Array a, const TypeInfo& type) {
  if (!a.defined()) throw ValueError("Tensor", "the array is empty");
  if (a.rank() != type.rank)
    throw ShapeError("Tensor",
                     "the array has shape " + a.shape().str() + ", the tensor's rank is " + std::to_string(type.rank));
  require_kind("Tensor", a.dtype(), type);
  if (!type.backend->covers(a.interpreter()))
    throw DeviceError("Tensor",
                      "the array lives on " + a.interpreter()->name() + ", the tensor on " + type.backend->name());
  return entered(std::move(a), type);
}

namespace {

[[gnu::noinline, gnu::cold, noreturn]] void throw_kind(std::string_view operation, DType dtype, const TypeInfo& type) {
  throw DTypeError(operation, std::string("the elements are ")
                                  .append(name(dtype))
                                  .append(", the tensor's kind is ")
                                  .append(type.kind)
                                  .append("; convert them first"));
}

[[gnu::noinline, gnu::cold, noreturn]] void throw_device(std::string_view operation, Device device) {
  throw DeviceError(
      operation, "there is no device of index " + std::to_string(device.index) + "; the only one is the CPU, index 0");
}

}  // namespace

void require_kind(std::string_view operation, DType dtype, const TypeInfo& type) {
  if (((type.dtypes >> static_cast<int>(dtype)) & 1) == 0) [[unlikely]]
    throw_kind(operation, dtype, type);
}

namespace {

void require_rank(std::string_view operation, const Shape& shape, const TypeInfo& type) {
  if (shape.rank() != type.rank)
    throw ShapeError(operation,
                     "the data have shape " + shape.str() + ", the tensor's rank is " + std::to_string(type.rank));
}

void require_device(std::string_view operation, Device device) {
  if (device != Device::cpu()) [[unlikely]]
    throw_device(operation, device);
}

}  // namespace

Array from_data(const TensorData& data, Device device, const TypeInfo& type) {
  require_device("from_data", device);
  require_rank("from_data", data.shape(), type);
  require_kind("from_data", data.dtype(), type);
  return entered(backend_of(*type.backend).upload(data.dtype(), data.shape(), data.bytes(), device), type);
}

Array from_data(const TensorData& data, Device device, DType dtype, const TypeInfo& type) {
  require_kind("from_data", dtype, type);
  return from_data(data.dtype() == dtype ? data : data.convert(dtype), device, type);
}

namespace {

[[gnu::noinline]] Array from_other_type(const void* values, std::size_t n, DType from, Device device, DType dtype,
                                        Backend& backend) {
  TensorData data(Shape{n}, dtype);
  convert_elements(static_cast<const std::byte*>(values), from, data.bytes().data(), dtype,
                   static_cast<std::int64_t>(n));
  return backend.upload(dtype, data.shape(), data.bytes(), device);
}

}  // namespace

Array from_values(const void* values, std::size_t n, DType from, Device device, DType dtype, const TypeInfo& type) {
  require_device("from_data", device);
  require_kind("from_data", dtype, type);
  Backend& backend = backend_of(*type.backend);
  if (from != dtype) [[unlikely]]
    return entered(from_other_type(values, n, from, device, dtype, backend), type);
  // The most frequent shape exists once: to make it takes as long as all the rest.
  static constexpr Shape kNumber = Shape::vector(1);
  const auto upload = [&](const Shape& shape) {
    return backend.upload(dtype, shape, {static_cast<const std::byte*>(values), n * size_of(from)}, device);
  };
  return entered(n == 1 ? upload(kNumber) : upload(Shape::vector(static_cast<std::int64_t>(n))), type);
}

Array full(const Shape& shape, Scalar value, Device device, DType dtype, const TypeInfo& type) {
  require_device("full", device);
  require_rank("full", shape, type);
  require_kind("full", dtype, type);
  return fornax::full(*type.backend, shape, dtype, device, value);
}

Array arange(Scalar start, Scalar end, Scalar step, Device device, DType dtype, const TypeInfo& type) {
  require_device("arange", device);
  require_kind("arange", dtype, type);
  return fornax::arange(*type.backend, start, end, step, dtype, device);
}

Array random(const Shape& shape, const Distribution& distribution, Generator* generator, Device device, DType dtype,
             const TypeInfo& type) {
  require_device("random", device);
  require_rank("random", shape, type);
  require_kind("random", dtype, type);
  const Draw draw = generator ? generator->draw(shape.numel()) : draw_default(device, shape.numel());
  return fornax::random(*type.backend, {shape, dtype, device}, distribution, draw);
}

Array random_permutation(std::int64_t n, Generator* generator, Device device, const TypeInfo& type) {
  require_device("random_permutation", device);
  if (n < 0) throw ValueError("random_permutation", "the number of elements is " + std::to_string(n));
  const Draw draw = generator ? generator->draw(n) : draw_default(device, n);
  const Array keys = fornax::random(*type.backend, {Shape{n}, DType::F64, device}, Distribution::standard(), draw);
  const TensorData data = keys.to_data();
  const auto key = data.values<double>();
  TensorData order(Shape{n}, DType::I64);
  const auto positions = order.values<std::int64_t>();
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<std::int64_t>(i);
  std::stable_sort(positions.begin(), positions.end(), [&](std::int64_t a, std::int64_t b) {
    return key[static_cast<std::size_t>(a)] < key[static_cast<std::size_t>(b)];
  });
  return entered(backend_of(*type.backend).upload(DType::I64, order.shape(), order.bytes(), device), type);
}

Array eye(std::int64_t n, Device device, DType dtype, const TypeInfo& type) {
  require_device("eye", device);
  require_kind("eye", dtype, type);
  const Array row = fornax::arange(*type.backend, 0, Shape{n}.numel(), 1, DType::I64, device);
  return cast(equal(row, fornax::reshape(row, Shape{n, 1})), dtype);
}

Array to_device(const Array& a, Device device) {
  require_device("to_device", device);
  return a;
}

Array reshape(Operand x, std::span<const std::int64_t> dims) {
  std::array<std::int64_t, kMaxRank> sizes{};
  int inferred = -1;
  std::int64_t known = 1;
  const std::size_t rank = std::min(dims.size(), sizes.size());
  for (std::size_t d = 0; d < rank; ++d) {
    sizes[d] = dims[d];
    if (dims[d] != -1) {
      if (__builtin_mul_overflow(known, dims[d], &known)) known = 0;  // Shape refuses it below
      continue;
    }
    if (inferred >= 0) throw ShapeError("reshape", "two dims are -1; only one can be inferred");
    inferred = static_cast<int>(d);
  }
  if (inferred >= 0) {
    if (known <= 0 || x->numel() % known != 0)
      throw ShapeError("reshape", x->shape().str() + " has " + std::to_string(x->numel()) +
                                      " elements, which the given dims do not divide");
    sizes[static_cast<std::size_t>(inferred)] = x->numel() / known;
  }
  return fornax::reshape(x, Shape(std::span<const std::int64_t>(sizes.data(), rank)));
}

Array squeeze(Operand x, int rank) {
  std::array<std::int64_t, kMaxRank> sizes{};
  std::size_t n = 0;
  for (const std::int64_t size : x->shape().dims())
    if (size != 1) sizes[n++] = size;
  // A result of one element may keep the dims that the rank asks for.
  while (n < static_cast<std::size_t>(rank) && x->numel() == 1) sizes[n++] = 1;
  if (n != static_cast<std::size_t>(rank))
    throw ShapeError("squeeze", x->shape().str() + " has " + std::to_string(n) +
                                    " dims of a size other than 1, the result's rank is " + std::to_string(rank));
  return fornax::reshape(x, Shape(std::span<const std::int64_t>(sizes.data(), n)));
}

Array squeeze_dim(Operand x, std::int64_t dim) {
  const int d = checked_dim("squeeze_dim", dim, x->rank());
  if (x->shape()[d] != 1)
    throw ShapeError("squeeze_dim", "dim " + std::to_string(d) + " of " + x->shape().str() + " does not have size 1");
  return fornax::reshape(x, x->shape().without(d));
}

Array unsqueeze_dim(Operand x, std::int64_t dim) {
  return fornax::reshape(x, x->shape().inserted(checked_dim("unsqueeze_dim", dim, x->rank() + 1), 1));
}

Array unsqueeze(Operand x, int rank) {
  Shape shape = x->shape();
  while (shape.rank() < rank) shape = shape.inserted(0, 1);
  return fornax::reshape(x, shape);
}

Array flatten(Operand x, std::int64_t first, std::int64_t last, int rank) {
  const Shape shape = x->rank() == 0 ? Shape{1} : x->shape();
  const int a = checked_dim("flatten", first, shape.rank()), b = checked_dim("flatten", last, shape.rank());
  if (a > b)
    throw IndexError("flatten", "first dim " + std::to_string(a) + " comes after last dim " + std::to_string(b));
  if (shape.rank() - (b - a) != rank)
    throw ShapeError("flatten", "dims " + std::to_string(a) + " to " + std::to_string(b) + " of " + shape.str() +
                                    " leave rank " + std::to_string(shape.rank() - (b - a)) +
                                    ", the result's rank is " + std::to_string(rank));
  std::int64_t merged = 1;
  for (int d = a; d <= b; ++d) merged *= shape[d];
  Shape flat = shape.with(a, merged);
  for (int d = b; d > a; --d) flat = flat.without(d);
  return fornax::reshape(x, flat);
}

Array move_dim(Operand x, std::int64_t from, std::int64_t to) {
  const int rank = x->rank(), a = checked_dim("movedim", from, rank), b = checked_dim("movedim", to, rank);
  std::vector<std::int64_t> dims;
  for (int d = 0; d < rank; ++d)
    if (d != a) dims.push_back(d);
  dims.insert(dims.begin() + b, a);
  return permute(x, dims);
}

Array expand(Operand x, std::span<const std::int64_t> dims) {
  std::array<std::int64_t, kMaxRank> sizes{};
  const auto lead = static_cast<std::int64_t>(dims.size()) - x->rank();
  for (std::size_t d = 0; d < std::min(dims.size(), sizes.size()); ++d) {
    const std::int64_t source = static_cast<std::int64_t>(d) - lead;
    sizes[d] = dims[d] == -1 && source >= 0 ? x->shape()[static_cast<int>(source)] : dims[d];
  }
  return broadcast_to(x, Shape(std::span<const std::int64_t>(sizes.data(), std::min(dims.size(), sizes.size()))));
}

Array repeat_dim(Operand x, std::int64_t dim, std::int64_t times) {
  const int d = checked_dim("repeat_dim", dim, x->rank());
  if (times < 0) throw ValueError("repeat_dim", "the number of repeats is " + std::to_string(times));
  const Shape from = x->shape();
  if (from.rank() < kMaxRank) {
    const Array spread = broadcast_to(fornax::reshape(x, from.inserted(d, 1)), from.inserted(d, times));
    return fornax::reshape(spread, from.with(d, from[d] * times));
  }
  const std::vector<Operand> copies(static_cast<std::size_t>(times), Operand(x.array()));
  return copies.empty() ? narrow(x, d, 0, 0) : cat(copies, d);
}

Array repeat(Operand x, std::span<const std::int64_t> times) {
  Array y = x.array();
  for (std::size_t d = 0; d < times.size(); ++d)
    if (times[d] != 1) y = repeat_dim(y, static_cast<std::int64_t>(d), times[d]);
  return y;
}

Array reduce_dims(ReduceFn fn, Operand x, std::span<const std::int64_t> dims) {
  DimSet set;
  const std::string_view operation = op::Reduce{fn, {}}.name();
  for (const std::int64_t dim : dims) {
    const int d = checked_dim(operation, dim, x->rank());
    if (set.has(d)) throw IndexError(operation, "dim " + std::to_string(d) + " appears twice");
    set.add(d);
  }
  return reduce(fn, x, set);
}

Array triangle(Operand x, std::int64_t diagonal, bool upper) { return fornax::triangle(x, diagonal, upper); }

Array variance(Operand x, std::int64_t dim, int correction) {
  const int d = checked_dim("var", dim, x->rank());
  return fornax::variance(x.array(), DimSet::of(d), correction);
}

Array squeeze_dims(const Array& x, std::span<const std::int64_t> dims) {
  DimSet gone;
  for (const std::int64_t dim : dims) {
    const int d = checked_dim("squeeze_dims", dim, x.rank());
    if (gone.has(d)) throw IndexError("squeeze_dims", "dim " + std::to_string(d) + " appears twice");
    if (x.shape()[d] != 1)
      throw ShapeError("squeeze_dims", "dim " + std::to_string(d) + " of " + x.shape().str() + " has not size 1");
    gone.add(d);
  }
  Shape shape;
  for (int d = 0; d < x.rank(); ++d)
    if (!gone.has(d)) shape = shape.inserted(shape.rank(), x.shape()[d]);
  return fornax::reshape(x, shape);
}

Array unsqueeze_dims(const Array& x, std::span<const std::int64_t> dims) {
  const int rank = x.rank() + static_cast<int>(dims.size());
  if (rank > kMaxRank)
    throw ShapeError("unsqueeze_dims", "the result would have rank " + std::to_string(rank) + "; at most " +
                                           std::to_string(kMaxRank) + " is possible");
  DimSet added;
  for (const std::int64_t dim : dims) {
    const int d = checked_dim("unsqueeze_dims", dim, rank);
    if (added.has(d)) throw IndexError("unsqueeze_dims", "dim " + std::to_string(d) + " appears twice");
    added.add(d);
  }
  Shape shape;
  for (int d = 0, from = 0; d < rank; ++d) shape = shape.inserted(d, added.has(d) ? 1 : x.shape()[from++]);
  return fornax::reshape(x, shape);
}

std::vector<Array> split_with_sizes(const Array& x, std::span<const std::int64_t> sizes, std::int64_t dim) {
  const int d = checked_dim("split_with_sizes", dim, x.rank());
  std::int64_t start = 0;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > x.shape()[d] - start)
      throw ShapeError("split_with_sizes", "a part of size " + std::to_string(size) + " from " + std::to_string(start) +
                                               " on does not fit dim " + std::to_string(d) + " of " + x.shape().str());
    start += size;
  }
  if (start != x.shape()[d])
    throw ShapeError("split_with_sizes", "the sizes add up to " + std::to_string(start) + "; dim " + std::to_string(d) +
                                             " of " + x.shape().str() + " has another size");
  std::vector<Array> parts;
  start = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(narrow(x, d, start, size));
    start += size;
  }
  return parts;
}

Array diagonal_mask(ScalarFn covered, const Shape& shape, std::int64_t offset, Device device, const TypeInfo& type) {
  require_device("diagonal_mask", device);
  require_rank("diagonal_mask", shape, type);
  const int rank = shape.rank();
  const std::int64_t rows = shape[rank - 2], columns = shape[rank - 1];
  const Array row = fornax::arange(*type.backend, 0, rows, 1, DType::I64, device);
  const Array column = fornax::arange(*type.backend, 0, columns, 1, DType::I64, device);
  const Array distance = column - fornax::reshape(row, Shape{rows, 1});
  return broadcast_to(logical_not(with_scalar(covered, distance, offset)), shape);
}

Array one_hot_fill(const Array& index, std::int64_t classes, Scalar on, Scalar off, std::int64_t axis) {
  const Array hot = cast(fornax::one_hot(index, classes), DType::Bool);
  const Array like = zeros_like(cast(index, DType::I64), hot.shape());
  const Array filled = fornax::where(hot, full_like(like, on), full_like(like, off));
  return move_dim(filled, -1, checked_dim("one_hot_fill", axis, hot.rank()));
}

Array roll(Operand x, std::int64_t shift, std::int64_t dim) {
  const int d = checked_dim("roll", dim, x->rank());
  const std::int64_t n = x->shape()[d];
  if (n == 0) return x.array();
  const std::int64_t s = ((shift % n) + n) % n;
  if (s == 0) return x.array();
  return cat({narrow(x.array(), d, n - s, s), narrow(x.array(), d, 0, n - s)}, d);
}

std::vector<Array> split(const Array& x, std::int64_t size, std::int64_t dim) {
  const int d = checked_dim("split", dim, x.rank());
  if (size <= 0) throw ValueError("split", "the size of a part is " + std::to_string(size));
  std::vector<Array> parts;
  const std::int64_t n = x.shape()[d];
  for (std::int64_t start = 0; start < n; start += size)
    parts.push_back(narrow(x, d, start, std::min(size, n - start)));
  if (parts.empty()) parts.push_back(x);
  return parts;
}

void element(const Array& a, DType as, void* out) {
  if (!a.defined()) throw ValueError("into_scalar", "the tensor is empty: it was moved from, or never given a value");
  if (a.numel() != 1)
    throw ShapeError("into_scalar", "needs exactly one element, the tensor has shape " + a.shape().str());
  const Array& value = on_backend(a);
  if (value.dtype() == as)
    return static_cast<Backend*>(value.interpreter())->download(value, {static_cast<std::byte*>(out), size_of(as)});
  alignas(8) std::byte bytes[8];
  static_cast<Backend*>(value.interpreter())->download(value, {bytes, size_of(value.dtype())});
  convert_elements(bytes, value.dtype(), static_cast<std::byte*>(out), as, 1);
}

std::string text(const Array& a, const PrintOptions& options) {
  if (!a.defined()) return "Tensor (empty)";
  std::string head = "Tensor " + a.shape().str() + " " + std::string(name(a.dtype())) + "\n";
  return head + a.to_data().str(options);
}

void throw_empty() { throw ValueError("Tensor", "the tensor is empty: it was moved from, or never given a value"); }

void print(std::ostream& out, const Array& a) { out << text(a, {}); }

}  // namespace fornax::detail
