#include <fornax/ops/functions.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <optional>

#include <fornax/array/allocate.hpp>
#include <fornax/array/autocast.hpp>
#include <fornax/array/convert.hpp>
#include <fornax/array/interpreter.hpp>
#include <fornax/array/tensor_data.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

// Among the inputs the deepest interpreter runs the operation; it must wrap the interpreters of all others.
[[gnu::noinline]] Interpreter& search_interpreter(const Op& op, Operands inputs) {
  Interpreter* top = nullptr;
  for (const Operand& x : inputs) {
    require_defined(name(op), x);
    if (!top || x->interpreter()->depth() > top->depth()) top = x->interpreter();
  }
  if (!top) throw ValueError(name(op), "needs at least one tensor");
  for (const Operand& x : inputs) {
    if (!top->covers(x->interpreter()))
      throw DeviceError(name(op),
                        "operands live on different backends: " + top->name() + " and " + x->interpreter()->name());
  }
  return *top;
}

// The one that is the other or wraps it; null if they are no neighbours.
inline Interpreter* outer_of(Interpreter* a, Interpreter* b) {
  if (a == b || a->inner() == b) return a;
  return b->inner() == a ? b : nullptr;
}

// The same; one or two inputs, of one interpreter or of neighbours, need no search.
inline Interpreter& top_interpreter(const Op& op, Operands inputs) {
  if (inputs.size() == 2 && inputs[0]->defined() && inputs[1]->defined()) {
    if (Interpreter* outer = outer_of(inputs[0]->interpreter(), inputs[1]->interpreter())) return *outer;
  } else if (inputs.size() == 1 && inputs[0]->defined()) {
    return *inputs[0]->interpreter();
  }
  return search_interpreter(op, inputs);
}

// What an Autocast makes of inputs for an operation; empty where one stays as it is.
Arrays casts_of(const Op& op, Operands inputs) {
  const Casting wanted = casting(op);
  std::optional<DType> widest;
  for (const Operand& x : inputs)
    if (x->defined() && is_float(x->dtype())) widest = widest ? wider(*widest, x->dtype()) : x->dtype();
  Arrays casts;
  casts.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Operand& x = inputs[i];
    if (wanted == Casting::AsGiven || !x->defined() || !is_float(x->dtype())) continue;
    const bool wide = x->dtype() == DType::F64;
    const DType to = wanted == Casting::Widest ? *widest
                     : wide                    ? DType::F64
                     : wanted == Casting::Full ? DType::F32
                                               : detail::autocast_dtype;
    if (to != x->dtype()) casts[i] = cast(x.array(), to);
  }
  return casts;
}

// Below, nothing is cast: what an operation consists of follows from its inputs.
Arrays run_cast(const Op& op, Operands inputs) {
  const Arrays casts = casts_of(op, inputs);
  const detail::SetAutocast off(DType::F32);
  SmallVector<Operand, 3> operands;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    operands.push_back(casts[i].defined() ? Operand(casts[i]) : inputs[i]);
  Arrays out = run_all(op, Operands(operands.data(), operands.size()));
  for (const Operand& x : inputs) x.finish();
  return out;
}

// A number as an array of one element, of the dtype and on the backend of `like`.
Array constant(const Array& like, Scalar value, const Shape& shape = {}) {
  if (is_int(like.dtype()) && value.kind == Scalar::Kind::Float) {
    if (value.real != std::floor(value.real))
      throw DTypeError("full",
                       "the number " + value.str() + " is a float, the tensor is " + std::string(name(like.dtype())));
    value = Scalar(static_cast<std::int64_t>(value.real));
  }
  if (like.dtype() == DType::F32) {
    const auto number = static_cast<float>(value.as_double());
    return backend_of(*like.interpreter())
        .upload(DType::F32, shape, std::as_bytes(std::span(&number, 1)), like.device());
  }
  std::byte element[8] = {};
  const double real = value.as_double();
  const std::int64_t integer = value.as_int();
  if (is_float(like.dtype())) {
    convert_elements(reinterpret_cast<const std::byte*>(&real), DType::F64, element, like.dtype(), 1);
  } else {
    convert_elements(reinterpret_cast<const std::byte*>(&integer), DType::I64, element, like.dtype(), 1);
  }
  return backend_of(*like.interpreter()).upload(like.dtype(), shape, {element, size_of(like.dtype())}, like.device());
}

SliceDims whole(const Shape& shape) {
  SliceDims at{};
  for (int d = 0; d < shape.rank(); ++d) at.dims[static_cast<std::size_t>(d)] = {0, shape[d], 1};
  return at;
}

}  // namespace

Array run(const Op& op, Operands inputs) try {
  if (detail::autocasts()) [[unlikely]]
    return std::move(run_cast(op, inputs)[0]);
  Array out = top_interpreter(op, inputs).apply_one(op, inputs);
  for (const Operand& x : inputs) x.finish();
  return out;
} catch (const std::bad_alloc&) {
  detail::throw_exhausted(0, name(op));
}

Arrays run_all(const Op& op, Operands inputs) try {
  if (detail::autocasts()) [[unlikely]]
    return run_cast(op, inputs);
  Arrays out = top_interpreter(op, inputs).apply(op, inputs);
  for (const Operand& x : inputs) x.finish();
  return out;
} catch (const std::bad_alloc&) {
  detail::throw_exhausted(0, name(op));
}

Array run(const Op& op, std::initializer_list<Operand> inputs) { return run(op, Operands(inputs)); }
Arrays run_all(const Op& op, std::initializer_list<Operand> inputs) { return run_all(op, Operands(inputs)); }

Array unary(UnaryFn fn, Operand x) { return run(op::Unary{fn}, {x}); }

namespace {

// Where binary's short way does not lead: it looks for the interpreter, expands, casts, and says what does not fit.
[[gnu::noinline]] Array binary_of_any(BinaryFn fn, const Operand& a, const Operand& b) {
  if (!a->defined() || !b->defined() || a->shape() == b->shape()) return run(op::Binary{fn}, {a, b});
  if (detail::autocasts() && is_float(a->dtype()) && is_float(b->dtype()) && a->dtype() != b->dtype()) [[unlikely]] {
    // Before they are expanded, while there is less to cast.
    const DType both = wider(a->dtype(), b->dtype());
    return binary(fn, cast(a, both), cast(b, both));
  }
  require_same_type(name(fn), a.array(), b.array());
  require_dtype(fn, a.array());
  const Shape shape = broadcast_shape(name(fn), a->shape(), b->shape());
  return run(op::Binary{fn}, {broadcast_to(a, shape), broadcast_to(b, shape)});
}

// A try block apart, so that g++ 12 constructs the result where the caller wants it.
template <class O, std::size_t N>
inline Array take_shortcut(Interpreter& on, const O& op, const Operand (&inputs)[N]) try {
  return on.shortcut(op, inputs);
} catch (const std::bad_alloc&) {
  detail::throw_exhausted(0, op.name());
}

}  // namespace

Array binary(BinaryFn fn, Operand a, Operand b) {
  const bool fits = a->defined() && b->defined() && a->shape() == b->shape() && !detail::autocasts();
  Interpreter* const outer = fits ? outer_of(a->interpreter(), b->interpreter()) : nullptr;
  const Operand inputs[] = {a, b};
  Array y = outer ? take_shortcut(*outer, op::Binary{fn}, inputs) : Array();
  if (y.defined()) {
    inputs[0].finish();
    inputs[1].finish();
  } else {
    y = binary_of_any(fn, inputs[0], inputs[1]);
  }
  return y;
}

Array with_scalar(ScalarFn fn, Operand x, Scalar s) {
  const op::WithScalar op{fn, s};
  const Operand inputs[] = {x};
  Array y = x->defined() && !detail::autocasts() ? take_shortcut(*x->interpreter(), op, inputs) : Array();
  if (y.defined()) {
    x.finish();
  } else {
    y = run(op, inputs);
  }
  return y;
}

Array operator-(Operand a, Scalar s) {
  if (s.kind == Scalar::Kind::Float) return a + Scalar(-s.real);
  // In unsigned arithmetic: the negative of the smallest integer wraps to itself, as the sum then does.
  return a + Scalar(static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(s.integer)));
}

Array where(Operand condition, Operand a, Operand b) {
  for (const Operand& x : {condition, a, b}) require_defined("where", x);
  require_bool("where", condition.array());
  require_same_type("where", a.array(), b.array());
  const Shape shape = broadcast_shape("where", broadcast_shape("where", a->shape(), b->shape()), condition->shape());
  return run(op::Where{}, {broadcast_to(condition, shape), broadcast_to(a, shape), broadcast_to(b, shape)});
}

Array where(Operand condition, Operand a, Scalar b) {
  require_defined("where", a);
  return where(condition, a, constant(a.array(), b));
}

Array where(Operand condition, Scalar a, Operand b) {
  require_defined("where", b);
  return where(condition, constant(b.array(), a), b);
}

Array clamp(Operand x, const Scalar* low, const Scalar* high) {
  return run(op::Clamp{low ? *low : Scalar(), high ? *high : Scalar(), low != nullptr, high != nullptr}, {x});
}

Array cast(Operand x, DType dtype) {
  require_defined("cast", x);
  return x->dtype() == dtype ? x.take() : run(op::Cast{dtype}, {x});
}

Array broadcast_to(Operand x, const Shape& shape) {
  require_defined("expand", x);
  return x->shape() == shape ? x.take() : run(op::Broadcast{shape}, {x});
}

Array reshape(Operand x, const Shape& shape) {
  require_defined("reshape", x);
  return x->shape() == shape ? x.take() : run(op::Reshape{shape}, {x});
}

Array permute(Operand x, std::span<const std::int64_t> dims) {
  require_defined("permute", x);
  if (dims.size() != static_cast<std::size_t>(x->rank()))
    throw ShapeError("permute", std::to_string(dims.size()) + " dims for a tensor of shape " + x->shape().str());
  op::Permute p{};
  for (std::size_t d = 0; d < dims.size(); ++d)
    p.dims[d] = static_cast<std::int8_t>(checked_dim("permute", dims[d], x->rank()));
  return run(p, {x});
}

Array swap_dims(Operand x, std::int64_t a, std::int64_t b) {
  require_defined("swap_dims", x);
  const int rank = x->rank();
  std::array<std::int64_t, kMaxRank> dims{};
  for (int d = 0; d < rank; ++d) dims[static_cast<std::size_t>(d)] = d;
  std::swap(dims[static_cast<std::size_t>(checked_dim("swap_dims", a, rank))],
            dims[static_cast<std::size_t>(checked_dim("swap_dims", b, rank))]);
  return permute(x, {dims.data(), static_cast<std::size_t>(rank)});
}

Array slice(Operand x, const SliceDims& at) { return run(op::Slice{Ref(new Box<SliceDims>(at))}, {x}); }

Array slice_assign(Operand x, const SliceDims& at, Operand values) {
  return run(op::SliceAssign{Ref(new Box<SliceDims>(at))}, {x, values});
}

Array narrow(Operand x, std::int64_t dim, std::int64_t start, std::int64_t size) {
  require_defined("narrow", x);
  const int d = checked_dim("narrow", dim, x->rank());
  const std::int64_t n = x->shape()[d];
  if (start < 0 || size < 0 || start > n || size > n - start)
    throw IndexError("narrow", "start " + std::to_string(start) + ", length " + std::to_string(size) + " of dim " +
                                   std::to_string(d) + ", which has size " + std::to_string(n));
  if (start == 0 && size == n) return x.take();
  SliceDims at = whole(x->shape());
  at.dims[static_cast<std::size_t>(d)] = {start, size, 1};
  return slice(x, at);
}

Array flip(Operand x, std::span<const std::int64_t> dims) {
  require_defined("flip", x);
  SliceDims at = whole(x->shape());
  for (const std::int64_t dim : dims) {
    const int d = checked_dim("flip", dim, x->rank());
    SliceDim& s = at.dims[static_cast<std::size_t>(d)];
    if (s.step < 0) throw IndexError("flip", "dim " + std::to_string(d) + " appears twice");
    s = {std::max<std::int64_t>(s.count - 1, 0), s.count, -1};
  }
  return slice(x, at);
}

Array cat(std::initializer_list<Operand> parts, std::int64_t dim) { return cat(Operands(parts), dim); }

Array cat(Operands parts, std::int64_t dim) {
  if (parts.empty()) throw ValueError("cat", "needs at least one tensor");
  require_defined("cat", parts[0]);
  const int rank = parts[0]->rank();
  return run(op::Cat{rank == 0 ? 0 : checked_dim("cat", dim, rank)}, parts);
}

Array sum_to(Operand g, const Shape& shape) {
  if (g->shape() == shape) return g.take();
  const int lead = g->rank() - shape.rank();
  DimSet dims;
  for (int d = 0; d < g->rank(); ++d)
    if (d < lead || (shape[d - lead] == 1 && g->shape()[d] != 1)) dims.add(d);
  return reshape(reduce(ReduceFn::Sum, g, dims), shape);
}

Array gather(Operand x, std::int64_t dim, Operand index) {
  require_defined("gather", x);
  return run(op::Gather{checked_dim("gather", dim, x->rank())}, {x, index});
}

Array scatter(Operand x, std::int64_t dim, Operand index, Operand values, Update update) {
  require_defined("scatter", x);
  return run(op::Scatter{checked_dim("scatter", dim, x->rank()), update}, {x, index, values});
}

Array select(Operand x, std::int64_t dim, Operand index) {
  require_defined("select", x);
  return run(op::Select{checked_dim("select", dim, x->rank())}, {x, index});
}

Array select_assign(Operand x, std::int64_t dim, Operand index, Operand values, Update update) {
  require_defined("select_assign", x);
  return run(op::SelectAssign{checked_dim("select_assign", dim, x->rank()), update}, {x, index, values});
}

Array reduce(ReduceFn fn, Operand x, DimSet dims) { return run(op::Reduce{fn, dims}, {x}); }

Array reduce(ReduceFn fn, Operand x, std::int64_t dim) {
  const op::Reduce op{fn, {}};
  require_defined(op.name(), x);
  return reduce(fn, x, DimSet::of(checked_dim(op.name(), dim, x->rank())));
}

Array reduce_all(ReduceFn fn, Operand x) {
  const op::Reduce op{fn, {}};
  require_defined(op.name(), x);
  return reshape(reduce(fn, x, DimSet::all(x->rank())), Shape{1});
}

Array arg_reduce(bool largest, Operand x, std::int64_t dim) {
  op::ArgReduce op{largest, 0};
  require_defined(op.name(), x);
  op.dim = x->rank() == 0 ? 0 : checked_dim(op.name(), dim, x->rank());
  return run(op, {x});
}

Array matmul(Operand a, Operand b, bool transpose_a, bool transpose_b) {
  const op::MatMul op{transpose_a, transpose_b};
  if (!a->defined() || !b->defined() || a->rank() < 2 || b->rank() < 2) return run(op, {a, b});
  const int ra = a->rank(), rb = b->rank();
  if (ra == 2 && rb == 2) return run(op, {a, b});
  const Shape batch_a(a->shape().dims().first(static_cast<std::size_t>(ra - 2)));
  const Shape batch_b(b->shape().dims().first(static_cast<std::size_t>(rb - 2)));
  if (batch_a == batch_b) return run(op, {a, b});
  const Shape batch = broadcast_shape("matmul", batch_a, batch_b);
  const auto whole_shape = [&](const Shape& s) {
    return batch.inserted(batch.rank(), s[s.rank() - 2]).inserted(batch.rank() + 1, s[s.rank() - 1]);
  };
  return run(op, {broadcast_to(a, whole_shape(a->shape())), broadcast_to(b, whole_shape(b->shape()))});
}

Array softmax(Operand x, std::int64_t dim) {
  require_defined("softmax", x);
  return run(op::Softmax{x->rank() ? checked_dim("softmax", dim, x->rank()) : 0, false}, {x});
}

Array log_softmax(Operand x, std::int64_t dim) {
  require_defined("log_softmax", x);
  return run(op::Softmax{x->rank() ? checked_dim("log_softmax", dim, x->rank()) : 0, true}, {x});
}

namespace {

// Runs an operation without inputs: on the backend, unless somebody on the way there watches, or gives each sample of a
// batch its own random numbers.
Array create(Interpreter& on, const Op& op, std::int64_t elements) {
  return on.watches(elements) ? on.apply_one(op, {}) : on.create(op);
}

}  // namespace

Array full(Interpreter& on, const Shape& shape, DType dtype, Device device, Scalar value) {
  if (shape.numel() == 1 && dtype == DType::F32 && !on.watches(1)) {
    const auto number = static_cast<float>(value.as_double());
    return backend_of(on).upload(dtype, shape, std::as_bytes(std::span(&number, 1)), device);
  }
  return create(on, op::Full{Ref(new Box<Spec>({shape, dtype, device})), value}, shape.numel());
}

Array arange(Interpreter& on, Scalar start, Scalar end, Scalar step, DType dtype, Device device) {
  if (step.as_double() == 0) throw ValueError("arange", "step is 0");
  std::int64_t count = 0;
  if (is_int(dtype) && start.kind != Scalar::Kind::Float && end.kind != Scalar::Kind::Float &&
      step.kind != Scalar::Kind::Float) {
    // In unsigned arithmetic: the distance between two 64-bit integers may need all 64 bits.
    const std::int64_t a = start.integer, b = end.integer, s = step.integer;
    const bool up = s > 0;
    if (up ? a < b : a > b) {
      const std::uint64_t distance = up ? static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a)
                                        : static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
      const std::uint64_t stride = up ? static_cast<std::uint64_t>(s) : 0 - static_cast<std::uint64_t>(s);
      const std::uint64_t n = (distance - 1) / stride + 1;
      count = static_cast<std::int64_t>(std::min<std::uint64_t>(n, std::numeric_limits<std::int64_t>::max()));
    }
  } else {
    if (is_int(dtype)) throw DTypeError("arange", "float bounds for dtype " + std::string(name(dtype)));
    const double n = std::ceil((end.as_double() - start.as_double()) / step.as_double());
    if (!(n < 0x1p62))
      throw ValueError("arange", "the range from " + start.str() + " to " + end.str() + " has no finite length");
    count = n > 0 ? static_cast<std::int64_t>(n) : 0;
  }
  return create(on, op::Arange{start, step, count, dtype, device}, count);
}

Array random(Interpreter& on, const Spec& spec, const Distribution& distribution, Draw draw) {
  const RandomSettings settings{spec, distribution, draw};
  return create(on, op::Random{Ref(new Box<RandomSettings>(settings))}, spec.shape.numel());
}

namespace {

template <class T> Array uploaded(const Array& x, std::span<const T> values, const Shape& shape, DType dtype) {
  TensorData data(values, shape);
  if (dtype != dtype_v<T>) data = data.convert(dtype);
  return backend_of(*x.interpreter()).upload(dtype, shape, data.bytes(), x.device());
}

}  // namespace

Array host_values(const Array& x, std::span<const std::int64_t> values, const Shape& shape, DType dtype) {
  return uploaded(x, values, shape, dtype);
}

Array host_values(const Array& x, std::span<const double> values, const Shape& shape, DType dtype) {
  return uploaded(x, values, shape, dtype);
}

Array counting(const Array& x, std::int64_t n, DType dtype) {
  if (is_float(dtype)) return arange(*x.interpreter(), 0.0, static_cast<double>(n), 1.0, dtype, x.device());
  return arange(*x.interpreter(), 0, n, 1, dtype, x.device());
}

Array zeros_like(const Array& x) { return zeros_like(x, x.shape()); }

Array zeros_like(const Array& x, const Shape& shape) {
  const Scalar zero = is_float(x.dtype()) ? Scalar(0.0) : Scalar(0);
  return shape.numel() == 1 ? constant(x, zero, shape) : broadcast_to(constant(x, zero), shape);
}

Array full_like(const Array& x, Scalar value) {
  return x.numel() == 1 ? constant(x, value, x.shape()) : broadcast_to(constant(x, value), x.shape());
}

}  // namespace fornax
