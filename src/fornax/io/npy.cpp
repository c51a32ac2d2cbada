#include <fornax/io/npy.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fornax/array/error.hpp>
#include <fornax/io/atomic_file.hpp>
#include <fornax/io/input.hpp>

namespace fornax::io {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
// Longer headers have structured dtypes, which are refused anyway.
constexpr std::uint64_t kMaxHeader = 1 << 20;

struct NamedDType {
  std::string_view name;
  DType dtype;
};
constexpr NamedDType kDTypes[] = {
    {"f8", DType::F64}, {"f4", DType::F32}, {"f2", DType::F16}, {"i8", DType::I64},  {"i4", DType::I32},
    {"i2", DType::I16}, {"i1", DType::I8},  {"u1", DType::U8},  {"b1", DType::Bool},
};

struct Header {
  DType dtype = DType::F32;
  bool big_endian = false, fortran_order = false;
  Shape shape;
};

// Reads the Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } and nothing else.
class HeaderReader {
 public:
  HeaderReader(const std::string& operation, std::string_view text) : operation_(operation), text_(text) {}

  Header read() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string_view key = word();
      expect(':');
      bool& there = key == "descr" ? has_descr : key == "fortran_order" ? has_order : has_shape;
      if (key != "descr" && key != "fortran_order" && key != "shape") fail("the key " + in_quotes(key) + " is unknown");
      if (there) fail("the key " + in_quotes(key) + " is there twice");
      there = true;
      if (key == "descr") {
        read_descr(header);
      } else if (key == "shape") {
        header.shape = read_shape();
      } else {
        header.fortran_order = read_bool();
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    if (!has_descr || !has_order || !has_shape)
      fail(std::string(!has_descr ? "descr" : !has_order ? "fortran_order" : "shape") + " is missing");
    skip_space();
    if (at_ != text_.size()) fail("text follows the dictionary");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& detail) const {
    throw FormatError(operation_, "the header is wrong at its byte " + std::to_string(at_) + ": " + detail);
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(std::string("expected ") + c);
  }
  std::string_view word() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"' && !take('"')) fail("expected a quoted text");
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) fail("a text has no end");
    const std::string_view found = text_.substr(at_, end - at_);
    at_ = end + 1;
    return found;
  }
  bool read_bool() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view name = value ? "True" : "False";
      if (!text_.substr(at_).starts_with(name)) continue;
      at_ += name.size();
      return value;
    }
    fail("fortran_order is neither True nor False");
  }
  void read_descr(Header& header) {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') fail("a structured dtype, which fornax has not");
    const std::string_view descr = word();
    const std::string_view type = descr.empty() ? descr : descr.substr(1);
    const auto* const found = std::ranges::find(kDTypes, type, &NamedDType::name);
    const bool known_order = !descr.empty() && std::string_view("<>|=").find(descr[0]) != std::string_view::npos;
    if (!known_order || found == std::end(kDTypes) || (descr[0] == '|' && size_of(found->dtype) > 1))
      fail("dtype " + in_quotes(descr) + " is unknown; expected f2 f4 f8 i1 i2 i4 i8 u1 or b1 behind < or > or |");
    header.dtype = found->dtype;
    header.big_endian = descr[0] == '>';
  }
  Shape read_shape() {
    std::vector<std::int64_t> dims;
    expect('(');
    while (!take(')')) {
      skip_space();
      std::int64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) fail("expected a size");
      at_ = static_cast<std::size_t>(end - text_.data());
      if (dims.size() == kMaxRank) fail("more than " + std::to_string(kMaxRank) + " dims");
      dims.push_back(size);
      // (3) is a number to Python; a tuple of one has a comma.
      if (!take(',')) {
        if (dims.size() == 1) fail("expected a comma after the only size");
        expect(')');
        break;
      }
    }
    try {
      return Shape(std::span<const std::int64_t>(dims));
    } catch (const ShapeError& e) {
      fail(e.what());
    }
  }

  const std::string& operation_;
  std::string_view text_;
  std::size_t at_ = 0;
};

void swap_bytes(std::span<std::byte> data, std::size_t element) {
  for (std::size_t i = 0; i < data.size(); i += element) std::ranges::reverse(data.subspan(i, element));
}

// Elements whose first dim varies fastest, in the order in which the last one does.
TensorData to_row_major(const TensorData& columns) {
  const Shape& shape = columns.shape();
  const std::size_t size = size_of(columns.dtype());
  TensorData out(shape, columns.dtype());
  Strides steps{};
  std::int64_t step = 1;
  for (int d = 0; d < shape.rank(); ++d) {
    steps[static_cast<std::size_t>(d)] = step;
    step *= shape[d];
  }
  Strides at{};
  std::int64_t from = 0;
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    std::ranges::copy(columns.bytes().subspan(static_cast<std::size_t>(from) * size, size),
                      out.bytes().begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(i) * size));
    for (int d = shape.rank() - 1; d >= 0; --d) {
      const auto k = static_cast<std::size_t>(d);
      from += steps[k];
      if (++at[k] < shape[d]) break;
      from -= steps[k] * shape[d];
      at[k] = 0;
    }
  }
  return out;
}

TensorData parse(const Input& input) {
  const std::string& operation = input.operation();
  std::byte start[8];
  if (input.size() < sizeof(start))
    throw FormatError(operation,
                      "ends after " + count_bytes(input.size()) + "; .npy begins with 8: \\x93NUMPY, version");
  input.read(0, start);
  if (!std::ranges::equal(kMagic, std::span(start).first(6), {}, {}, [](std::byte b) { return static_cast<char>(b); }))
    throw FormatError(operation, "does not begin with \\x93NUMPY");
  const int version = std::to_integer<int>(start[6]);
  if (version < 1 || version > 3 || start[7] != std::byte{0})
    throw FormatError(operation, "version " + std::to_string(version) + "." +
                                     std::to_string(std::to_integer<int>(start[7])) +
                                     " is unknown; expected 1.0, 2.0 or 3.0");

  std::byte length[4];
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  input.read(sizeof(start), std::span(length).first(length_bytes));
  const std::uint64_t header_size = little_endian(std::span(length).first(length_bytes));
  if (header_size > kMaxHeader)
    throw FormatError(operation, "a header of " + count_bytes(header_size) + " is announced; " +
                                     std::to_string(kMaxHeader) + " are the most");
  const std::uint64_t header_begin = sizeof(start) + length_bytes;
  if (header_size > input.size() - header_begin)
    throw FormatError(operation, "a header of " + count_bytes(header_size) + " is announced, and " +
                                     std::to_string(input.size() - header_begin) + " follow");
  std::string text(header_size, ' ');
  input.read(header_begin, std::as_writable_bytes(std::span(text)));
  const Header header = HeaderReader(operation, text).read();

  const std::uint64_t begin = header_begin + header_size;
  const std::uint64_t needed = static_cast<std::uint64_t>(header.shape.numel()) * size_of(header.dtype);
  if (needed != input.size() - begin)
    throw FormatError(operation, std::string(name(header.dtype)) + " " + header.shape.str() + " needs " +
                                     count_bytes(needed) + "; " + std::to_string(input.size() - begin) +
                                     " follow the header");
  TensorData data(header.shape, header.dtype);
  input.read(begin, data.bytes());
  if (header.dtype == DType::Bool && std::ranges::any_of(data.bytes(), [](std::byte b) { return b > std::byte{1}; }))
    throw FormatError(operation, "a bool is neither 0 nor 1");
  if (header.big_endian) swap_bytes(data.bytes(), size_of(header.dtype));
  return header.fortran_order && header.shape.rank() > 1 ? to_row_major(data) : data;
}

std::string print_header(const TensorData& data) {
  const auto* const found = std::ranges::find(kDTypes, data.dtype(), &NamedDType::dtype);
  if (found == std::end(kDTypes)) throw DTypeError("write_npy", "NumPy has no bf16; convert to f32");
  std::string shape;
  for (const std::int64_t size : data.shape().dims()) shape += std::to_string(size) + ", ";
  // Python writes (3,) but (2, 3).
  if (data.shape().rank() > 0) shape.resize(shape.size() - (data.shape().rank() == 1 ? 1 : 2));
  std::string text = "{'descr': '" + std::string(size_of(data.dtype()) == 1 ? "|" : "<") + std::string(found->name) +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr std::size_t before = 10, alignment = 64;  // of the elements, as the format asks for
  text.append(alignment - (before + text.size() + 1) % alignment, ' ');
  text += '\n';
  std::string header = std::string(kMagic) + std::string("\x01\x00", 2);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace

TensorData read_npy(const std::string& path) { return parse(Input(operation_on("read_npy", path), path)); }

TensorData read_npy_bytes(std::span<const std::byte> bytes, std::string_view name) {
  return parse(Input(operation_on("read_npy_bytes", name), bytes));
}

void write_npy(const std::string& path, const TensorData& data) {
  const std::string header = print_header(data);
  AtomicFile file("write_npy", path);
  file.write(header);
  file.write(data.bytes());
  file.commit();
}

std::vector<std::byte> npy_bytes(const TensorData& data) {
  const std::string header = print_header(data);
  const auto head = std::as_bytes(std::span(header));
  std::vector<std::byte> bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), data.bytes().begin(), data.bytes().end());
  return bytes;
}

}  // namespace fornax::io
