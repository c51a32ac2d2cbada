#pragma once
// Whole arrays in the dtype that a kernel computes in, for kernels that read their elements more than once.

#include <fornax/cpu/cpu.hpp>

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

}  // namespace fornax::cpu
