#pragma once
// From a dtype known at run time to the C++ type of its elements.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <fornax/array/dtype.hpp>

namespace fornax::cpu {

/// Calls f(T{}) with the C++ type T that stores a Float dtype: `with_float_type(dtype, [&]<class T>(T) { ... })`.
template <class F> void with_float_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::F64: return f(double{});
    case DType::F32: return f(float{});
    case DType::F16: return f(Half{});
    case DType::BF16: return f(BFloat16{});
    default: assert(!"a bug in fornax: the shape rule lets only Float through");
  }
}

/// The same for an Int dtype.
template <class F> void with_int_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::I64: return f(std::int64_t{});
    case DType::I32: return f(std::int32_t{});
    case DType::I16: return f(std::int16_t{});
    case DType::I8: return f(std::int8_t{});
    case DType::U8: return f(std::uint8_t{});
    default: assert(!"a bug in fornax: the shape rule lets only Int through");
  }
}

/// The same for a Float or Int dtype.
template <class F> void with_numeric_type(DType dtype, F&& f) {
  if (is_float(dtype)) return with_float_type(dtype, f);
  with_int_type(dtype, f);
}

/// Calls f(W{}) with the unsigned type W of `size` bytes: all that moving elements needs to know of their dtype.
template <class F> void with_word(std::size_t size, F&& f) {
  switch (size) {
    case 8: return f(std::uint64_t{});
    case 4: return f(std::uint32_t{});
    case 2: return f(std::uint16_t{});
    default: return f(std::uint8_t{});
  }
}

/// The type that elements of type T are computed in: float for 16-bit floats, else T.
template <class T>
using compute_t = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;

}  // namespace fornax::cpu
