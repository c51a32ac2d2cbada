#pragma once
// Whole arrays in the dtype that a kernel computes in, for kernels that read their elements more than once.

#include <fornax/cpu/cpu.hpp>

namespace fornax::cpu {

/// x without gaps in memory and as `type`; x itself if it is that already.
Array as_contiguous(std::string_view operation, const Array& x, DType type);
/// The contiguous y, converted element by element to `type`; y itself if it has it.
Array as_dtype(std::string_view operation, Array y, DType type);

}  // namespace fornax::cpu
