#pragma once
// Sizes of an array, rank 0 to 8. All arithmetic on sizes that could overflow happens here, checked.

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace fornax {

inline constexpr int kMaxRank = 8;

/// One size or position, converted from any integer type.
struct Index {
  std::int64_t value;
  template <std::integral T>
  constexpr Index(T v) : value(static_cast<std::int64_t>(v)) {}  // NOLINT: implicit by design, for {n, 3}
  constexpr operator std::int64_t() const { return value; }      // NOLINT
};

using Strides = std::array<std::int64_t, kMaxRank>;

/// Sizes of the dims of an array, outermost first. Rank 0 is one element; a size of 0 is legal.
class Shape {
 public:
  Shape() = default;
  /// [n], without a check of n.
  static constexpr Shape vector(std::int64_t n) {
    Shape s;
    s.numel_ = n;
    s.rank_ = 1;
    s.dims_[0] = n;
    return s;
  }
  /// Throws ShapeError for a negative size, a rank above 8, or a number of elements beyond 2^59.
  Shape(std::initializer_list<Index> dims);
  explicit Shape(std::span<const std::int64_t> dims);

  int rank() const { return rank_; }
  std::int64_t numel() const { return numel_; }
  /// Size of dim d, which must be in [0, rank).
  std::int64_t operator[](int d) const { return dims_[static_cast<std::size_t>(d)]; }
  std::span<const std::int64_t> dims() const { return {dims_.data(), static_cast<std::size_t>(rank_)}; }

  /// The same sizes with dim d replaced, removed, or inserted before d.
  Shape with(int d, std::int64_t size) const;
  Shape without(int d) const;
  Shape inserted(int d, std::int64_t size) const;

  /// "[2, 3]".
  std::string str() const;

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int d = 0; d < a.rank_; ++d)
      if (a[d] != b[d]) return false;
    return true;
  }

 private:
  void set(std::span<const std::int64_t> dims);

  std::int64_t numel_ = 1;
  std::int32_t rank_ = 0;
  std::array<std::int64_t, kMaxRank> dims_{};
};

/// Steps, in elements, of a row-major array of this shape. Entries from the rank on are left alone.
inline void set_contiguous_strides(Strides& strides, const Shape& shape) {
  std::int64_t step = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    strides[static_cast<std::size_t>(d)] = step;
    step *= shape[d] > 0 ? shape[d] : 1;
  }
}
Strides contiguous_strides(const Shape& shape);

/// `dim` counted from the front; negative values count from the back. Throws IndexError naming `operation`.
int checked_dim(std::string_view operation, std::int64_t dim, int rank);

/// The shape that a and b broadcast to, ranks aligned at the last dim; sizes must be equal or 1. Throws ShapeError.
Shape broadcast_shape(std::string_view operation, const Shape& a, const Shape& b);

}  // namespace fornax
