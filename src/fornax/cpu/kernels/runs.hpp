#pragma once
// Walking strided arrays: adjacent dims that step alike are merged, and the innermost dim becomes a run.

#include <array>
#include <cstddef>
#include <cstdint>

#include <fornax/array/dense.hpp>

namespace fornax::cpu {

/// What a kernel reads of an array. It stays valid while the body lives, even after its handle was given away.
struct View {
  std::byte* data;
  const Strides* strides;
  const Shape* shape;
  DType dtype;
  bool contiguous;

  explicit View(const Array& a)
      : data(dense(a).data),
        strides(&dense(a).strides),
        shape(&a.shape()),
        dtype(a.dtype()),
        contiguous(is_contiguous(a)) {}
  template <class T> T* as() const { return reinterpret_cast<T*>(data); }
};

/// Calls f(pointers, steps, n) for each run of n elements; steps count bytes. All N arrays have the shape `shape`, or
/// strides of 0 where they do not vary.
template <std::size_t N, class F>
void for_each_run(const Shape& shape, const std::array<std::byte*, N>& data,
                  const std::array<const Strides*, N>& strides, const std::array<std::size_t, N>& sizes, F&& f) {
  if (shape.numel() == 0) return;
  std::int64_t extent[kMaxRank];
  std::int64_t step[N][kMaxRank];
  int rank = 0;
  for (int d = 0; d < shape.rank(); ++d) {
    if (shape[d] == 1) continue;
    bool merges = rank > 0;
    std::int64_t here[N];
    for (std::size_t i = 0; i < N; ++i) {
      here[i] = (*strides[i])[static_cast<std::size_t>(d)] * static_cast<std::int64_t>(sizes[i]);
      merges = merges && step[i][rank - 1] == here[i] * shape[d];
    }
    if (!merges) extent[rank++] = 1;
    extent[rank - 1] *= shape[d];
    for (std::size_t i = 0; i < N; ++i) step[i][rank - 1] = here[i];
  }
  std::array<std::byte*, N> at = data;
  std::array<std::int64_t, N> inner{};
  const std::int64_t n = rank == 0 ? 1 : extent[rank - 1];
  if (rank > 0)
    for (std::size_t i = 0; i < N; ++i) inner[i] = step[i][rank - 1];
  std::int64_t index[kMaxRank] = {};
  while (true) {
    f(at, inner, n);
    int d = rank - 2;
    for (; d >= 0; --d) {
      for (std::size_t i = 0; i < N; ++i) at[i] += step[i][d];
      if (++index[d] < extent[d]) break;
      for (std::size_t i = 0; i < N; ++i) at[i] -= step[i][d] * extent[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

}  // namespace fornax::cpu
