#pragma once
// Elements of any type between a strided place and an adjacent one.

#include <cstddef>
#include <cstdint>

namespace fornax::cpu {

template <class T> void gather_run(const std::byte* from, std::int64_t step, std::byte* to, std::int64_t n) {
  auto* y = reinterpret_cast<T*>(to);
  for (std::int64_t i = 0; i < n; ++i) y[i] = *reinterpret_cast<const T*>(from + i * step);
}

template <class T> void scatter_run(const std::byte* from, std::byte* to, std::int64_t step, std::int64_t n) {
  const auto* x = reinterpret_cast<const T*>(from);
  for (std::int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * step) = x[i];
}

/// n elements of `size` bytes, `step` bytes apart, become adjacent.
inline void pack(const std::byte* from, std::int64_t step, std::byte* to, std::size_t size, std::int64_t n) {
  switch (size) {
    case 8: return gather_run<std::uint64_t>(from, step, to, n);
    case 4: return gather_run<std::uint32_t>(from, step, to, n);
    case 2: return gather_run<std::uint16_t>(from, step, to, n);
    default: return gather_run<std::uint8_t>(from, step, to, n);
  }
}

/// Adjacent elements go `step` bytes apart.
inline void unpack(const std::byte* from, std::byte* to, std::int64_t step, std::size_t size, std::int64_t n) {
  switch (size) {
    case 8: return scatter_run<std::uint64_t>(from, to, step, n);
    case 4: return scatter_run<std::uint32_t>(from, to, step, n);
    case 2: return scatter_run<std::uint16_t>(from, to, step, n);
    default: return scatter_run<std::uint8_t>(from, to, step, n);
  }
}

}  // namespace fornax::cpu
