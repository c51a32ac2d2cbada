#include <fornax/cpu/isa/random.hpp>

#include <algorithm>

#include <fornax/cpu/isa/philox.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

constexpr std::int64_t kChunk = 1024;
static_assert(4 * (kBlocks - 1) <= kMostSurplus);

template <class T>
void dropout(std::uint64_t seed, std::uint64_t first, double keep, std::int64_t run, const void* xs, void* ys,
             std::int64_t n) {
  const T* x = static_cast<const T*>(xs);
  T* y = static_cast<T*>(ys);
  const std::uint32_t limit = word_limit(keep);
  const T kept = static_cast<T>(keep);
  std::uint32_t words[kChunk + kMostSurplus];
  for (std::int64_t start = 0; start < n; start += kChunk * run) {
    const std::int64_t elements = std::min(kChunk * run, n - start), count = (elements + run - 1) / run;
    philox_run(seed, first + static_cast<std::uint64_t>(start / run / 4), (count + 3) / 4, words);
    if (run == 1) {
      for (std::int64_t i = 0; i < elements; ++i) y[start + i] = words[i] >> 8 < limit ? x[start + i] / kept : T(0);
    } else {
      for (std::int64_t w = 0; w < count; ++w) {
        const std::int64_t begin = start + w * run, end = std::min(begin + run, n);
        const bool keeps = words[w] >> 8 < limit;
        for (std::int64_t i = begin; i < end; ++i) y[i] = keeps ? x[i] / kept : T(0);
      }
    }
  }
}

template <class T> constexpr RandomKernels kRandom{philox_run, dropout<T>};

}  // namespace

const RandomKernels& random_kernels(DType type);
const RandomKernels& random_kernels(DType type) { return type == DType::F64 ? kRandom<double> : kRandom<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
