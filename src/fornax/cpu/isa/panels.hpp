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

  /// b(k, j) = b[k * row + j * column] for k < depth and j < columns, zeros behind.
  static void pack(const T* b, std::int64_t row, std::int64_t column, std::int64_t depth, std::int64_t columns, T* to) {
    for (std::int64_t j = 0; j < columns; j += width, to += depth * width)
      pack_panel(b + j * column, row, column, depth, std::min(width, columns - j), to, width);
  }
  /// y [rows, padded(columns)] += a [rows, depth] packed, or without what y held if it is `fresh`.
  static void add(Left<T> a, const T* packed, T* y, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                  bool fresh = false) {
    const std::int64_t step = padded(columns);
    for (std::int64_t j = 0; j < step; j += width)
      add_panel<kTileVectors>(a, packed + j * depth, width, y + j, step, rows, depth, fresh);
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
