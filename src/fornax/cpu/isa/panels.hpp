// What recurrent networks share: products with one weight, step after step. For the sources of this folder that are compiled
// with -ffp-contract=fast.
#pragma once

#include <algorithm>
#include <cmath>

#include <fornax/cpu/isa/sequence.hpp>
#include <fornax/cpu/isa/tile.hpp>

namespace fornax::cpu::FORNAX_ISA {

/// The right factor of a product whose left factor changes from step to step, in panels that lie as they are read.
template <class T> struct Panels {
  static constexpr std::int64_t width = kTileVectors * kLanes<T>;

  static std::int64_t padded(std::int64_t columns) { return (columns + width - 1) / width * width; }

  /// `at(k, j)` for k < depth and j < columns, zeros behind.
  template <class F> static void pack(std::int64_t depth, std::int64_t columns, F&& at, T* to) {
    for (std::int64_t j = 0; j < columns; j += width)
      for (std::int64_t k = 0; k < depth; ++k)
        for (std::int64_t l = 0; l < width; ++l) *to++ = j + l < columns ? at(k, j + l) : T(0);
  }
  /// y [rows, padded(columns)] += a [rows, depth] packed.
  static void add(Left<T> a, const T* packed, T* y, std::int64_t rows, std::int64_t columns, std::int64_t depth) {
    const std::int64_t step = padded(columns);
    for (std::int64_t j = 0; j < step; j += width)
      add_panel<kTileVectors>(a, packed + j * depth, width, y + j, step, rows, depth);
  }
};

/// The i-th step of a pass back, for the rows of the batch from `first` on: its row among [steps, batch], and the states before it,
/// which are `start` behind the last step.
template <class T> struct StepBack {
  std::int64_t row;
  const T* before;

  StepBack(const SequenceShape& s, std::int64_t i, std::int64_t first, const T* states, const void* start) {
    const std::int64_t t = s.reverse ? i : s.steps - 1 - i;
    row = t * s.batch + first;
    before = i + 1 == s.steps ? static_cast<const T*>(start) + first * s.width
                              : states + (row + (s.reverse ? s.batch : -s.batch)) * s.width;
  }
};

FORNAX_INLINE float tanh_of(float x) { return math::tanh(x); }
FORNAX_INLINE double tanh_of(double x) { return std::tanh(x); }

}  // namespace fornax::cpu::FORNAX_ISA
