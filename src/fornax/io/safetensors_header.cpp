#include <fornax/io/safetensors_header.hpp>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include <fornax/array/error.hpp>
#include <fornax/io/input.hpp>

namespace fornax::io {

namespace {

using nlohmann::json;

constexpr std::string_view kMetadata = "__metadata__";

struct NamedDType {
  std::string_view name;
  DType dtype;
};
constexpr NamedDType kDTypes[] = {
    {"F64", DType::F64}, {"F32", DType::F32}, {"F16", DType::F16}, {"BF16", DType::BF16}, {"I64", DType::I64},
    {"I32", DType::I32}, {"I16", DType::I16}, {"I8", DType::I8},   {"U8", DType::U8},     {"BOOL", DType::Bool},
};

std::string_view format_name(DType dtype) { return std::ranges::find(kDTypes, dtype, &NamedDType::dtype)->name; }

// Receives the JSON piece by piece and refuses at the first that does not belong: nothing is built up that the format
// has no place for, however deep or long it is.
class HeaderReader : public nlohmann::json_sax<json> {
 public:
  HeaderReader(const std::string& operation, SafetensorsHeader& header) : operation_(operation), header_(header) {}

  bool start_object(std::size_t) override {
    if (depth_ == 2) refuse(expected());
    if (depth_ > 2) refuse(expected());
    ++depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) {
      begin_entry(name);
    } else {
      field_ = name;
      if (!in_metadata_ && field_ != "dtype" && field_ != "shape" && field_ != "data_offsets")
        fail(where() + ": " + in_quotes(field_) + " is unknown; an entry has dtype, shape and data_offsets");
      if (in_metadata_ && header_.metadata.contains(field_))
        fail(where() + ": " + in_quotes(field_) + " is there twice");
    }
    return true;
  }
  bool end_object() override {
    if (depth_ == 2 && !in_metadata_) finish_entry();
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ != 2 || in_metadata_ || field_ == "dtype") refuse(expected());
    auto& list = field_ == "shape" ? shape_ : offsets_;
    if (list) fail(where() + ": " + field_ + " is there twice");
    list.emplace();
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ == 2 && in_metadata_) {
      header_.metadata.emplace(field_, value);
      return true;
    }
    if (depth_ != 2 || field_ != "dtype") refuse(expected());
    if (dtype_) fail(where() + ": dtype is there twice");
    const auto* const found = std::ranges::find(kDTypes, std::string_view(value), &NamedDType::name);
    if (found == std::end(kDTypes))
      fail(where() + ": dtype " + in_quotes(value) +
           " is unknown; expected F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL");
    dtype_ = found->dtype;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ != 3) refuse(expected());
    auto& list = field_ == "shape" ? *shape_ : *offsets_;
    if (list.size() == kMaxRank)
      fail(where() + ": " + field_ + " has more than " + std::to_string(kMaxRank) +
           " numbers, as many as fornax takes");
    list.push_back(value);
    return true;
  }
  bool number_integer(number_integer_t) override { refuse(expected()); }
  bool number_float(number_float_t, const string_t&) override { refuse(expected()); }
  bool boolean(bool) override { refuse(expected()); }
  bool null() override { refuse(expected()); }
  bool binary(binary_t&) override { refuse(expected()); }
  bool parse_error(std::size_t position, const std::string&, const json::exception& e) override {
    // The reader's words end with what it last read, which may be long and anything.
    const std::string detail = in_quotes(e.what());
    fail("the header is no JSON, from its byte " + std::to_string(position) + " on: " + detail);
  }

 private:
  [[noreturn]] void fail(const std::string& detail) const { throw FormatError(operation_, detail); }
  [[noreturn]] void refuse(const std::string& wanted) const {
    fail((depth_ == 0 ? "the header" : where()) + " holds something else than " + wanted);
  }
  std::string where() const { return in_metadata_ ? std::string(kMetadata) : "tensor " + in_quotes(name_); }
  std::string field_wants() const {
    if (field_ == "dtype") return "a text in dtype";
    return field_ == "shape" ? "a list of sizes in shape" : "a list of two numbers in data_offsets";
  }
  std::string expected() const {
    if (depth_ <= 1) return "an object";
    if (in_metadata_) return "texts";
    return depth_ == 2 ? field_wants() : "whole numbers in " + field_;
  }

  void begin_entry(const std::string& name) {
    name_ = name;
    in_metadata_ = name == kMetadata;
    const bool twice = in_metadata_ ? has_metadata_ : header_.tensors.contains(name);
    if (twice) fail(where() + " is there twice");
    has_metadata_ = has_metadata_ || in_metadata_;
    dtype_.reset();
    shape_.reset();
    offsets_.reset();
  }
  void finish_entry() {
    if (!dtype_ || !shape_ || !offsets_)
      fail(where() + ": " + (!dtype_ ? "dtype" : !shape_ ? "shape" : "data_offsets") + " is missing");
    if (offsets_->size() != 2)
      fail(where() + ": data_offsets has " + std::to_string(offsets_->size()) + " numbers, not 2");
    SafetensorsEntry entry{*dtype_, shape(), (*offsets_)[0], (*offsets_)[1]};
    const std::string offsets = "[" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]";
    if (entry.begin > entry.end) fail(where() + ": data_offsets " + offsets + " end before they begin");
    const std::uint64_t needed = static_cast<std::uint64_t>(entry.shape.numel()) * size_of(entry.dtype);
    if (entry.end - entry.begin != needed)
      fail(where() + ": data_offsets " + offsets + " hold " + count_bytes(entry.end - entry.begin) + "; " +
           std::string(format_name(entry.dtype)) + " " + entry.shape.str() + " needs " + std::to_string(needed));
    header_.tensors.emplace(name_, entry);
  }
  Shape shape() const {
    std::vector<std::int64_t> dims;
    for (const std::uint64_t size : *shape_) {
      if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        fail(where() + ": size " + std::to_string(size) + " is too large");
      dims.push_back(static_cast<std::int64_t>(size));
    }
    try {
      return Shape(std::span<const std::int64_t>(dims));
    } catch (const ShapeError& e) {
      fail(where() + ": " + e.what());
    }
  }

  const std::string& operation_;
  SafetensorsHeader& header_;
  int depth_ = 0;  // 1: in the header, 2: in an entry, 3: in a list of one
  std::string name_, field_;
  bool in_metadata_ = false, has_metadata_ = false;
  std::optional<DType> dtype_;
  std::optional<std::vector<std::uint64_t>> shape_, offsets_;
};

// Tensors must cover the data without overlap or hole, so that no byte of a file goes unread.
void check_layout(const std::string& operation, const SafetensorsHeader& header, std::uint64_t data_bytes) {
  using Row = std::pair<const std::string, SafetensorsEntry>;
  std::vector<const Row*> rows;
  for (const auto& row : header.tensors) rows.push_back(&row);
  std::ranges::sort(rows, {}, [](const Row* row) { return std::pair(row->second.begin, row->second.end); });
  std::uint64_t at = 0;
  const Row* before = nullptr;
  for (const Row* row : rows) {
    const auto& [name, entry] = *row;
    if (entry.end > data_bytes)
      throw FormatError(operation, "tensor " + in_quotes(name) + " ends at byte " + std::to_string(entry.end) +
                                       " of the data, which has " + std::to_string(data_bytes));
    if (entry.begin < at)
      throw FormatError(operation, "tensors " + in_quotes(before->first) + " and " + in_quotes(name) +
                                       " overlap: one ends at byte " + std::to_string(at) + ", the other begins at " +
                                       std::to_string(entry.begin));
    if (entry.begin > at)
      throw FormatError(operation, "bytes " + std::to_string(at) + " to " + std::to_string(entry.begin) +
                                       " of the data, before tensor " + in_quotes(name) + ", belong to no tensor");
    at = entry.end;
    before = row;
  }
  if (at != data_bytes)
    throw FormatError(operation, "the tensors end at byte " + std::to_string(at) + " of the data, which has " +
                                     std::to_string(data_bytes));
}

std::string json_text(std::string_view operation, const std::string& text) {
  try {
    return json(text).dump();
  } catch (const json::exception&) {
    throw ValueError(operation, in_quotes(text) + " is not UTF-8");
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& operation, std::string_view text,
                                           std::uint64_t data_bytes) {
  if (text.empty() || text.front() != '{') throw FormatError(operation, "the header does not begin with {");
  // The JSON reader takes a zero byte for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    throw FormatError(operation, "the header has a zero byte, at " + std::to_string(zero));
  const std::size_t end = text.find_last_not_of(' ');
  if (text[end] != '}') throw FormatError(operation, "the header does not end with } and spaces");
  SafetensorsHeader header;
  HeaderReader reader(operation, header);
  const std::string_view object = text.substr(0, end + 1);
  json::sax_parse(object.begin(), object.end(), &reader);  // throws, as the reader's callbacks do
  check_layout(operation, header, data_bytes);
  return header;
}

std::string print_safetensors_header(std::string_view operation, const std::vector<SafetensorsItem>& items,
                                     const std::vector<std::pair<std::string, std::string>>& metadata) {
  std::string text = "{";
  if (!metadata.empty()) {
    text.append("\"").append(kMetadata).append("\":{");
    for (const auto& [name, value] : metadata)
      text.append(text.back() == '{' ? "" : ",").append(json_text(operation, name) + ":" + json_text(operation, value));
    text += "}";
  }
  std::uint64_t at = 0;
  for (const SafetensorsItem& item : items) {
    if (item.name == kMetadata) throw ValueError(operation, "a tensor cannot be called " + item.name);
    const std::uint64_t end = at + static_cast<std::uint64_t>(item.shape.numel()) * size_of(item.dtype);
    text.append(text.size() == 1 ? "" : ",").append(json_text(operation, item.name));
    text.append(":{\"dtype\":\"").append(format_name(item.dtype)).append("\",\"shape\":[");
    for (int d = 0; d < item.shape.rank(); ++d) text.append(d > 0 ? "," : "").append(std::to_string(item.shape[d]));
    text.append("],\"data_offsets\":[").append(std::to_string(at) + "," + std::to_string(end)).append("]}");
    at = end;
  }
  text += "}";
  text.append((kSafetensorsPrefix - text.size() % kSafetensorsPrefix) % kSafetensorsPrefix, ' ');
  if (text.size() > kMaxSafetensorsHeader)
    throw ValueError(operation, "the header has " + count_bytes(text.size()) + "; the format allows " +
                                    std::to_string(kMaxSafetensorsHeader));
  std::string prefix(kSafetensorsPrefix, '\0');
  for (std::size_t i = 0; i < prefix.size(); ++i) prefix[i] = static_cast<char>(text.size() >> (8 * i) & 0xff);
  return prefix + text;
}

}  // namespace fornax::io
