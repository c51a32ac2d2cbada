#pragma once
// What the readers of this room read from: bytes at positions, in a file or in memory.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fornax::io {

/// A regular file, or bytes that someone else keeps. Reading does not move anything: several threads may read.
class Input {
 public:
  /// Throws IoError if the file cannot be opened or is not a regular one, so that its size is known.
  Input(std::string operation, const std::string& path);
  /// `bytes` must outlive this.
  Input(std::string operation, std::span<const std::byte> bytes);
  ~Input();
  Input(Input&& other) noexcept;
  Input& operator=(Input&&) = delete;

  /// What errors are to begin with: `read_npy "x.npy"`.
  const std::string& operation() const { return operation_; }
  std::uint64_t size() const { return size_; }
  /// The bytes from `offset` on. Throws FormatError if the input ends before, IoError if the system refuses.
  void read(std::uint64_t offset, std::span<std::byte> to) const;

 private:
  std::string operation_;
  int file_ = -1;
  std::span<const std::byte> bytes_;
  std::uint64_t size_ = 0;
};

/// `name "subject"`, the way in which readers begin their errors.
std::string operation_on(std::string_view name, std::string_view subject);

/// Text of a file as it may stand in a message: in quotes, shortened, with what is not printable as \xNN.
std::string in_quotes(std::string_view text);

/// "1 byte", "2 bytes".
std::string count_bytes(std::uint64_t n);

/// An unsigned number of 2, 4 or 8 bytes, least significant byte first.
std::uint64_t little_endian(std::span<const std::byte> bytes);

}  // namespace fornax::io
