#pragma once
// Elements from one dtype to another.

#include <cstddef>
#include <cstdint>

#include <fornax/array/dtype.hpp>

namespace fornax {

/// Converts n adjacent elements. Float to int truncates toward zero and saturates (NaN gives 0); int to a narrower int
/// wraps; anything to bool is `!= 0`; rounding between floats is to nearest, ties to even.
void convert_elements(const std::byte* from, DType from_type, std::byte* to, DType to_type, std::int64_t n);

/// One element as a double. Integers beyond 2^53 are rounded.
double read_element(const std::byte* from, DType type);

}  // namespace fornax
