#include <algorithm>
#include <span>

#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/runs.hpp>

namespace fornax::cpu {

namespace {

/// a before b in ascending order; a NaN after every number.
template <class C> bool before(C a, C b) { return a < b || (b != b && a == a); }

/// An element and where it stands; equal elements are ordered by that.
template <class C> struct Place {
  C key;
  std::int64_t at;
};

template <class T> void with_any_type(DType dtype, T&& f) {
  if (dtype == DType::Bool) return f(bool{});
  with_numeric_type(dtype, f);
}

/// Steps of a dim in bytes, 0 for a tensor of rank 0.
std::int64_t step_of(const Strides& strides, int rank, int dim, std::size_t size) {
  return rank == 0 ? 0 : strides[static_cast<std::size_t>(dim)] * static_cast<std::int64_t>(size);
}

template <class C> void order(std::span<Place<C>> row, std::int64_t count, bool descending) {
  const auto sort = [&](auto comes_first) {
    const auto wanted = row.begin() + count;
    if (wanted != row.end()) std::nth_element(row.begin(), wanted, row.end(), comes_first);
    std::sort(row.begin(), wanted, comes_first);
  };
  // The place breaks ties, so the order is the stable one and the selection is unambiguous.
  if (descending)
    sort([](const Place<C>& a, const Place<C>& b) {
      return before(b.key, a.key) || (!before(a.key, b.key) && a.at < b.at);
    });
  else
    sort([](const Place<C>& a, const Place<C>& b) {
      return before(a.key, b.key) || (!before(b.key, a.key) && a.at < b.at);
    });
}

template <class T>
void arg_sort(const View& x, const Array& y, int dim, std::int64_t n, std::int64_t count, bool descending) {
  using C = compute_t<T>;
  const int rank = x.shape->rank();
  const std::int64_t x_step = step_of(*x.strides, rank, dim, sizeof(T));
  const std::int64_t y_step = step_of(dense(y).strides, rank, dim, sizeof(std::int64_t));
  static_assert(sizeof(Place<C>) == 2 * sizeof(std::int64_t));
  const Array buffer = cpu_empty("argsort", Shape{2 * n}, DType::I64);
  const std::span row(reinterpret_cast<Place<C>*>(dense(buffer).data), static_cast<std::size_t>(n));
  const Shape lanes = rank == 0 ? Shape{} : x.shape->with(dim, 1);
  for_each_run<2>(
      lanes, {x.data, dense(y).data}, {x.strides, &dense(y).strides}, {sizeof(T), sizeof(std::int64_t)},
      [&](const auto& at, const auto& step, std::int64_t many) {
        for (std::int64_t r = 0; r < many; ++r) {
          const std::byte* from = at[0] + r * step[0];
          for (std::int64_t i = 0; i < n; ++i)
            row[static_cast<std::size_t>(i)] = {static_cast<C>(*reinterpret_cast<const T*>(from + i * x_step)), i};
          order<C>(row, count, descending);
          std::byte* to = at[1] + r * step[1];
          for (std::int64_t i = 0; i < count; ++i)
            *reinterpret_cast<std::int64_t*>(to + i * y_step) = row[static_cast<std::size_t>(i)].at;
        }
      });
}

/// Number of elements of an ascending row that come before a value, or are not after it if `right`.
template <class T> std::int64_t place(const std::byte* row, std::int64_t step, std::int64_t n, T value, bool right) {
  using C = compute_t<T>;
  const C v = static_cast<C>(value);
  std::int64_t low = 0, high = n;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    const C there = static_cast<C>(*reinterpret_cast<const T*>(row + middle * step));
    if (right ? !before(v, there) : before(there, v))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

}  // namespace

Array execute(const op::ArgSort& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  const int rank = x.shape->rank(), dim = rank == 0 ? 0 : checked_dim(op.name(), op.dim, rank);
  const std::int64_t n = rank == 0 ? 1 : (*x.shape)[dim], count = op.count < 0 ? n : op.count;
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  if (y.numel() > 0) with_any_type(x.dtype, [&]<class T>(T) { arg_sort<T>(x, y, dim, n, count, op.descending); });
  return y;
}

Array execute(const op::SearchSorted& op, const Spec& spec, Operands inputs) {
  const View sorted(inputs[0].array()), values(inputs[1].array());
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const int rank = sorted.shape->rank();
  const std::int64_t n = (*sorted.shape)[rank - 1];
  // A row serves a whole row of values; the only row serves all of them.
  Strides rows{};
  for (int d = 0; rank > 1 && d + 1 < rank; ++d)
    rows[static_cast<std::size_t>(d)] = (*sorted.strides)[static_cast<std::size_t>(d)];
  with_numeric_type(values.dtype, [&]<class T>(T) {
    const std::int64_t along = step_of(*sorted.strides, rank, rank - 1, sizeof(T));
    for_each_run<3>(
        spec.shape, {sorted.data, values.data, dense(y).data}, {&rows, values.strides, &dense(y).strides},
        {sizeof(T), sizeof(T), sizeof(std::int64_t)}, [&](const auto& at, const auto& step, std::int64_t many) {
          for (std::int64_t i = 0; i < many; ++i)
            *reinterpret_cast<std::int64_t*>(at[2] + i * step[2]) =
                place<T>(at[0] + i * step[0], along, n, *reinterpret_cast<const T*>(at[1] + i * step[1]), op.right);
        });
  });
  return y;
}

}  // namespace fornax::cpu
