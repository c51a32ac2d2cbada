// Philox by whole vectors: a block of four words in each lane. For the sources of this folder.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <fornax/cpu/isa/vec.hpp>

namespace fornax::cpu::FORNAX_ISA {

using Words = Vec<std::uint64_t>;  // 32 bits count in each lane; above them may stand anything
inline constexpr std::int64_t kBlocks = kLanes<std::uint64_t>;

FORNAX_INLINE Words product_of_words(Words a, Words b) {
#if defined(__AVX512F__)
  return reinterpret_cast<Words>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Words>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#else
  return (a & 0xffffffff) * (b & 0xffffffff);
#endif
}

/// Block index[lane] of the stream of `seed`, as cpu::philox_block gives it: word w of it in words[w][lane].
FORNAX_INLINE void philox_blocks(std::uint64_t seed, Words index, Words (&words)[4]) {
  const Words zero{};
  const Words first = zero + std::uint64_t{0xD2511F53}, second = zero + std::uint64_t{0xCD9E8D57};
  Words c0 = index, c1 = index >> 32, c2 = zero, c3 = zero;
  std::uint64_t key0 = seed & 0xffffffff, key1 = seed >> 32;
  for (int round = 0; round < 10; ++round) {
    const Words a = product_of_words(first, c0), b = product_of_words(second, c2);
    c0 = (b >> 32) ^ c1 ^ key0, c1 = b;
    c2 = (a >> 32) ^ c3 ^ key1, c3 = a;
    key0 += 0x9E3779B9, key1 += 0xBB67AE85;
  }
  words[0] = c0 & 0xffffffff, words[1] = c1 & 0xffffffff, words[2] = c2 & 0xffffffff, words[3] = c3 & 0xffffffff;
}

FORNAX_INLINE Words counted_from(std::uint64_t first, std::uint64_t step) {
  Words index;
  for (std::int64_t l = 0; l < kBlocks; ++l) index[l] = first + static_cast<std::uint64_t>(l) * step;
  return index;
}

/// The words of `count` adjacent blocks, in their order; up to kBlocks - 1 blocks more are written.
inline void philox_run(std::uint64_t seed, std::uint64_t first, std::int64_t count, std::uint32_t* to) {
  static_assert(std::endian::native == std::endian::little, "two words at a time go to memory as one of 64 bits");
  for (std::int64_t b = 0; b < count; b += kBlocks) {
    Words words[4];
    philox_blocks(seed, counted_from(first + static_cast<std::uint64_t>(b), 1), words);
    const Words low = words[0] | words[1] << 32, high = words[2] | words[3] << 32;
    std::uint64_t pairs[2 * kBlocks];
    for (std::int64_t l = 0; l < kBlocks; ++l) pairs[2 * l] = low[l], pairs[2 * l + 1] = high[l];
    __builtin_memcpy(to + 4 * b, pairs, sizeof pairs);
  }
}

/// A draw of a number on [0, 1) lies below `probability`, as op::Random draws Bool: if the upper 24 bits of its word lie below
/// this.
inline std::uint32_t word_limit(double probability) {
  return static_cast<std::uint32_t>(__builtin_ceilf(static_cast<float>(probability) * 0x1p24F));
}

}  // namespace fornax::cpu::FORNAX_ISA
