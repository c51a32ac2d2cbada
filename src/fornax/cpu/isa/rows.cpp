#include <fornax/cpu/isa/rows.hpp>

#include <cmath>

#include <fornax/cpu/isa/math.hpp>
#include <fornax/cpu/kernels/fold.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

template <ReduceFn fn, class T> double fold(const void* x, std::int64_t n) {
  return static_cast<double>(fold_row<Fold<fn, T>>(static_cast<const T*>(x), n));
}

/// What is subtracted before exp(), which overflows f32 above 88.7: softmax is shift-invariant.
template <class T> T largest(const T* x, std::int64_t n) { return fold_row<Fold<ReduceFn::Max, T>>(x, n); }

/// y = exp(x - top), and its sum; y may be x.
template <class T> double exp_row(const T* x, T top, T* y, std::int64_t n) {
  using Sum = Fold<ReduceFn::Sum, T>;
  double total = 0;
  for (std::int64_t start = 0; start < n; start += Sum::block) {
    const std::int64_t part = n - start < Sum::block ? n - start : Sum::block;
    for (std::int64_t i = start; i < start + part; ++i) y[i] = math::exp(x[i] - top);
    total += static_cast<double>(fold_block<Sum>(y + start, part));
  }
  return total;
}

/// The sum alone.
template <class T> double sum_of_exp(const T* x, T top, std::int64_t n) {
  using Sum = Fold<ReduceFn::Sum, T>;
  T terms[Sum::block];
  double total = 0;
  for (std::int64_t start = 0; start < n; start += Sum::block)
    total += exp_row(x + start, top, terms, n - start < Sum::block ? n - start : Sum::block);
  return total;
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
  const T top = largest(x, n);
  if (log) {
    const T log_total = static_cast<T>(math::log(sum_of_exp(x, top, n)));
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - top - log_total;
  } else {
    const T scale = static_cast<T>(1 / exp_row(x, top, y, n));
    for (std::int64_t i = 0; i < n; ++i) y[i] *= scale;
  }
}

template <class T> double cross_entropy(const void* from, std::int64_t n, std::int64_t at) {
  const auto* x = static_cast<const T*>(from);
  const T top = largest(x, n);
  return static_cast<double>(top - x[at]) + math::log(sum_of_exp(x, top, n));
}

template <class T> void cross_entropy_grad(const void* from, void* to, std::int64_t n, std::int64_t at, double g) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  const T scale = static_cast<T>(g / exp_row(x, largest(x, n), y, n));
  for (std::int64_t i = 0; i < n; ++i) y[i] *= scale;
  y[at] -= static_cast<T>(g);
}

template <class T>
constexpr RowKernels kRows{
    fold<ReduceFn::Sum, T>, fold<ReduceFn::Max, T>, fold<ReduceFn::Min, T>, keep_larger<T>, softmax<T>,
    cross_entropy<T>,       cross_entropy_grad<T>,
};

}  // namespace

const RowKernels& row_kernels(DType type);
const RowKernels& row_kernels(DType type) { return type == DType::F64 ? kRows<double> : kRows<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
