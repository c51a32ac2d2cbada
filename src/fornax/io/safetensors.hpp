#pragma once
// The safetensors format: named tensors in one file, without code that runs when it is read.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/io/named.hpp>

namespace fornax::io {

/// A safetensors file that is open: the header has been read and checked as a whole, tensors are read one by one.
/// Several threads may read at once.
///
/// Kinds:   F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL, rank 0 to 8.
/// Errors:  IoError if the file cannot be read; FormatError, which names what is wrong and where, for all that the format
///          does not allow: a header above 100 MB or longer than the file, anything else in it than an object of entries
///          with dtype, shape and data_offsets and of texts in __metadata__, names that are there twice, sizes that
///          overflow or do not fit the offsets, tensors that overlap, leave holes or lie outside the file, unknown
///          dtypes; on reading, a BOOL that is neither 0 nor 1. Memory follows the size of the file, not what its header
///          claims.
/// Source:  https://huggingface.co/docs/safetensors, "Format".
/// Example: SafetensorsReader file("model.safetensors");
///          TensorData w = file.read("conv1.weight");
class SafetensorsReader {
 public:
  explicit SafetensorsReader(const std::string& path);
  /// The same from memory, which must live as long as the reader; errors call it `name`.
  SafetensorsReader(std::span<const std::byte> bytes, std::string_view name);

  /// In alphabetical order.
  const std::vector<std::string>& names() const;
  bool contains(std::string_view name) const;
  /// Throw ValueError if there is no such tensor.
  DType dtype(std::string_view name) const;
  Shape shape(std::string_view name) const;
  TensorData read(std::string_view name) const;

  const Metadata& metadata() const;
  /// What errors begin with: `read_safetensors "model.safetensors"`.
  const std::string& operation() const;
  /// The header as it stands in the file, padding and all, without its length.
  std::string header() const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// Tensors and texts of a file.
struct Record {
  NamedArrays arrays;
  Metadata metadata;
};

/// All of a safetensors file. Errors: those of SafetensorsReader.
///
/// Example: auto [weights, texts] = read_safetensors("model.safetensors", {.floats_as = DType::F32});
Record read_safetensors(const std::string& path, const ReadOptions& options = {});

/// Writes a safetensors file, as a whole or not at all. Elements begin at multiples of 8 bytes and lie by falling size of
/// their type, then by name: the same content gives the same bytes. On the host
/// one tensor is copied at a time.
///
/// Errors:  IoError with the path and the system's reason; ValueError for a name that is not UTF-8 or is __metadata__.
void write_safetensors(const std::string& path, const NamedArrays& arrays, const Metadata& metadata = {});
void write_safetensors(const std::string& path, const NamedData& data, const Metadata& metadata = {});
/// The same into memory.
std::vector<std::byte> safetensors_bytes(const NamedData& data, const Metadata& metadata = {});

}  // namespace fornax::io
