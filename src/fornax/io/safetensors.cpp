#include <fornax/io/safetensors.hpp>

#include <algorithm>
#include <bit>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/io/atomic_file.hpp>
#include <fornax/io/input.hpp>
#include <fornax/io/safetensors_header.hpp>
#include <fornax/io/safetensors_items.hpp>

namespace fornax::io {

static_assert(std::endian::native == std::endian::little, "elements are copied between files and memory as they are");

namespace {

constexpr std::string_view kWrite = "write_safetensors";

std::uint64_t header_size(const Input& input) {
  if (input.size() < kSafetensorsPrefix)
    throw FormatError(input.operation(), "ends after " + count_bytes(input.size()) +
                                             "; safetensors begins with 8: the size of the header");
  std::byte prefix[kSafetensorsPrefix];
  input.read(0, prefix);
  const std::uint64_t size = little_endian(prefix);
  if (size > kMaxSafetensorsHeader)
    throw FormatError(input.operation(), "a header of " + count_bytes(size) + " is announced; the format allows " +
                                             std::to_string(kMaxSafetensorsHeader));
  if (size > input.size() - kSafetensorsPrefix)
    throw FormatError(input.operation(), "a header of " + count_bytes(size) + " is announced, and " +
                                             std::to_string(input.size() - kSafetensorsPrefix) + " follow");
  return size;
}

std::string header_text(const Input& input) {
  std::string text(header_size(input), ' ');
  input.read(kSafetensorsPrefix, std::as_writable_bytes(std::span(text)));
  return text;
}

template <class Map> std::vector<SafetensorsItem> ordered(const Map& tensors) {
  std::vector<SafetensorsItem> items;
  for (const auto& [name, tensor] : tensors) items.push_back({name, tensor.dtype(), tensor.shape()});
  std::ranges::stable_sort(items, std::ranges::greater(), [](const SafetensorsItem& i) { return size_of(i.dtype); });
  return items;
}

std::string print_header(const std::vector<SafetensorsItem>& items, const Metadata& metadata) {
  return print_safetensors_header(kWrite, items, {metadata.begin(), metadata.end()});
}

}  // namespace

std::vector<SafetensorsItem> items_of(const NamedArrays& arrays) { return ordered(arrays); }
std::vector<SafetensorsItem> items_of(const NamedData& data) { return ordered(data); }

// --- Reading ----------------------------------------------------------------------------------------------------------

struct SafetensorsReader::State {
  Input input;
  std::uint64_t data_begin = 0;
  SafetensorsHeader header;
  std::vector<std::string> names;

  explicit State(Input from) : input(std::move(from)) {
    const std::string text = header_text(input);
    data_begin = kSafetensorsPrefix + text.size();
    header = parse_safetensors_header(input.operation(), text, input.size() - data_begin);
    for (const auto& [name, entry] : header.tensors) names.push_back(name);
  }
  const SafetensorsEntry& at(std::string_view name) const {
    const auto found = header.tensors.find(name);
    if (found == header.tensors.end())
      throw ValueError(input.operation(),
                       "there is no tensor " + in_quotes(name) + " among the " + std::to_string(names.size()));
    return found->second;
  }
};

SafetensorsReader::SafetensorsReader(const std::string& path)
    : state_(std::make_shared<State>(Input(operation_on("read_safetensors", path), path))) {}
SafetensorsReader::SafetensorsReader(std::span<const std::byte> bytes, std::string_view name)
    : state_(std::make_shared<State>(Input(operation_on("read_safetensors", name), bytes))) {}

const std::vector<std::string>& SafetensorsReader::names() const { return state_->names; }
bool SafetensorsReader::contains(std::string_view name) const { return state_->header.tensors.contains(name); }
DType SafetensorsReader::dtype(std::string_view name) const { return state_->at(name).dtype; }
Shape SafetensorsReader::shape(std::string_view name) const { return state_->at(name).shape; }
const Metadata& SafetensorsReader::metadata() const { return state_->header.metadata; }
const std::string& SafetensorsReader::operation() const { return state_->input.operation(); }
std::string SafetensorsReader::header() const { return header_text(state_->input); }

TensorData SafetensorsReader::read(std::string_view name) const {
  const SafetensorsEntry& entry = state_->at(name);
  TensorData data(entry.shape, entry.dtype);
  state_->input.read(state_->data_begin + entry.begin, data.bytes());
  if (entry.dtype == DType::Bool) {
    const auto bytes = data.bytes();
    const auto wrong = std::ranges::find_if(bytes, [](std::byte b) { return b > std::byte{1}; });
    if (wrong != bytes.end())
      throw FormatError(operation(), "tensor " + in_quotes(name) + ": element " +
                                         std::to_string(wrong - bytes.begin()) + " is " +
                                         std::to_string(std::to_integer<int>(*wrong)) + "; BOOL is 0 or 1");
  }
  return data;
}

Record read_safetensors(const std::string& path, const ReadOptions& options) {
  const SafetensorsReader file(path);
  Record record{{}, file.metadata()};
  for (const std::string& name : file.names()) record.arrays.emplace(name, to_array(file.read(name), options));
  return record;
}

// --- Writing ----------------------------------------------------------------------------------------------------------

void write_safetensors(const std::string& path, const NamedArrays& arrays, const Metadata& metadata) {
  const std::vector<SafetensorsItem> items = items_of(arrays);
  const std::string header = print_header(items, metadata);
  AtomicFile file(kWrite, path);
  file.write(header);
  for (const SafetensorsItem& item : items) file.write(arrays.at(item.name).to_data().bytes());
  file.commit();
}

void write_safetensors(const std::string& path, const NamedData& data, const Metadata& metadata) {
  const std::vector<SafetensorsItem> items = items_of(data);
  const std::string header = print_header(items, metadata);
  AtomicFile file(kWrite, path);
  file.write(header);
  for (const SafetensorsItem& item : items) file.write(data.at(item.name).bytes());
  file.commit();
}

std::vector<std::byte> safetensors_bytes(const NamedData& data, const Metadata& metadata) {
  const std::vector<SafetensorsItem> items = items_of(data);
  const std::string header = print_header(items, metadata);
  const auto head = std::as_bytes(std::span(header));
  std::vector<std::byte> bytes(head.begin(), head.end());
  for (const SafetensorsItem& item : items) {
    const auto elements = data.at(item.name).bytes();
    bytes.insert(bytes.end(), elements.begin(), elements.end());
  }
  return bytes;
}

}  // namespace fornax::io
