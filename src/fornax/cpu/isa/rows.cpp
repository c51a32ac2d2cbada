#include <fornax/cpu/isa/rows.hpp>

#include <cmath>

#include <fornax/cpu/isa/vec.hpp>
#include <fornax/cpu/kernels/fold.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

template <ReduceFn fn, class T> double fold(const void* x, std::int64_t n) {
  return static_cast<double>(fold_row<Fold<fn, T>>(static_cast<const T*>(x), n));
}

template <class T> void add_row(void* sums, const void* x, std::int64_t n) {
  auto* to = static_cast<T*>(sums);
  map_over<T>(
      n, to, [](auto sum, auto v) { return sum + v; }, to, static_cast<const T*>(x));
}

// The largest element is subtracted before exp(), which overflows f32 above 88.7: softmax is shift-invariant. A NaN, which
// it skips, makes the sum one.

/// Asks for the row behind this one, most likely the next, so that it comes from memory while this one is computed: a fifth
/// of the time of a cross entropy. Behind the last row of an array that does nothing.
template <class T> void expect_next(const T* x, std::int64_t n) {
  const auto next = reinterpret_cast<std::uintptr_t>(x + n);
  for (std::uintptr_t i = 0; i < static_cast<std::uintptr_t>(n) * sizeof(T); i += 64)
    __builtin_prefetch(reinterpret_cast<const void*>(next + i));
}

/// y = exp(x - top), and its sum; y may be x.
template <class T> double exp_row(const T* x, T top, T* y, std::int64_t n) {
  expect_next(x, n);
  return map_and_sum_over<T>(
      n, y, [top](auto v) { return exp(v - top); }, x);
}

/// The sum alone.
template <class T> double sum_of_exp(const T* x, T top, std::int64_t n) {
  expect_next(x, n);
  return sum_over<T>(
      n, [top](auto v) { return exp(v - top); }, x);
}

template <class T> void scale_row(T* y, T factor, std::int64_t n) {
  map_over<T>(
      n, y, [factor](auto v) { return v * factor; }, y);
}

template <class T>
void keep_larger(const void* from, void* so_far, std::int32_t* __restrict at, std::int32_t place, std::int64_t n) {
  const auto* x = static_cast<const T*>(from);
  auto* __restrict best = static_cast<T*>(so_far);
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = x[i], before = best[i];
    const bool larger = (value > before) | (value != value);
    best[i] = larger ? value : before;
    at[i] = larger ? place : at[i];
  }
}

template <class T> void softmax(const void* from, void* to, std::int64_t n, bool log) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  const T top = largest_of(x, n);
  if (log) {
    const T log_total = static_cast<T>(math::log(sum_of_exp(x, top, n)));
    map_over<T>(
        n, y, [=](auto v) { return v - top - log_total; }, x);
  } else {
    scale_row(y, static_cast<T>(1 / exp_row(x, top, y, n)), n);
  }
}

template <class T> double cross_entropy(const void* from, std::int64_t n, std::int64_t at) {
  const auto* x = static_cast<const T*>(from);
  const T top = largest_of(x, n);
  return static_cast<double>(top - x[at]) + math::log(sum_of_exp(x, top, n));
}

template <class T> void cross_entropy_grad(const void* from, void* to, std::int64_t n, std::int64_t at, double g) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  scale_row(y, static_cast<T>(g / exp_row(x, largest_of(x, n), y, n)), n);
  y[at] -= static_cast<T>(g);
}

template <class T>
constexpr RowKernels kRows{
    fold<ReduceFn::Sum, T>, fold<ReduceFn::Max, T>, fold<ReduceFn::Min, T>, add_row<T>, keep_larger<T>, softmax<T>,
    cross_entropy<T>,       cross_entropy_grad<T>,
};

}  // namespace

const RowKernels& row_kernels(DType type);
const RowKernels& row_kernels(DType type) { return type == DType::F64 ? kRows<double> : kRows<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
