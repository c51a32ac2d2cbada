#include <algorithm>
#include <cstdint>
#include <limits>

#include <fornax/cpu/kernels/arithmetic.hpp>
#include <fornax/cpu/kernels/kernel.hpp>
#include <fornax/ops/select.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

// Only the size of an element matters for a choice, except that 16-bit floats arrive as f32.
template <class T> void where_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* y = reinterpret_cast<T*>(out);
  const auto* c = reinterpret_cast<const std::uint8_t*>(in[0]);
  const auto* a = reinterpret_cast<const T*>(in[1]);
  const auto* b = reinterpret_cast<const T*>(in[2]);
  for (std::int64_t i = 0; i < n; ++i) {
    const T yes = a[i], no = b[i];  // loaded in any case: a conditional load would not vectorise
    y[i] = c[i] != 0 ? yes : no;
  }
}

template <class T> void clamp_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void* setting) {
  auto* y = reinterpret_cast<T*>(out);
  const auto* x = reinterpret_cast<const T*>(in[0]);
  const auto& op = *static_cast<const op::Clamp*>(setting);
  const T lowest =
      std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::min();
  const T highest =
      std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  const auto bound = [&](Scalar s) {
    if constexpr (is_real<T>)
      return static_cast<T>(s.as_double());
    else
      return static_cast<T>(std::clamp<std::int64_t>(s.as_int(), lowest, highest));  // -1 bounds no u8
  };
  const T low = op.has_low ? bound(op.low) : lowest;
  const T high = op.has_high ? bound(op.high) : highest;
  for (std::int64_t i = 0; i < n; ++i) {
    // NaN fails both comparisons and stays.
    const T value = x[i], raised = value < low ? low : value;
    y[i] = raised > high ? high : raised;
  }
}

}  // namespace

Kernel where_kernel(std::size_t bytes);
Kernel where_kernel(std::size_t bytes) {
  switch (bytes) {
    case 8: return where_loop<std::uint64_t>;
    case 4: return where_loop<std::uint32_t>;
    case 2: return where_loop<std::uint16_t>;
    default: return where_loop<std::uint8_t>;
  }
}

Kernel clamp_kernel(DType type);
Kernel clamp_kernel(DType type) {
  switch (type) {
    case DType::F64: return clamp_loop<double>;
    case DType::F32: return clamp_loop<float>;
    case DType::I64: return clamp_loop<std::int64_t>;
    case DType::I32: return clamp_loop<std::int32_t>;
    case DType::I16: return clamp_loop<std::int16_t>;
    case DType::I8: return clamp_loop<std::int8_t>;
    default: return clamp_loop<std::uint8_t>;
  }
}

}  // namespace fornax::cpu::FORNAX_ISA
