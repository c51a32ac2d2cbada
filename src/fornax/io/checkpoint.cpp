#include <fornax/io/checkpoint.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fornax/array/error.hpp>
#include <fornax/io/atomic_file.hpp>
#include <fornax/io/input.hpp>
#include <fornax/io/safetensors_header.hpp>
#include <fornax/io/safetensors_items.hpp>

namespace fornax::io {

namespace {

constexpr std::string_view kSave = "save_checkpoint";
constexpr std::string_view kReserved = "fornax.";
constexpr std::string_view kOfTensor = "fornax.xxh3:";

// How the header of every checkpoint begins; 16 digits follow, the checksum of the header with zeros in their place.
constexpr std::string_view kBegin = R"({"__metadata__":{"fornax.checkpoint":"1 xxh3:)";
constexpr std::string_view kOfHeader = "fornax.checkpoint";
constexpr std::string_view kVersion = "1 xxh3:";
constexpr std::size_t kDigits = 16;
const std::string kZeros(kDigits, '0');

std::string checksum(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
  std::string text;
  for (unsigned shift = 64; shift > 0;) text += digits[hash >> (shift -= 4) & 15U];
  return text;
}

// With its length in front, so that spaces at the end are covered too.
std::string checksum_of_header(std::string header) {
  header.replace(kBegin.size(), kDigits, kZeros);
  header += std::to_string(header.size());
  return checksum(std::as_bytes(std::span(header)));
}

void check_header(const std::string& operation, const std::string& header) {
  if (!header.starts_with(kBegin) || header.size() < kBegin.size() + kDigits)
    throw FormatError(operation,
                      "it is no checkpoint of fornax: the header does not begin with " + std::string(kBegin));
  const std::string expected = header.substr(kBegin.size(), kDigits), found = checksum_of_header(header);
  if (expected != found)
    throw FormatError(operation,
                      "the header is damaged: its checksum is " + found + ", the file says " + in_quotes(expected));
}

TensorData read_checked(const SafetensorsReader& file, const std::string& name) {
  const auto expected = file.metadata().find(std::string(kOfTensor) + name);
  if (expected == file.metadata().end())
    throw FormatError(file.operation(), "tensor " + in_quotes(name) + " has no checksum");
  TensorData data = file.read(name);
  const std::string found = checksum(data.bytes());
  if (expected->second != found)
    throw FormatError(file.operation(), "tensor " + in_quotes(name) + " is damaged: its checksum is " + found +
                                            ", the file says " + in_quotes(expected->second));
  return data;
}

Record load(const SafetensorsReader& file, const ReadOptions& options) {
  check_header(file.operation(), file.header());
  Record record;
  for (const auto& [name, text] : file.metadata())
    if (!name.starts_with(kReserved)) record.metadata.emplace(name, text);
  for (const std::string& name : file.names()) record.arrays.emplace(name, to_array(read_checked(file, name), options));
  return record;
}

}  // namespace

void save_checkpoint(const std::string& path, const NamedArrays& arrays, const Metadata& metadata) {
  std::vector<std::pair<std::string, std::string>> texts;
  texts.emplace_back(kOfHeader, std::string(kVersion) + kZeros);
  for (const auto& [name, text] : metadata) {
    if (name.starts_with(kReserved))
      throw ValueError(kSave, "metadata " + in_quotes(name) + ": names that begin with fornax. are for fornax itself");
    texts.emplace_back(name, text);
  }
  // Each tensor is copied to the host twice, so that no more than one of them is there at a time.
  for (const auto& [name, array] : arrays)
    texts.emplace_back(std::string(kOfTensor) + name, checksum(array.to_data().bytes()));

  const std::vector<SafetensorsItem> items = items_of(arrays);
  std::string header = print_safetensors_header(kSave, items, texts);
  const std::string sum = checksum_of_header(header.substr(kSafetensorsPrefix));
  header.replace(kSafetensorsPrefix + kBegin.size(), kDigits, sum);

  AtomicFile file(kSave, path);
  file.write(header);
  for (const SafetensorsItem& item : items) file.write(arrays.at(item.name).to_data().bytes());
  file.commit();
}

Record load_checkpoint(const std::string& path, const ReadOptions& options) {
  return load(SafetensorsReader(path), options);
}

Record load_checkpoint_bytes(std::span<const std::byte> bytes, std::string_view name, const ReadOptions& options) {
  return load(SafetensorsReader(bytes, name), options);
}

}  // namespace fornax::io
