#pragma once

#include <concepts>
#include <cstdint>
#include <string>

namespace fornax {

/// A C++ number beside a tensor. It is weak: it takes the tensor's dtype.
struct Scalar {
  enum class Kind : std::uint8_t { Float, Int, Bool };

  Kind kind = Kind::Float;
  union {
    double real;
    std::int64_t integer;
  };

  constexpr Scalar() : real(0) {}
  template <std::floating_point T>
  constexpr Scalar(T v) : kind(Kind::Float), real(static_cast<double>(v)) {}  // NOLINT: implicit by design
  template <std::integral T>
  constexpr Scalar(T v)  // NOLINT: implicit by design
      : kind(std::same_as<T, bool> ? Kind::Bool : Kind::Int), integer(static_cast<std::int64_t>(v)) {}

  constexpr double as_double() const { return kind == Kind::Float ? real : static_cast<double>(integer); }
  /// The value as an integer; a Float scalar is truncated.
  constexpr std::int64_t as_int() const { return kind == Kind::Float ? static_cast<std::int64_t>(real) : integer; }
  std::string str() const;
};

}  // namespace fornax
