#pragma once
// Element types, and the host types that hold 16-bit floats.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fornax {

/// Type of the elements of an array; known at run time.
enum class DType : std::uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };

inline constexpr int kDTypeCount = 10;

/// Size of one element in bytes.
constexpr std::size_t size_of(DType t) {
  // log2 of {8, 4, 2, 2, 8, 4, 2, 1, 1, 1}, two bits each: a table would be built anew by every caller.
  return std::size_t{1} << ((0b00'00'00'01'10'11'01'01'10'11u >> (2 * static_cast<unsigned>(t))) & 3u);
}
constexpr bool is_float(DType t) { return t <= DType::BF16; }
constexpr bool is_int(DType t) { return t > DType::BF16 && t < DType::Bool; }

/// The narrowest Float dtype that holds the values of both.
constexpr DType wider(DType a, DType b) {
  if (a == b) return a;
  return a == DType::F64 || b == DType::F64 ? DType::F64 : DType::F32;
}

/// Short name: "f32", "i64", "bool".
std::string_view name(DType t);
/// The dtype called `text`; throws ValueError for any other name.
DType parse_dtype(std::string_view text);

/// IEEE 754 binary16. Arithmetic happens in float; conversion rounds to nearest, ties to even.
struct Half {
  std::uint16_t bits = 0;
  Half() = default;
  explicit Half(float value);
  explicit operator float() const;
};

/// The upper half of an IEEE 754 binary32. Arithmetic happens in float; conversion rounds to nearest, ties to even.
struct BFloat16 {
  std::uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);
  explicit operator float() const;
};

/// The dtype that stores the C++ type T.
template <class T> struct dtype_of;
template <> struct dtype_of<double> { static constexpr DType value = DType::F64; };
template <> struct dtype_of<float> { static constexpr DType value = DType::F32; };
template <> struct dtype_of<Half> { static constexpr DType value = DType::F16; };
template <> struct dtype_of<BFloat16> { static constexpr DType value = DType::BF16; };
template <> struct dtype_of<std::int64_t> { static constexpr DType value = DType::I64; };
template <> struct dtype_of<long long> { static constexpr DType value = DType::I64; };
template <> struct dtype_of<std::int32_t> { static constexpr DType value = DType::I32; };
template <> struct dtype_of<std::int16_t> { static constexpr DType value = DType::I16; };
template <> struct dtype_of<std::int8_t> { static constexpr DType value = DType::I8; };
template <> struct dtype_of<std::uint8_t> { static constexpr DType value = DType::U8; };
template <> struct dtype_of<bool> { static constexpr DType value = DType::Bool; };

template <class T> inline constexpr DType dtype_v = dtype_of<T>::value;

}  // namespace fornax
