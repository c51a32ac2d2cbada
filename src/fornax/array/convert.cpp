#include <fornax/array/convert.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace fornax {

namespace {

// Calls f with a value of the host type that stores `type`; bool is stored as a byte.
template <class F> void with_type(DType type, F&& f) {
  switch (type) {
    case DType::F64: return f(double{});
    case DType::F32: return f(float{});
    case DType::F16: return f(Half{});
    case DType::BF16: return f(BFloat16{});
    case DType::I64: return f(std::int64_t{});
    case DType::I32: return f(std::int32_t{});
    case DType::I16: return f(std::int16_t{});
    case DType::I8: return f(std::int8_t{});
    case DType::U8: return f(std::uint8_t{});
    case DType::Bool: return f(bool{});
  }
}

template <class T> inline constexpr bool is_half = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

// A double on its way to 16 bits: of the two floats around it the one whose last bit is 1, which remembers that
// something was lost, so that the second rounding does what one alone would (Boldo and Melquiond, "Emulation of FMA and
// correctly rounded sums", 2008).
float rounded_to_odd(double v) {
  const auto nearest = static_cast<float>(v);
  const double back = nearest;
  const auto bits = std::bit_cast<std::uint32_t>(nearest);
  if (back == v || std::isnan(v) || (bits & 1u) != 0) return nearest;
  return std::bit_cast<float>(std::abs(back) < std::abs(v) ? bits + 1 : bits - 1);
}

template <class To, class From> To convert(From v) {
  if constexpr (is_half<From>) {
    return convert<To>(static_cast<float>(v));
  } else if constexpr (is_half<To>) {
    if constexpr (std::is_same_v<From, float>)
      return To(v);
    else
      return To(rounded_to_odd(static_cast<double>(v)));
  } else if constexpr (std::is_same_v<To, bool>) {
    return v != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // 2^digits is exact in every float type, so the comparison is too.
    const From limit = std::ldexp(From(1), std::numeric_limits<To>::digits);
    if (std::isnan(v)) return 0;
    if (v >= limit) return std::numeric_limits<To>::max();
    const From t = std::trunc(v);
    if (t <= (std::is_signed_v<To> ? -limit : From(0))) return std::numeric_limits<To>::min();
    return static_cast<To>(t);
  } else {
    return static_cast<To>(v);
  }
}

}  // namespace

void convert_elements(const std::byte* from, DType from_type, std::byte* to, DType to_type, std::int64_t n) {
  if (n == 0) return;
  if (from_type == to_type) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * size_of(from_type));
    return;
  }
  with_type(from_type, [&]<class From>(From) {
    with_type(to_type, [&]<class To>(To) {
      const auto* x = reinterpret_cast<const From*>(from);
      auto* y = reinterpret_cast<To*>(to);
      for (std::int64_t i = 0; i < n; ++i) y[i] = convert<To>(x[i]);
    });
  });
}

double read_element(const std::byte* from, DType type) {
  double value = 0;
  with_type(type, [&]<class T>(T v) {
    std::memcpy(&v, from, sizeof v);
    value = convert<double>(v);
  });
  return value;
}

}  // namespace fornax
