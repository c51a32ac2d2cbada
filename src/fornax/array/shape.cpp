#include <fornax/array/shape.hpp>

#include <algorithm>

#include <fornax/array/error.hpp>

namespace fornax {

namespace {

// The product of all sizes, with 0 counted as 1, stays below this: then no stride, no offset and no size in bytes
// (at most 8 per element) leaves 64 bits.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 59;

std::string list(std::span<const std::int64_t> values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(values[i]);
  }
  return text + "]";
}

}  // namespace

Shape::Shape(std::initializer_list<Index> dims) {
  static_assert(sizeof(Index) == sizeof(std::int64_t));
  if (dims.size() > 0) set({&dims.begin()->value, dims.size()});
}

Shape::Shape(std::span<const std::int64_t> dims) { set(dims); }

void Shape::set(std::span<const std::int64_t> dims) {
  if (dims.size() > kMaxRank)
    throw ShapeError("shape", "rank is above " + std::to_string(kMaxRank) + ": " + list(dims));
  std::int64_t extent = 1;
  numel_ = 1;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] < 0) throw ShapeError("shape", "negative size: " + list(dims));
    if (__builtin_mul_overflow(extent, std::max<std::int64_t>(dims[d], 1), &extent) || extent > kMaxElements)
      throw ShapeError("shape", "too many elements: " + list(dims) + "; the limit is 2^59");
    numel_ *= dims[d];
    dims_[d] = dims[d];
  }
  rank_ = static_cast<std::int32_t>(dims.size());
}

Shape Shape::with(int d, std::int64_t size) const {
  std::array<std::int64_t, kMaxRank> dims = dims_;
  dims[static_cast<std::size_t>(d)] = size;
  return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(rank_)));
}

Shape Shape::without(int d) const {
  std::array<std::int64_t, kMaxRank> dims{};
  std::copy_n(dims_.begin(), d, dims.begin());
  std::copy(dims_.begin() + d + 1, dims_.begin() + rank_, dims.begin() + d);
  return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(rank_ - 1)));
}

Shape Shape::inserted(int d, std::int64_t size) const {
  std::array<std::int64_t, kMaxRank + 1> dims{};
  std::copy_n(dims_.begin(), d, dims.begin());
  dims[static_cast<std::size_t>(d)] = size;
  std::copy(dims_.begin() + d, dims_.begin() + rank_, dims.begin() + d + 1);
  return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(rank_ + 1)));
}

std::string Shape::str() const { return list(dims()); }

Strides contiguous_strides(const Shape& shape) {
  Strides strides{};
  set_contiguous_strides(strides, shape);
  return strides;
}

int checked_dim(std::string_view operation, std::int64_t dim, int rank) {
  if (dim < -rank || dim >= rank)
    throw IndexError(operation, "dim " + std::to_string(dim) + " is out of range for rank " + std::to_string(rank));
  return static_cast<int>(dim < 0 ? dim + rank : dim);
}

Shape broadcast_shape(std::string_view operation, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, kMaxRank> dims{};
  for (int d = 0; d < rank; ++d) {
    const int da = d - (rank - a.rank());
    const int db = d - (rank - b.rank());
    const std::int64_t na = da < 0 ? 1 : a[da];
    const std::int64_t nb = db < 0 ? 1 : b[db];
    if (na != nb && na != 1 && nb != 1)
      throw ShapeError(operation, "dim " + std::to_string(d) + " differs: lhs " + a.str() + ", rhs " + b.str() +
                                      "; sizes must be equal or 1");
    dims[static_cast<std::size_t>(d)] = na == 1 ? nb : na;
  }
  return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(rank)));
}

}  // namespace fornax
