#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include <fornax/array/convert.hpp>
#include <fornax/cpu/kernels/arithmetic.hpp>
#include <fornax/cpu/kernels/channels_last.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/indices.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/runs.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

// "3" in a rank-1 index, "[1, 0]" in any other.
std::string position_of(const Shape& shape, std::int64_t i) {
  if (shape.rank() == 1) return std::to_string(i);
  std::string text;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    text.insert(0, std::to_string(i % shape[d]) + (d + 1 < shape.rank() ? ", " : ""));
    i /= shape[d];
  }
  return "[" + text + "]";
}

const std::int64_t* elements(const Array& index) { return reinterpret_cast<const std::int64_t*>(dense(index).data); }

void require_in_range(std::string_view operation, const Array& x, int dim, const Array& index) {
  const std::int64_t size = x.shape()[dim];
  const std::int64_t* const all = elements(index);
  std::atomic<bool> fits = true;
  parallel_for(index.numel(), kLeastElements, [&](std::int64_t begin, std::int64_t end) {
    bool outside = false;
    for (std::int64_t i = begin; i < end; ++i) outside |= all[i] < 0 || all[i] >= size;
    if (outside) fits.store(false, std::memory_order_relaxed);
  });
  if (fits) return;
  const Array rows = cpu_contiguous(index);
  const auto *first = elements(rows), *last = first + rows.numel();
  const auto* bad = std::find_if(first, last, [&](std::int64_t i) { return i < 0 || i >= size; });
  throw IndexError(operation, "index " + std::to_string(*bad) + " at position " +
                                  position_of(index.shape(), bad - first) + " is out of range for dim " +
                                  std::to_string(dim) + " of size " + std::to_string(size));
}

/// The same in any order of the dims, if i64 without gaps came so.
Array dense_indices(std::string_view operation, const Array& x, int dim, const Array& index) {
  if (index.dtype() != DType::I64 || !is_dense(index)) return checked_indices(operation, x, dim, index);
  require_in_range(operation, x, dim, index);
  return index;
}

}  // namespace

Array checked_indices(std::string_view operation, const Array& x, int dim, const Array& index) {
  Array wide = cpu_contiguous(index);
  if (wide.dtype() != DType::I64) {
    const Array narrow = wide;
    wide = cpu_empty(operation, index.shape(), DType::I64);
    convert_elements(dense(narrow).data, narrow.dtype(), dense(wide).data, DType::I64, wide.numel());
  }
  require_in_range(operation, x, dim, wide);
  return wide;
}

namespace {

/// One side of a transfer at indexed positions.
struct Side {
  std::byte* data;
  Strides strides;

  explicit Side(const Array& a) : data(dense(a).data), strides(dense(a).strides) {}
  /// An index of rank 1 along `dim` of a higher rank, repeated along all other dims.
  static Side along(int dim, const Array& index) {
    Side s(index);
    s.strides = {};
    s.strides[static_cast<std::size_t>(dim)] = 1;
    return s;
  }
};

/// Calls f(at, other) for each position of `shape` in row-major order: `at` is the element of x whose place along `dim`
/// the index gives, `other` the element of the other array.
template <class F>
void for_each_indexed(const Shape& shape, int dim, const Side& index, Side x, const Side& other, std::size_t size,
                      F&& f) {
  const std::int64_t along = x.strides[static_cast<std::size_t>(dim)] * static_cast<std::int64_t>(size);
  x.strides[static_cast<std::size_t>(dim)] = 0;
  for_each_run<3>(shape, {index.data, x.data, other.data}, {&index.strides, &x.strides, &other.strides},
                  {sizeof(std::int64_t), size, size}, [&](const auto& at, const auto& step, std::int64_t n) {
                    for (std::int64_t i = 0; i < n; ++i) {
                      const std::int64_t place = *reinterpret_cast<const std::int64_t*>(at[0] + i * step[0]);
                      f(at[1] + i * step[1] + place * along, at[2] + i * step[2]);
                    }
                  });
}

/// What is written to an array before places in it are updated: nothing, or one element everywhere.
struct Start {
  const Array* y = nullptr;
  const Array* element = nullptr;

  /// To the range of dim d from begin to end; to all of y if d is negative.
  void write(int d, std::int64_t begin, std::int64_t end) const {
    if (!y) return;
    const Strides& strides = dense(*y).strides;
    const Shape shape = d < 0 ? y->shape() : y->shape().with(d, end - begin);
    const std::int64_t at = d < 0 ? 0 : begin * strides[static_cast<std::size_t>(d)];
    copy(view(*element, shape, Strides{}, 0), dense(*y).data + at * static_cast<std::int64_t>(size_of(y->dtype())),
         strides);
  }
};

/// for_each_indexed on several threads, in the order in which `other` lies in memory: what is met at one place differs
/// along `dim` alone, and stays on one thread and in its order.
template <class F>
void share_indexed(Shape shape, int dim, Side index, Side x, const Array& other, std::size_t size, const Start& start,
                   const F& f) {
  Side beside(other);
  const DimOrder order = memory_order(other);
  std::int64_t extents[kMaxRank] = {};
  const auto turned = [&](const Strides& strides) {
    Strides s{};
    for (std::size_t d = 0; d < static_cast<std::size_t>(shape.rank()); ++d)
      s[d] = strides[static_cast<std::size_t>(order[d])];
    return s;
  };
  for (Side* side : {&index, &x, &beside}) side->strides = turned(side->strides);
  int along = 0, shared = -1;
  for (int d = 0; d < shape.rank(); ++d) {
    const int from = order[static_cast<std::size_t>(d)];
    extents[d] = shape[from];
    if (from == dim)
      along = d;
    else if (shared < 0 && extents[d] > 1)
      shared = d;
  }
  const std::int64_t all = shape.numel();
  shape = Shape(std::span<const std::int64_t>(extents, static_cast<std::size_t>(shape.rank())));
  if (shared < 0 || all <= kLeastElements) {
    start.write(-1, 0, 0);
    return for_each_indexed(shape, along, index, x, beside, size, f);
  }
  const auto i = static_cast<std::size_t>(shared);
  const std::int64_t each = std::max<std::int64_t>(1, kLeastElements / 4 * shape[shared] / all);
  parallel_for(shape[shared], each, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t begin = first; begin < last; begin += each) {
      const std::int64_t end = std::min(begin + each, last);
      const auto part = [&](const Side& side, std::size_t bytes) {
        Side p = side;
        p.data += begin * side.strides[i] * static_cast<std::int64_t>(bytes);
        return p;
      };
      start.write(order[i], begin, end);
      for_each_indexed(shape.with(shared, end - begin), along, part(index, sizeof(std::int64_t)), part(x, size),
                       part(beside, size), size, f);
    }
  });
}

/// Reads, assigns or adds single elements.
void read_elements(const Shape& shape, int dim, const Side& index, const Array& x, const Array& y) {
  with_word(size_of(x.dtype()), [&]<class W>(W) {
    share_indexed(shape, dim, index, Side(x), y, sizeof(W), {}, [](std::byte* from, std::byte* to) {
      *reinterpret_cast<W*>(to) = *reinterpret_cast<const W*>(from);
    });
  });
}

void assign_elements(const Shape& shape, int dim, const Side& index, const Array& y, const Array& value,
                     const Start& start = {}) {
  with_word(size_of(y.dtype()), [&]<class W>(W) {
    share_indexed(shape, dim, index, Side(y), value, sizeof(W), start, [](std::byte* to, std::byte* from) {
      *reinterpret_cast<W*>(to) = *reinterpret_cast<const W*>(from);
    });
  });
}

/// Calls f(combine) with the function of two numbers that an update other than Assign is.
template <class C, class F> void with_update(Update update, F&& f) {
  switch (update) {
    case Update::Mul: return f([](C a, C b) { return mul(a, b); });
    case Update::Min: return f([](C a, C b) { return minimum(a, b); });
    case Update::Max: return f([](C a, C b) { return maximum(a, b); });
    default: return f([](C a, C b) { return add(a, b); });
  }
}

/// Updates single elements.
void update_elements(Update update, const Shape& shape, int dim, const Side& index, const Array& y, const Array& value,
                     const Start& start = {}) {
  with_numeric_type(y.dtype(), [&]<class T>(T) {
    using C = compute_t<T>;
    with_update<C>(update, [&](auto combine) {
      share_indexed(shape, dim, index, Side(y), value, sizeof(T), start, [&](std::byte* to, std::byte* from) {
        T& there = *reinterpret_cast<T*>(to);
        there = static_cast<T>(combine(static_cast<C>(there), static_cast<C>(*reinterpret_cast<const T*>(from))));
      });
    });
  });
}

BinaryFn function_of(Update update) {
  switch (update) {
    case Update::Mul: return BinaryFn::Mul;
    case Update::Min: return BinaryFn::Minimum;
    case Update::Max: return BinaryFn::Maximum;
    default: return BinaryFn::Add;
  }
}

/// Updates `row` adjacent elements at each position, one position after the other. Threads share out the elements of a row:
/// each then meets the positions in the same order, however often one returns.
void update_rows(Update update, const Shape& shape, int dim, const Side& index, const Array& y, const Array& value,
                 std::int64_t row) {
  const DType type = compute_type(y.dtype());
  const auto size = static_cast<std::int64_t>(size_of(y.dtype()));
  const Kernel kernel = kernel_of(function_of(update), type);
  constexpr std::int64_t line = 64;  // elements, at least, for a thread
  const std::int64_t grain = std::max(line, kLeastElements / std::max<std::int64_t>(1, shape.numel()));
  parallel_for(row, grain, [&](std::int64_t begin, std::int64_t end) {
    double buffer[2][line];
    for_each_indexed(shape, dim, index, Side(y), Side(value), size_of(y.dtype()), [&](std::byte* to, std::byte* from) {
      if (type == y.dtype()) {
        std::byte* const at = to + begin * size;
        const std::byte* const x[] = {at, from + begin * size};
        kernel(at, x, end - begin, nullptr);
        return;
      }
      for (std::int64_t i = begin; i < end; i += line) {
        const std::int64_t n = std::min(line, end - i);
        auto *const a = reinterpret_cast<std::byte*>(buffer[0]), *const b = reinterpret_cast<std::byte*>(buffer[1]);
        convert(to + i * size, y.dtype(), a, type, n);
        convert(from + i * size, y.dtype(), b, type, n);
        const std::byte* const x[] = {a, b};
        kernel(a, x, n, nullptr);
        convert(a, type, to + i * size, y.dtype(), n);
      }
    });
  });
}

/// A copy of the first input that may be written to, or its own buffer if that was given away.
Array updatable(std::string_view operation, const Spec& spec, Operands inputs) {
  const std::byte* before = dense(inputs[0].array()).data;
  Array y = cpu_result(operation, spec, inputs.first(1));
  if (dense(y).data != before) copy(inputs[0].array(), dense(y).data, dense(y).strides);
  return y;
}

/// Number of elements that follow `dim` if they are adjacent in memory, else 1.
std::int64_t row_length(const Array& a, int dim) {
  std::int64_t length = 1;
  for (int d = a.rank() - 1; d > dim; --d) {
    if (a.shape()[d] != 1 && dense(a).strides[static_cast<std::size_t>(d)] != length) return 1;
    length *= a.shape()[d];
  }
  return length;
}

/// The dims up to `dim`: what remains to be walked when whole rows move.
Shape rows_of(const Shape& shape, int dim) { return Shape(shape.dims().first(static_cast<std::size_t>(dim) + 1)); }

}  // namespace

Array execute(const op::Gather& op, const Spec& spec, Operands inputs) {
  const Array& x = inputs[0].array();
  const int dim = checked_dim(op.name(), op.dim, x.rank());
  const Array index = dense_indices(op.name(), x, dim, inputs[1].array());
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype, strides_as_in(index, spec.shape));
  read_elements(spec.shape, dim, Side(index), x, y);
  return y;
}

Array execute(const op::Scatter& op, const Spec& spec, Operands inputs) {
  const Array& value = inputs[2].array();
  const int dim = checked_dim(op.name(), op.dim, spec.shape.rank());
  const Array index = dense_indices(op.name(), inputs[0].array(), dim, inputs[1].array());
  const Array& before = inputs[0].array();
  bool all_met = repeats_one_element(before);  // but for places that no index names
  for (int d = 0; d < before.rank(); ++d) all_met = all_met && (d == dim || value.shape()[d] == before.shape()[d]);
  // Zeros that something is added to: they lie as that does, and are written just before it.
  const Array y = all_met ? cpu_empty(op.name(), spec.shape, spec.dtype, strides_as_in(index, spec.shape))
                          : updatable(op.name(), spec, inputs);
  const Start start = all_met ? Start{&y, &before} : Start{};
  if (op.update == Update::Assign)
    assign_elements(value.shape(), dim, Side(index), y, value, start);
  else
    update_elements(op.update, value.shape(), dim, Side(index), y, value, start);
  return y;
}

Array execute(const op::Select& op, const Spec& spec, Operands inputs) {
  const Array& x = inputs[0].array();
  const int dim = checked_dim(op.name(), op.dim, x.rank());
  const Array index = checked_indices(op.name(), x, dim, inputs[1].array());
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Side at = Side::along(dim, index);
  const std::int64_t row = row_length(x, dim);
  if (row <= 1) {
    read_elements(spec.shape, dim, at, x, y);
    return y;
  }
  const std::size_t size = size_of(spec.dtype), bytes = size * static_cast<std::size_t>(row);
  for_each_indexed(rows_of(spec.shape, dim), dim, at, Side(x), Side(y), size,
                   [&](std::byte* from, std::byte* to) { std::memcpy(to, from, bytes); });
  return y;
}

Array execute(const op::SelectAssign& op, const Spec& spec, Operands inputs) {
  const Array& value = inputs[2].array();
  const int dim = checked_dim(op.name(), op.dim, spec.shape.rank());
  const Array index = checked_indices(op.name(), inputs[0].array(), dim, inputs[1].array());
  Array y = updatable(op.name(), spec, inputs);
  const Side at = Side::along(dim, index);
  const std::int64_t row = row_length(value, dim);
  const Shape rows = row <= 1 ? value.shape() : rows_of(value.shape(), dim);
  if (op.update != Update::Assign && row > 1) {
    update_rows(op.update, rows, dim, at, y, value, row);
  } else if (op.update != Update::Assign) {
    update_elements(op.update, rows, dim, at, y, value);
  } else if (row <= 1) {
    assign_elements(rows, dim, at, y, value);
  } else {
    const std::size_t size = size_of(spec.dtype), bytes = size * static_cast<std::size_t>(row);
    for_each_indexed(rows, dim, at, Side(y), Side(value), size,
                     [&](std::byte* to, std::byte* from) { std::memcpy(to, from, bytes); });
  }
  return y;
}

}  // namespace fornax::cpu
