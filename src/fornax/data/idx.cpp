#include <fornax/data/idx.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <fornax/array/error.hpp>

namespace fornax {

namespace {

/// Fills the span from its front and returns the number of bytes; fewer than asked for mean the end of the input.
using Read = std::function<std::size_t(std::span<std::byte>)>;

struct ElementType {
  unsigned code;
  DType dtype;
};
constexpr ElementType kElementTypes[] = {
    {0x08, DType::U8},  {0x09, DType::I8},  {0x0B, DType::I16},
    {0x0C, DType::I32}, {0x0D, DType::F32}, {0x0E, DType::F64},
};

std::string hex(std::byte value) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto v = std::to_integer<std::size_t>(value);
  return {digits[v / 16], digits[v % 16]};
}

std::string count_bytes(std::uint64_t n) { return std::to_string(n) + (n == 1 ? " byte" : " bytes"); }

// --- The format -------------------------------------------------------------------------------------------------------

struct Header {
  Shape shape;
  DType dtype = DType::U8;
  std::size_t bytes = 0;  // of the header itself
};

DType element_type(const std::string& operation, std::byte code) {
  const auto* const found = std::find_if(std::begin(kElementTypes), std::end(kElementTypes),
                                         [&](const ElementType& t) { return std::byte(t.code) == code; });
  if (found == std::end(kElementTypes))
    throw FormatError(operation,
                      "element type " + hex(code) +
                          " is unknown; expected 08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or 0e (f64)");
  return found->dtype;
}

// Two zero bytes, the element type, the rank, then the sizes as 32-bit integers, most significant byte first.
Header read_header(const std::string& operation, const Read& read) {
  std::array<std::byte, 4> magic{};
  const std::size_t got = read(magic);
  if (got == 0) throw FormatError(operation, "the file is empty; IDX starts with 4 bytes: 00 00, element type, rank");
  if (got < magic.size())
    throw FormatError(operation, "ends after " + count_bytes(got) + "; IDX starts with 4: 00 00, element type, rank");
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0})
    throw FormatError(operation, "starts with " + hex(magic[0]) + " " + hex(magic[1]) + "; IDX starts with 00 00");

  Header header;
  header.dtype = element_type(operation, magic[2]);
  const auto rank = std::to_integer<std::size_t>(magic[3]);
  if (rank > kMaxRank)
    throw FormatError(operation, "rank " + std::to_string(rank) + " is above " + std::to_string(kMaxRank));

  std::array<std::byte, std::size_t{4} * kMaxRank> sizes{};
  const std::size_t size_bytes = read(std::span(sizes).first(4 * rank));
  header.bytes = magic.size() + 4 * rank;
  if (size_bytes < 4 * rank)
    throw FormatError(operation, "ends after " + count_bytes(magic.size() + size_bytes) + "; a header of rank " +
                                     std::to_string(rank) + " has " + std::to_string(header.bytes));
  std::array<std::int64_t, kMaxRank> dims{};
  for (std::size_t i = 0; i < 4 * rank; ++i) dims[i / 4] = dims[i / 4] * 256 + std::to_integer<std::int64_t>(sizes[i]);
  try {
    header.shape = Shape(std::span<const std::int64_t>(dims.data(), rank));
  } catch (const ShapeError& e) {
    throw FormatError(operation, std::string("the header is impossible: ") + e.what());
  }
  return header;
}

// The next n bytes, or as many as there are. The buffer grows with what has arrived, never by the header's claim alone.
std::vector<std::byte> read_elements(const Read& read, std::uint64_t n) {
  constexpr std::uint64_t first_step = 65536;
  std::vector<std::byte> data;
  while (data.size() < n) {
    const std::uint64_t have = data.size();
    const std::uint64_t step = std::min(n - have, std::max(have, first_step));
    data.resize(have + step);
    const std::size_t got = read(std::span(data).subspan(have));
    if (got < step) {
      data.resize(have + got);
      break;
    }
  }
  return data;
}

void big_endian_to_host(std::span<std::byte> data, std::size_t element) {
  if (std::endian::native == std::endian::big || element == 1) return;
  for (std::size_t i = 0; i < data.size(); i += element) std::ranges::reverse(data.subspan(i, element));
}

TensorData parse(const std::string& operation, const Read& read) try {
  const Header header = read_header(operation, read);
  const std::string what = std::string(name(header.dtype)) + " " + header.shape.str();
  // Shape keeps the number of elements below 2^59, so that 8 bytes each stay within 64 bits.
  const std::uint64_t bytes = static_cast<std::uint64_t>(header.shape.numel()) * size_of(header.dtype);

  const std::vector<std::byte> elements = read_elements(read, bytes);
  if (elements.size() < bytes)
    throw FormatError(operation, "ends after " + count_bytes(elements.size()) + " of data; " + what + " needs " +
                                     std::to_string(bytes));
  std::array<std::byte, 1> more{};
  if (read(more) != 0)
    throw FormatError(operation, "goes on after its last element; a header of " + count_bytes(header.bytes) + " and " +
                                     what + " need " + std::to_string(header.bytes + bytes));

  TensorData out(header.shape, header.dtype);
  std::ranges::copy(elements, out.bytes().begin());
  big_endian_to_host(out.bytes(), size_of(header.dtype));
  return out;
} catch (const std::bad_alloc&) {
  throw OutOfMemory(operation, "no memory for the data");
} catch (const std::length_error&) {
  throw OutOfMemory(operation, "no memory for the data");
}

// --- The file ---------------------------------------------------------------------------------------------------------

// zlib unpacks what starts with gzip's magic number and hands anything else through as it is.
class GzipFile {
 public:
  GzipFile(std::string operation, const std::string& path) : operation_(std::move(operation)) {
    errno = 0;
    file_.reset(gzopen(path.c_str(), "rbe"));  // e: not inherited by child processes
    if (!file_ && errno == 0) throw OutOfMemory(operation_, "no memory to open the file");
    if (!file_) throw IoError(operation_, std::generic_category().message(errno));
    gzbuffer(file_.get(), kStep);
  }

  std::size_t read(std::span<std::byte> to) {
    std::size_t done = 0;
    while (done < to.size()) {
      const auto step = static_cast<unsigned>(std::min<std::size_t>(to.size() - done, kStep));
      const int got = gzread(file_.get(), to.data() + done, step);
      if (got <= 0) {
        check();
        break;
      }
      done += static_cast<std::size_t>(got);
      unpacked_ += static_cast<std::uint64_t>(got);
    }
    return done;
  }

 private:
  static constexpr unsigned kStep = 128 * 1024;

  struct Close {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };

  // gzread returns what it could unpack before an error, so that the end of the data may hide one.
  void check() {
    const int reason = errno;
    int code = Z_OK;
    const char* const text = gzerror(file_.get(), &code);
    switch (code) {
      case Z_OK:
      case Z_STREAM_END: return;
      case Z_ERRNO: throw IoError(operation_, std::generic_category().message(reason));
      case Z_MEM_ERROR: throw OutOfMemory(operation_, "no memory to unpack the file");
      default: break;
    }
    // zlib's words begin with the path, which the message has already.
    std::string_view detail = text == nullptr ? "" : text;
    if (const std::size_t colon = detail.rfind(": "); colon != std::string_view::npos) detail.remove_prefix(colon + 2);
    throw FormatError(operation_, std::string("the gzip stream is damaged: ")
                                      .append(detail)
                                      .append("; " + count_bytes(unpacked_) + " could be read"));
  }

  std::string operation_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::uint64_t unpacked_ = 0;
};

}  // namespace

TensorData read_idx(const std::string& path) {
  const std::string operation = "read_idx \"" + path + "\"";
  GzipFile file(operation, path);
  return parse(operation, [&](std::span<std::byte> to) { return file.read(to); });
}

TensorData read_idx_bytes(std::span<const std::byte> bytes, std::string_view name) {
  return parse(std::string("read_idx_bytes \"").append(name).append("\""), [&](std::span<std::byte> to) {
    const auto part = bytes.first(std::min(bytes.size(), to.size()));
    std::ranges::copy(part, to.begin());
    bytes = bytes.subspan(part.size());
    return part.size();
  });
}

}  // namespace fornax
