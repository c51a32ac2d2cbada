#include <fornax/array/dtype.hpp>

#include <bit>

#include <fornax/array/error.hpp>

namespace fornax {

namespace {
constexpr std::string_view kNames[kDTypeCount] = {"f64", "f32", "f16", "bf16", "i64", "i32", "i16", "i8", "u8", "bool"};
}

std::string_view name(DType t) { return kNames[static_cast<int>(t)]; }

DType parse_dtype(std::string_view text) {
  for (int i = 0; i < kDTypeCount; ++i)
    if (kNames[i] == text) return static_cast<DType>(i);
  throw ValueError("parse_dtype", std::string("unknown dtype \"").append(text) +
                                      "\"; expected one of f64 f32 f16 bf16 i64 i32 i16 i8 u8 bool");
}

Half::Half(float value) {
  const auto u = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (u >> 16) & 0x8000u;
  const std::uint32_t magnitude = u & 0x7fffffffu;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);  // NaN stays a quiet NaN
  } else if (magnitude >= 0x477ff000u) {
    half = 0x7c00u;  // rounds beyond 65504, the largest finite half
  } else if (magnitude >= 0x38800000u) {
    const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    half = (rounded - 0x38000000u) >> 13;
  } else {
    // Adding 0.5 aligns the mantissa of a subnormal half with the float's own, and the FPU rounds.
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  }
  bits = static_cast<std::uint16_t>(sign | half);
}

Half::operator float() const {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fu;
  const std::uint32_t mantissa = bits & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  if (exponent == 31) {
    const std::uint32_t quiet = mantissa != 0 ? 0x400000u : 0;  // a NaN that signals stops doing so, as in F16C
    return std::bit_cast<float>(sign | 0x7f800000u | quiet | (mantissa << 13));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

BFloat16::BFloat16(float value) {
  const auto u = std::bit_cast<std::uint32_t>(value);
  const bool nan = (u & 0x7fffffffu) > 0x7f800000u;
  const std::uint32_t rounded = nan ? (u | 0x400000u) : u + 0x7fffu + ((u >> 16) & 1u);
  bits = static_cast<std::uint16_t>(rounded >> 16);
}

BFloat16::operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

}  // namespace fornax
