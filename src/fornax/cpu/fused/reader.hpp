#pragma once
// Strided arrays read piece by piece.

#include <cstring>

#include <fornax/array/shape.hpp>
#include <fornax/cpu/kernels/packing.hpp>

namespace fornax::cpu {

/// Any stretch of an array's elements, in the order of its dims, as adjacent ones.
class Reader {
 public:
  /// Elements of `size` bytes; strides count elements.
  Reader(const std::byte* data, std::size_t size, const Shape& shape, const Strides& strides)
      : data_(data), size_(size) {
    // Dims that step alike are one.
    for (int d = 0; d < shape.rank(); ++d) {
      if (shape[d] == 1) continue;
      const std::int64_t step = strides[static_cast<std::size_t>(d)] * static_cast<std::int64_t>(size_);
      if (rank_ > 0 && step_[rank_ - 1] == step * shape[d]) {
        extent_[rank_ - 1] *= shape[d];
        step_[rank_ - 1] = step;
      } else {
        extent_[rank_] = shape[d];
        step_[rank_++] = step;
      }
    }
    if (rank_ == 0) extent_[rank_] = 1, step_[rank_++] = 0;
  }

  void read(std::int64_t start, std::int64_t n, std::byte* to) const {
    const int last = rank_ - 1;
    std::int64_t index[kMaxRank];
    const std::byte* at = data_;
    for (int d = last; d >= 0; --d) {
      index[d] = start % extent_[d];
      start /= extent_[d];
      at += index[d] * step_[d];
    }
    while (true) {
      const std::int64_t run = n < extent_[last] - index[last] ? n : extent_[last] - index[last];
      if (step_[last] == static_cast<std::int64_t>(size_)) {
        std::memcpy(to, at, static_cast<std::size_t>(run) * size_);
      } else {
        pack(at, step_[last], to, size_, run);
      }
      n -= run;
      if (n == 0) return;
      to += static_cast<std::size_t>(run) * size_;
      at -= index[last] * step_[last];
      index[last] = 0;
      for (int d = last - 1; d >= 0; --d) {
        at += step_[d];
        if (++index[d] < extent_[d]) break;
        at -= step_[d] * extent_[d];
        index[d] = 0;
      }
    }
  }

 private:
  const std::byte* data_;
  std::size_t size_;
  int rank_ = 0;
  std::int64_t extent_[kMaxRank], step_[kMaxRank];  // outermost first; steps in bytes
};

}  // namespace fornax::cpu
