#pragma once
// Arrays and rows in the dtype that a kernel computes in, for kernels that read their elements more than once.

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/kernels/kernel.hpp>

namespace fornax::cpu {

/// convert_elements by the machine's best instructions.
void convert(const std::byte* from, DType from_type, std::byte* to, DType to_type, std::int64_t n);
/// The same on all threads.
void convert_all(const std::byte* from, DType from_type, std::byte* to, DType to_type, std::int64_t n);
/// x without gaps in memory and as `type`; x itself if it is that already.
Array as_contiguous(std::string_view operation, const Array& x, DType type);
/// x as `type`, its dims in the order in which they lie in memory.
Array converted(std::string_view operation, const Array& x, DType type);
/// The contiguous y, converted element by element to `type`; y itself if it has it.
Array as_dtype(std::string_view operation, Array y, DType type);

/// Where the adjacent elements of a row are computed with: where they lie, or if they are stored in 16 bits in f32 beside.
class RowRoom {
 public:
  /// `always`: there is memory for a row even where they lie as they are computed with.
  RowRoom(std::string_view operation, DType stored, std::int64_t length, bool always = false);
  /// The row, to be read.
  const std::byte* read(const std::byte* row) const {
    if (!widen_) return row;
    widen_(room_, &row, length_, nullptr);
    return room_;
  }
  /// Where what becomes of the row is written; it may be computed from what was read in place. Then `written` stores it.
  std::byte* place(std::byte* row) const { return widen_ ? room_ : row; }
  /// The memory, if there is.
  std::byte* memory() const { return room_; }
  void written(std::byte* row) const {
    const std::byte* const from = room_;
    if (narrow_) narrow_(row, &from, length_, nullptr);
  }

 private:
  Kernel widen_, narrow_;
  std::int64_t length_;
  Array memory_;
  std::byte* room_ = nullptr;
};

}  // namespace fornax::cpu
