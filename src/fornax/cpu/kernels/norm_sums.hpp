#pragma once
// The gradients of a norm's weight and bias: sums over samples, in an order that depends on their number and size alone.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

/// Samples that a task of its own adds up: a power of two.
inline std::int64_t norm_samples_of_task(std::int64_t samples, std::int64_t sample_size) {
  const std::int64_t least =
      std::max({(samples + 15) / 16, kLeastElements / 2 / std::max<std::int64_t>(1, sample_size), std::int64_t{1}});
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(least)));
}

/// Sums of `width` values over samples. Up to 32 samples add up in T, these sums of a task in double, and tasks in order.
template <class T> class NormSums {
 public:
  NormSums(std::int64_t samples, std::int64_t sample_size, std::int64_t width, int workers)
      : samples_(samples),
        width_(width),
        each_(norm_samples_of_task(samples, sample_size)),
        lanes_(static_cast<std::size_t>(workers * width)),
        memory_(cpu_empty("norm", Shape{(samples + each_ - 1) / each_ * width}, DType::F64)),
        sums_(reinterpret_cast<double*>(dense(memory_).data), static_cast<std::size_t>(memory_.numel())) {
    std::fill(sums_.begin(), sums_.end(), 0.0);
  }

  /// Where the worker adds the sample's values. It brings the samples of a task in order.
  T* add_to(int worker, std::int64_t sample) {
    T* const here = lanes_.data() + worker * width_;
    if (sample % together() == 0) std::fill_n(here, width_, T(0));
    return here;
  }
  /// The sample's values are there.
  void added(int worker, std::int64_t sample) {
    if ((sample + 1) % together() != 0 && sample + 1 != samples_) return;
    const T* const here = lanes_.data() + worker * width_;
    double* const sum = sums_.data() + sample / each_ * width_;
    for (std::int64_t c = 0; c < width_; ++c) sum[c] += static_cast<double>(here[c]);
  }
  /// The totals of all samples, once all are there: those from `first` on, to[0] to to[n - 1].
  void totals(std::int64_t first, std::int64_t n, T* to) const {
    std::vector<double> all(static_cast<std::size_t>(n));
    for (std::int64_t task = 0; task < static_cast<std::int64_t>(sums_.size()); task += width_)
      for (std::int64_t c = 0; c < n; ++c)
        all[static_cast<std::size_t>(c)] += sums_[static_cast<std::size_t>(task + first + c)];
    for (std::int64_t c = 0; c < n; ++c) to[c] = static_cast<T>(all[static_cast<std::size_t>(c)]);
  }

 private:
  std::int64_t together() const { return std::min<std::int64_t>(32, each_); }

  std::int64_t samples_, width_, each_;
  std::vector<T> lanes_;
  Array memory_;
  std::span<double> sums_;  // of each task
};

}  // namespace fornax::cpu
