#pragma once
// Arithmetic on single elements that C++ leaves undefined or defines otherwise: wrapping integers, NaN, signs.

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <fornax/cpu/kernels/kernel.hpp>

namespace FORNAX_KERNELS {

template <class T> inline constexpr bool is_real = std::is_floating_point_v<T>;

// Integers wrap: arithmetic happens in 64 unsigned bits and is cut back to T.
template <class T> T add(T a, T b) {
  if constexpr (is_real<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
template <class T> T sub(T a, T b) {
  if constexpr (is_real<T>)
    return a - b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
template <class T> T mul(T a, T b) {
  if constexpr (is_real<T>)
    return a * b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

// Integer divisors are not zero (checked beforehand); the smallest integer over -1 wraps.
template <class T> T div(T a, T b) {
  if constexpr (is_real<T>) {
    return a / b;
  } else {
    if constexpr (std::is_signed_v<T>)
      if (b == T(-1)) return sub(T(0), a);
    return static_cast<T>(a / b);
  }
}
// The sign of the dividend.
template <class T> T fmod(T a, T b) {
  if constexpr (is_real<T>) {
    return std::fmod(a, b);
  } else {
    if constexpr (std::is_signed_v<T>)
      if (b == T(-1)) return 0;
    return static_cast<T>(a % b);
  }
}
// The sign of the divisor.
template <class T> T remainder(T a, T b) {
  const T r = fmod(a, b);
  return r != T(0) && ((r < T(0)) != (b < T(0))) ? add(r, b) : r;
}
template <class T> T floor_div(T a, T b) {
  if constexpr (is_real<T>) {
    if (b == T(0)) return a / b;
    // From the exact remainder: floor(a / b) is off by one where a / b rounds up to an integer.
    const T r = std::fmod(a, b);
    T q = (a - r) / b;
    if (r != T(0) && ((r < T(0)) != (b < T(0)))) q -= T(1);
    const T whole = std::floor(q);
    return q - whole > T(0.5) ? whole + T(1) : whole;
  } else {
    const T q = div(a, b);
    return fmod(a, b) != T(0) && ((a < T(0)) != (b < T(0))) ? static_cast<T>(q - T(1)) : q;
  }
}
template <class T> T trunc_div(T a, T b) {
  if constexpr (is_real<T>)
    return std::trunc(a / b);
  else
    return div(a, b);
}
template <class T> T power(T a, T b) {
  if constexpr (is_real<T>) {
    return std::pow(a, b);
  } else {
    if constexpr (std::is_signed_v<T>) {
      if (b < T(0)) return a == T(1) ? T(1) : a == T(-1) ? (b % 2 != 0 ? T(-1) : T(1)) : T(0);
    }
    T result = 1;
    for (auto e = static_cast<std::uint64_t>(b); e != 0; e >>= 1) {
      if (e & 1) result = mul(result, a);
      a = mul(a, a);
    }
    return result;
  }
}
template <class T> T maximum(T a, T b) {
  if constexpr (is_real<T>)
    return a > b || a != a ? a : b;
  else
    return a > b ? a : b;
}
template <class T> T minimum(T a, T b) {
  if constexpr (is_real<T>)
    return a < b || a != a ? a : b;
  else
    return a < b ? a : b;
}
template <class T> T shift_left(T a, T b) {
  constexpr int bits = std::numeric_limits<std::make_unsigned_t<T>>::digits;
  if (b < T(0) || static_cast<std::uint64_t>(b) >= bits) return 0;
  return static_cast<T>(static_cast<std::uint64_t>(a) << static_cast<unsigned>(b));
}
template <class T> T shift_right(T a, T b) {
  constexpr int bits = std::numeric_limits<std::make_unsigned_t<T>>::digits;
  if (b < T(0) || static_cast<std::uint64_t>(b) >= bits) return a < T(0) ? static_cast<T>(-1) : T(0);
  return static_cast<T>(a >> static_cast<unsigned>(b));
}

}  // namespace FORNAX_KERNELS
