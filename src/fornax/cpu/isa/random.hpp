#pragma once
// Random numbers, and what loses elements by them.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

/// Words that may be written beyond those asked for.
inline constexpr std::int64_t kMostSurplus = 4 * 7;

struct RandomKernels {
  /// The words of `count` adjacent blocks of the stream of a seed, in their order.
  void (*words)(std::uint64_t seed, std::uint64_t first, std::int64_t count, std::uint32_t* to);
  /// y[i] = 0, or where word number i / run of the stream says so x[i] / keep: that happens with probability keep. The word of
  /// the first element is the first of block `first`.
  void (*dropout)(std::uint64_t seed, std::uint64_t first, double keep, std::int64_t run, const void* x, void* y,
                  std::int64_t n);
};

/// For f32 or f64; `words` are the same for both.
const RandomKernels& random_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
