#include <fornax/cpu/isa/half.hpp>

#include <bit>

#include <fornax/cpu/isa/vec.hpp>

#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace fornax::cpu::FORNAX_ISA {

namespace {

void from_bf16(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* __restrict const y = reinterpret_cast<float*>(out);
  const auto* __restrict const x = reinterpret_cast<const BFloat16*>(in[0]);
  for (std::int64_t i = 0; i < n; ++i) y[i] = std::bit_cast<float>(static_cast<std::uint32_t>(x[i].bits) << 16);
}

// The instruction VCVTNEPS2BF16 takes subnormal numbers for zero, so this is arithmetic on bits, as in BFloat16.
void to_bf16(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* __restrict const y = reinterpret_cast<BFloat16*>(out);
  const auto* __restrict const x = reinterpret_cast<const float*>(in[0]);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto u = std::bit_cast<std::uint32_t>(x[i]);
    const std::uint32_t nan = u | 0x400000U, number = u + 0x7fffU + ((u >> 16) & 1U);
    y[i].bits = static_cast<std::uint16_t>(((u & 0x7fffffffU) > 0x7f800000U ? nan : number) >> 16);
  }
}

void from_f16(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* __restrict const y = reinterpret_cast<float*>(out);
  const auto* __restrict const x = reinterpret_cast<const Half*>(in[0]);
  std::int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
#endif
  for (; i < n; ++i) y[i] = static_cast<float>(x[i]);
}

void to_f16(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* __restrict const y = reinterpret_cast<Half*>(out);
  const auto* __restrict const x = reinterpret_cast<const float*>(in[0]);
  std::int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
#endif
  for (; i < n; ++i) y[i] = Half(x[i]);
}

}  // namespace

Kernel half_kernel(DType from, DType to);
Kernel half_kernel(DType from, DType to) {
  if (from == DType::BF16 && to == DType::F32) return from_bf16;
  if (from == DType::F32 && to == DType::BF16) return to_bf16;
  if (from == DType::F16 && to == DType::F32) return from_f16;
  if (from == DType::F32 && to == DType::F16) return to_f16;
  return nullptr;
}

}  // namespace fornax::cpu::FORNAX_ISA
