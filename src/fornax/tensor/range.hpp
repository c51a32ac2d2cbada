#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <fornax/array/shape.hpp>
#include <fornax/ops/layout.hpp>

namespace fornax {

/// Which positions of a dim a slice takes, with Python's meaning: negative bounds count from the end, bounds beyond the
/// ends are cut, and a negative step walks backwards from start.
///
/// Example: x.slice({{0, 2}, Range::all(), Range::from(-3), {5, 0, -1}})
struct Range {
  std::optional<std::int64_t> start, end;
  std::int64_t step = 1;

  /// One position; the dim stays, with size 1.
  constexpr Range(Index position)
      : start(position.value), single(true) {}  // NOLINT: implicit by design, for x.slice({3})
  template <std::integral T> constexpr Range(T position) : Range(Index(position)) {}  // NOLINT: likewise
  /// [first, last), every step-th.
  constexpr Range(Index first, Index last, Index every = 1) : start(first.value), end(last.value), step(every.value) {}

  static constexpr Range all() { return Range(); }
  static constexpr Range from(Index first) {
    Range r;
    r.start = first.value;
    return r;
  }
  static constexpr Range to(Index last) {
    Range r;
    r.end = last.value;
    return r;
  }
  /// The same bounds with another step.
  constexpr Range by(Index every) const {
    Range r = *this;
    r.step = every.value;
    return r;
  }

  bool single = false;

 private:
  constexpr Range() = default;
};

/// The positions that ranges (one for each dim; absent ones take all) stand for in an array of this shape.
/// Throws ValueError for a step of 0 and IndexError for a single position outside its dim or too many ranges.
SliceDims resolve(std::span<const Range> ranges, const Shape& shape);

}  // namespace fornax
