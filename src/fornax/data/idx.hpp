#pragma once
// The IDX format: arrays of one element type, as the data sets of the MNIST family are stored.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <fornax/array/tensor_data.hpp>

namespace fornax {

/// The array in an IDX file, plain or packed with gzip. What follows the end of a gzip stream is ignored, as zlib does.
///
/// Shapes:  that of the file's header, rank 0 to 8.
/// Kinds:   u8, i8, i16, i32, f32, f64, as the header says.
/// Errors:  IoError if the file cannot be read; FormatError if it is not IDX, ends early, goes on after the last element,
///          or its gzip stream is damaged; OutOfMemory. Memory follows the data that arrives: at most about three
///          times as much, whatever the header claims.
/// Source:  http://yann.lecun.com/exdb/mnist, "the IDX file format".
/// Example: auto images = read_idx("train-images-idx3-ubyte.gz");   // u8 [60000, 28, 28]
TensorData read_idx(const std::string& path);

/// The same from plain IDX in memory; errors call it `name`.
TensorData read_idx_bytes(std::span<const std::byte> bytes, std::string_view name);

}  // namespace fornax
