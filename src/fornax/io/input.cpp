#include <fornax/io/input.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fornax/array/error.hpp>

namespace fornax::io {

Input::Input(std::string operation, const std::string& path) : operation_(std::move(operation)) {
  // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever; it makes no difference to regular files.
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) throw IoError(operation_, std::generic_category().message(errno));
  struct stat about {};
  const int error = ::fstat(file_, &about) == 0 ? 0 : errno;
  if (error == 0 && S_ISREG(about.st_mode)) {
    size_ = static_cast<std::uint64_t>(about.st_size);
    return;
  }
  ::close(file_);
  throw IoError(operation_, error != 0 ? std::generic_category().message(error) : "it is not a regular file");
}

Input::Input(std::string operation, std::span<const std::byte> bytes)
    : operation_(std::move(operation)), bytes_(bytes), size_(bytes.size()) {}

Input::Input(Input&& other) noexcept
    : operation_(std::move(other.operation_)),
      file_(std::exchange(other.file_, -1)),
      bytes_(other.bytes_),
      size_(other.size_) {}

Input::~Input() {
  if (file_ >= 0) ::close(file_);
}

void Input::read(std::uint64_t offset, std::span<std::byte> to) const {
  if (offset > size_ || to.size() > size_ - offset)
    throw FormatError(operation_, "ends after " + count_bytes(size_) + "; " + count_bytes(to.size()) + " from byte " +
                                      std::to_string(offset) + " on are needed");
  if (file_ < 0) {
    std::ranges::copy(bytes_.subspan(offset, to.size()), to.begin());
    return;
  }
  while (!to.empty()) {
    const ssize_t n = ::pread(file_, to.data(), to.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw IoError(operation_, std::generic_category().message(errno));
    if (n == 0)
      throw FormatError(operation_, "became shorter while it was read; byte " + std::to_string(offset) + " is gone");
    to = to.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

std::string operation_on(std::string_view name, std::string_view subject) {
  return std::string(name).append(" \"").append(subject).append("\"");
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 80;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text.substr(0, longest)) {
    const auto value = static_cast<unsigned char>(c);
    if (value >= 0x20 && value != 0x7f) {
      out += c;
    } else {
      out.append("\\x").append({digits[value / 16], digits[value % 16]});
    }
  }
  return out + (text.size() > longest ? "...\"" : "\"");
}

std::string count_bytes(std::uint64_t n) { return std::to_string(n) + (n == 1 ? " byte" : " bytes"); }

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value * 256 + std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

}  // namespace fornax::io
