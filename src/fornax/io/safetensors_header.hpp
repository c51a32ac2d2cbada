#pragma once
// The header of a safetensors file: JSON that says which tensors there are and where their elements lie.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fornax/array/dtype.hpp>
#include <fornax/array/shape.hpp>

namespace fornax::io {

/// The length of the header comes first, as a number of so many bytes.
inline constexpr std::uint64_t kSafetensorsPrefix = 8;
/// The format's bound on the size of a header.
inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

/// A tensor's elements are the bytes [begin, end) behind the header.
struct SafetensorsEntry {
  DType dtype = DType::F32;
  Shape shape;
  std::uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry, std::less<>> tensors;
  std::map<std::string, std::string> metadata;
};

/// The header that `text` is, if `data_bytes` follow it in the file. Throws FormatError that begins with `operation`.
SafetensorsHeader parse_safetensors_header(const std::string& operation, std::string_view text,
                                           std::uint64_t data_bytes);

/// A tensor that is to be written.
struct SafetensorsItem {
  std::string name;
  DType dtype = DType::F32;
  Shape shape;
};

/// The header with its length in front, for tensors that lie one behind the other; padded with spaces so that the elements
/// begin at a multiple of 8. Throws ValueError for names that the format cannot express.
std::string print_safetensors_header(std::string_view operation, const std::vector<SafetensorsItem>& items,
                                     const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace fornax::io
