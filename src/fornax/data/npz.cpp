#include <fornax/data/npz.hpp>

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/io/atomic_file.hpp>
#include <fornax/io/input.hpp>
#include <fornax/io/npy.hpp>

namespace fornax::io {

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::uint64_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr std::uint64_t k16 = 0xffff, k32 = 0xffffffff;
constexpr std::uint64_t kExtra64 = 1, kExtra64Header = 4;  // the extra field with what needs 64 bits
constexpr int kStored = 0, kDeflated = 8;
// Deflate makes at most 1032 bytes of one (zlib's technical details), and a little for the last block.
constexpr std::uint64_t kMostPerByte = 1032, kMostExtra = 1024;

// A part of the archive, read field by field.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t left() const { return bytes_.size(); }
  std::span<const std::byte> take(std::size_t n) {
    const auto part = bytes_.first(n);
    bytes_ = bytes_.subspan(n);
    return part;
  }
  std::uint64_t number(std::size_t n) { return little_endian(take(n)); }
  void skip(std::size_t n) { take(n); }

 private:
  std::span<const std::byte> bytes_;
};

// Runs zlib, which counts in 32 bits, over any number of bytes; gives its last code.
template <class F> int in_steps(z_stream& stream, const Bytes& in, Bytes& out, const F& run) {
  static_assert(sizeof(stream.total_in) == 8);
  constexpr std::size_t step = std::numeric_limits<uInt>::max();
  int code = Z_OK;
  while (code == Z_OK) {
    const std::size_t left = in.size() - stream.total_in;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data() + stream.total_in));
    stream.avail_in = static_cast<uInt>(std::min(left, step));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + stream.total_out);
    stream.avail_out = static_cast<uInt>(std::min(out.size() - stream.total_out, step));
    code = run(left <= step);
  }
  return code;
}

struct Entry {
  std::string name;
  int method = 0;
  std::uint64_t crc = 0, packed = 0, unpacked = 0, offset = 0;
};

class Archive {
 public:
  explicit Archive(const Input& input) : input_(input) {}

  std::vector<Entry> entries() {
    const auto [count, size, offset] = find_directory();
    const Bytes directory = read(offset, size, "the directory");
    Fields at(directory);
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < count; ++i) entries.push_back(read_entry(at));
    if (at.left() != 0) fail(count_bytes(at.left()) + " follow the last entry of the directory");
    // Entries that share their bytes would multiply them.
    std::uint64_t total = 0;
    for (const Entry& entry : entries)
      if (entry.packed > input_.size() || (total += entry.packed) > input_.size()) fail("the entries overlap");
    return entries;
  }

  Bytes unpack(const Entry& entry) const {
    const std::string what = "entry " + in_quotes(entry.name);
    const Bytes local = read(entry.offset, kLocalSize, what);
    Fields at(local);
    if (at.number(4) != kLocal) fail(what + " has no header at byte " + std::to_string(entry.offset));
    at.skip(22);
    const std::uint64_t name_size = at.number(2), extra_size = at.number(2);
    const std::uint64_t begin = entry.offset + kLocalSize + name_size + extra_size;
    Bytes packed = read(begin, entry.packed, what);
    Bytes content = entry.method == kStored ? std::move(packed) : inflate(packed, entry, what);
    const std::uint64_t crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
    if (crc != entry.crc) fail(what + " is damaged: its checksum differs");
    return content;
  }

 private:
  struct Directory {
    std::uint64_t count, size, offset;
  };

  [[noreturn]] void fail(const std::string& detail) const { throw FormatError(input_.operation(), detail); }

  Bytes read(std::uint64_t offset, std::uint64_t size, const std::string& what) const {
    if (offset > input_.size() || size > input_.size() - offset)
      fail(what + " lies outside of the file: " + count_bytes(size) + " from byte " + std::to_string(offset) + " of " +
           std::to_string(input_.size()));
    Bytes bytes(size);
    input_.read(offset, bytes);
    return bytes;
  }

  // The directory's place stands at the end of the file, before a comment of at most 64 KiB.
  Directory find_directory() const {
    const std::uint64_t tail_size = std::min<std::uint64_t>(input_.size(), kEndSize + k16);
    const std::uint64_t tail_begin = input_.size() - tail_size;
    const Bytes tail = read(tail_begin, tail_size, "the end");
    for (std::uint64_t i = tail_size < kEndSize ? 0 : tail_size - kEndSize + 1; i-- > 0;) {
      Fields at{std::span<const std::byte>(tail).subspan(i)};
      if (at.number(4) != kEnd) continue;
      const std::uint64_t disk = at.number(2), directory_disk = at.number(2), here = at.number(2);
      Directory found{at.number(2), at.number(4), at.number(4)};
      if (at.number(2) != at.left()) continue;  // the signature was a part of the comment
      if (disk != 0 || directory_disk != 0 || here != found.count) fail("the archive has several parts");
      if (found.count == k16 || found.size == k32 || found.offset == k32) found = find_directory64(tail_begin + i);
      if (found.count > found.size / kCentralSize)
        fail("a directory of " + count_bytes(found.size) + " cannot have " + std::to_string(found.count) + " entries");
      return found;
    }
    fail("it is no zip archive: there is no end of a directory");
  }

  Directory find_directory64(std::uint64_t end) const {
    if (end < kLocator64Size) fail("the place of the 64-bit directory is missing");
    const Bytes locator = read(end - kLocator64Size, kLocator64Size, "the place of the 64-bit directory");
    Fields at(locator);
    if (at.number(4) != kLocator64 || at.number(4) != 0) fail("the place of the 64-bit directory is missing");
    const Bytes record = read(at.number(8), kEnd64Size, "the 64-bit directory's end");
    Fields fields(record);
    if (fields.number(4) != kEnd64) fail("the 64-bit directory's end is not where it should be");
    fields.skip(28);
    const std::uint64_t count = fields.number(8), size = fields.number(8);
    return {count, size, fields.number(8)};
  }

  Entry read_entry(Fields& at) const {
    if (at.left() < kCentralSize || at.number(4) != kCentral) fail("the directory is damaged");
    at.skip(4);
    const std::uint64_t flags = at.number(2);
    Entry entry;
    entry.method = static_cast<int>(at.number(2));
    at.skip(4);
    entry.crc = at.number(4);
    entry.packed = at.number(4);
    entry.unpacked = at.number(4);
    const std::uint64_t name_size = at.number(2), extra_size = at.number(2), comment_size = at.number(2);
    at.skip(8);
    entry.offset = at.number(4);
    if (at.left() < name_size + extra_size + comment_size) fail("the directory is damaged");
    const auto name = at.take(name_size);
    entry.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
    read_extra(entry, Fields(at.take(extra_size)));
    at.skip(comment_size);

    const std::string what = "entry " + in_quotes(entry.name);
    if ((flags & 1U) != 0) fail(what + " is encrypted");
    if (entry.method != kStored && entry.method != kDeflated)
      fail(what + " is packed by method " + std::to_string(entry.method) + "; expected 0 (stored) or 8 (deflate)");
    if (entry.method == kStored && entry.packed != entry.unpacked) fail(what + " is stored, and has two sizes");
    return entry;
  }

  // Sizes that do not fit into 32 bits stand in an extra field, those that need it alone, in this order.
  void read_extra(Entry& entry, Fields extra) const {
    while (extra.left() >= 4) {
      const std::uint64_t id = extra.number(2), size = extra.number(2);
      if (size > extra.left()) return;
      Fields field{extra.take(size)};
      if (id != kExtra64) continue;
      for (std::uint64_t* value : {&entry.unpacked, &entry.packed, &entry.offset})
        if (*value == k32 && field.left() >= 8) *value = field.number(8);
    }
  }

  Bytes inflate(const Bytes& packed, const Entry& entry, const std::string& what) const {
    if (entry.unpacked > packed.size() * kMostPerByte + kMostExtra)
      fail(what + " announces " + count_bytes(entry.unpacked) + " and has " + std::to_string(packed.size()) +
           " to make them of");
    Bytes out(entry.unpacked);
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw OutOfMemory(input_.operation(), "no memory to unpack");
    const int code = in_steps(stream, packed, out, [&](bool) { return ::inflate(&stream, Z_NO_FLUSH); });
    const std::uint64_t in = stream.total_in, done = stream.total_out;
    inflateEnd(&stream);
    if (code == Z_MEM_ERROR) throw OutOfMemory(input_.operation(), "no memory to unpack");
    if (code != Z_STREAM_END || done != out.size() || in != packed.size())
      fail(what + " is damaged: " + std::to_string(done) + " of " + count_bytes(out.size()) + " could be unpacked");
    return out;
  }

  const Input& input_;
};

NamedData parse(const Input& input) {
  constexpr std::string_view suffix = ".npy";
  Archive archive(input);
  NamedData data;
  for (const Entry& entry : archive.entries()) {
    if (!entry.name.ends_with(suffix))
      throw FormatError(input.operation(), "entry " + in_quotes(entry.name) + " is no .npy file");
    const std::string name = entry.name.substr(0, entry.name.size() - suffix.size());
    if (data.contains(name)) throw FormatError(input.operation(), in_quotes(name) + " is there twice");
    try {
      data.emplace(name, read_npy_bytes(archive.unpack(entry), entry.name));
    } catch (const FormatError& e) {
      if (e.operation() == input.operation()) throw;
      throw FormatError(input.operation(), e.what());
    }
  }
  return data;
}

// --- Writing ----------------------------------------------------------------------------------------------------------

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

Bytes deflate(const Bytes& content) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw OutOfMemory("write_npz", "no memory to pack");
  Bytes out(deflateBound(&stream, static_cast<uLong>(content.size())));
  const int code =
      in_steps(stream, content, out, [&](bool last) { return ::deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH); });
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) throw OutOfMemory("write_npz", "no memory to pack");
  return out;
}

}  // namespace

NamedData read_npz(const std::string& path) { return parse(Input(operation_on("read_npz", path), path)); }

NamedData read_npz_bytes(std::span<const std::byte> bytes, std::string_view name) {
  return parse(Input(operation_on("read_npz_bytes", name), bytes));
}

void write_npz(const std::string& path, const NamedData& data, Packing packing) {
  constexpr std::string_view operation = "write_npz";
  constexpr std::uint64_t version = 45, utf8 = 0x800, midnight_1980 = 0x0021;  // no time: equal content, equal bytes
  AtomicFile file(operation, path);
  std::string directory;
  std::uint64_t at = 0;
  const auto write = [&](auto bytes) {
    file.write(bytes);
    at += bytes.size();
  };
  // Sizes and places are always written in 64 bits, as NumPy does it: one form, whatever they are.
  for (const auto& [key, values] : data) {
    const std::string name = key + ".npy";
    if (name.size() > k16) throw ValueError(operation, "the name " + in_quotes(key) + " is longer than 65535 bytes");
    const Bytes content = npy_bytes(values);
    const Bytes packed = packing == Packing::Deflated ? deflate(content) : Bytes();
    const Bytes& stored = packing == Packing::Deflated ? packed : content;
    std::string common;
    put(common, version, 2);
    put(common, utf8, 2);
    put(common, packing == Packing::Deflated ? kDeflated : kStored, 2);
    put(common, 0, 2);
    put(common, midnight_1980, 2);
    put(common, crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()), 4);
    put(common, k32, 4);
    put(common, k32, 4);
    put(common, name.size(), 2);
    std::string sizes;
    put(sizes, content.size(), 8);
    put(sizes, stored.size(), 8);

    put(directory, kCentral, 4);
    put(directory, version, 2);
    directory += common;
    put(directory, kExtra64Header + sizes.size() + 8, 2);
    directory.append(2 + 2 + 2 + 4, '\0');  // comment, parts, attributes
    put(directory, k32, 4);
    directory += name;
    put(directory, kExtra64, 2);
    put(directory, sizes.size() + 8, 2);
    directory += sizes;
    put(directory, at, 8);

    std::string local;
    put(local, kLocal, 4);
    local += common;
    put(local, kExtra64Header + sizes.size(), 2);
    local += name;
    put(local, kExtra64, 2);
    put(local, sizes.size(), 2);
    local += sizes;
    write(std::string_view(local));
    write(std::span<const std::byte>(stored));
  }
  std::string end;
  put(end, kEnd64, 4);
  put(end, kEnd64Size - 12, 8);
  put(end, version, 2);
  put(end, version, 2);
  put(end, 0, 8);
  put(end, data.size(), 8);
  put(end, data.size(), 8);
  put(end, directory.size(), 8);
  put(end, at, 8);
  put(end, kLocator64, 4);
  put(end, 0, 4);
  put(end, at + directory.size(), 8);
  put(end, 1, 4);
  put(end, kEnd, 4);
  put(end, 0, 4);
  put(end, k16, 2);
  put(end, k16, 2);
  put(end, k32, 4);
  put(end, k32, 4);
  put(end, 0, 2);
  write(std::string_view(directory));
  write(std::string_view(end));
  file.commit();
}

}  // namespace fornax::io
