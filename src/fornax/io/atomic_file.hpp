#pragma once
// Files that are written as a whole or not at all. Uses nothing of fornax but its errors.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fornax::io {

/// A file on its way to `path`: written under another name in the same directory, moved there by `commit`. Without it, or
/// if anything fails, what was at the path before stays untouched and the part that was written is removed. A process that
/// is killed may leave a file `PATH.PID.N.part` behind, which is of no use to anyone.
///
/// What the path links to is replaced, not the link; a file that is replaced hands its permissions on.
class AtomicFile {
 public:
  /// Errors: IoError with the path and the system's reason, here and in all methods; also if the path leads to something
  /// that is not a regular file, such as a directory or a device.
  AtomicFile(std::string_view operation, const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends.
  void write(std::span<const std::byte> content);
  void write(std::string_view content);
  /// Waits until the content is on the disk, puts it in the place of what was there, and waits for the directory too.
  void commit();

 private:
  [[noreturn]] void fail(int error) const;

  std::string operation_, path_, target_, part_;
  int file_ = -1;
};

/// The same in one step.
void write_file_atomically(std::string_view operation, const std::string& path, std::string_view content);
void write_file_atomically(std::string_view operation, const std::string& path, std::span<const std::byte> content);

}  // namespace fornax::io
