#pragma once
// NumPy's .npy format: one array.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/array/tensor_data.hpp>

namespace fornax::io {

/// The array in a .npy file of version 1, 2 or 3, in row-major order whatever the order in the file.
///
/// Kinds:   f2 f4 f8 i1 i2 i4 i8 u1 b1, of either byte order.
/// Errors:  IoError if the file cannot be read; FormatError if it is not .npy, ends early, goes on after the last element,
///          has a dtype that fornax has not (complex, unsigned above 8 bits, structured, objects), more than 8 dims or a
///          bool that is neither 0 nor 1. Memory follows the size of the file, not what its header claims.
/// Source:  NumPy Enhancement Proposal 1.
TensorData read_npy(const std::string& path);
/// The same from memory; errors call it `name`.
TensorData read_npy_bytes(std::span<const std::byte> bytes, std::string_view name);

/// Writes a .npy file of version 1, as a whole or not at all.
///
/// Errors:  IoError; DTypeError for bf16, which NumPy has not: convert it to f32.
void write_npy(const std::string& path, const TensorData& data);
/// The same into memory.
std::vector<std::byte> npy_bytes(const TensorData& data);

}  // namespace fornax::io
