#pragma once
// The body of a backend's array: elements in a buffer, read through strides.

#include <cstddef>
#include <cstring>
#include <span>

#include <fornax/array/array.hpp>

namespace fornax {

/// A buffer that any number of views share.
struct Storage {
  RefCount references;
  std::size_t bytes = 0;
  std::byte* data = nullptr;
};

/// Elements at data + sum(index[d] * strides[d]) * size_of(dtype). Strides count elements and may be zero or negative.
struct DenseBody : ArrayBody {
  static constexpr std::size_t kInline = 32;  // bytes: arrays of a few elements need no buffer

  using ArrayBody::ArrayBody;

  std::byte* data = nullptr;
  Storage* storage = nullptr;  // null: the elements are in `inline_bytes`
  Strides strides;
  alignas(16) std::byte inline_bytes[kInline];

  bool is_inline() const { return storage == nullptr; }
};

inline DenseBody& dense(const Array& a) { return *static_cast<DenseBody*>(a.body()); }

/// Row-major without gaps; dims of size 1 may have any stride.
bool has_contiguous_strides(const Array& a);
inline bool is_contiguous(const Array& a) { return a.numel() <= 1 || has_contiguous_strides(a); }
/// The dims of `a` from the one whose neighbours lie farthest apart to the one with the nearest; those of size 1 last.
using DimOrder = std::array<std::int8_t, kMaxRank>;
DimOrder memory_order(const Array& a);
/// Without gaps, in any order of the dims: a transposed matrix, pictures with adjacent channels.
bool is_dense(const Array& a);

/// More than one element, and all of them the same one in memory.
bool repeats_one_element(const Array& a);

/// The same elements read with another shape and other strides, from `offset` elements after the first. Copies nothing
/// (inline elements are copied, they are at most 32 bytes).
Array view(const Array& a, const Shape& shape, const Strides& strides, std::int64_t offset);

}  // namespace fornax
