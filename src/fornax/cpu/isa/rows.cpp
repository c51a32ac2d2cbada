// Functions of whole rows of adjacent elements.

#include <cmath>

#include <fornax/cpu/isa/math.hpp>
#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/kernels/fold.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

template <ReduceFn fn, class T> double fold(const void* x, std::int64_t n) {
  return static_cast<double>(fold_row<Fold<fn, T>>(static_cast<const T*>(x), n));
}

template <class T> void softmax(const void* from, void* to, std::int64_t n, bool log) {
  using Sum = Fold<ReduceFn::Sum, T>;
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  // Subtract the row maximum first: exp() overflows f32 above 88.7, and softmax is shift-invariant.
  const T top = fold_row<Fold<ReduceFn::Max, T>>(x, n);
  T terms[Sum::block];  // the logarithm's are not written to y, which may be x
  double total = 0;
  for (std::int64_t start = 0; start < n; start += Sum::block) {
    const std::int64_t part = n - start < Sum::block ? n - start : Sum::block;
    T* at = log ? terms : y + start;
    for (std::int64_t i = 0; i < part; ++i) at[i] = math::exp(x[start + i] - top);
    total += static_cast<double>(fold_block<Sum>(at, part));
  }
  if (log) {
    const T log_total = static_cast<T>(math::log(total));
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - top - log_total;
  } else {
    const T scale = static_cast<T>(1 / total);
    for (std::int64_t i = 0; i < n; ++i) y[i] *= scale;
  }
}

template <class T>
constexpr RowKernels kRows{
    fold<ReduceFn::Sum, T>,
    fold<ReduceFn::Max, T>,
    fold<ReduceFn::Min, T>,
    softmax<T>,
};

}  // namespace

const RowKernels& row_kernels(DType type);
const RowKernels& row_kernels(DType type) { return type == DType::F64 ? kRows<double> : kRows<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
