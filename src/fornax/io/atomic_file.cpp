#include <fornax/io/atomic_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#include <fornax/array/error.hpp>

namespace fornax::io {

namespace {

constexpr mode_t kPermissions = 07777;

// The file that a link leads to, so that the link stays; the path itself if there is none.
std::string follow_links(const std::string& path) {
  struct stat at {};
  if (::lstat(path.c_str(), &at) != 0 || !S_ISLNK(at.st_mode)) return path;
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr), std::free);
  return resolved ? std::string(resolved.get()) : path;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno;
  int error = ::fsync(directory) == 0 ? 0 : errno;
  if (error == EINVAL || error == ENOTSUP) error = 0;  // file systems that have no such thing
  ::close(directory);
  return error;
}

}  // namespace

AtomicFile::AtomicFile(std::string_view operation, const std::string& path)
    : operation_(operation), path_(path), target_(follow_links(path)) {
  struct stat before {};
  const bool replaces = ::stat(target_.c_str(), &before) == 0;
  if (replaces && !S_ISREG(before.st_mode))
    throw IoError(operation_, "cannot write \"" + path_ + "\": it is not a regular file");

  // A name of its own for each writer: threads and processes may write the same path at once, and the last one wins.
  static std::atomic<unsigned> writers{0};
  part_ = target_ + "." + std::to_string(::getpid()) + "." + std::to_string(writers.fetch_add(1)) + ".part";
  file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) fail(errno);
  if (replaces && ::fchmod(file_, before.st_mode & kPermissions) != 0) {
    const int error = errno;
    ::close(file_);
    ::unlink(part_.c_str());
    fail(error);
  }
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!part_.empty()) ::unlink(part_.c_str());
}

void AtomicFile::fail(int error) const {
  throw IoError(operation_, "cannot write \"" + path_ + "\": " + std::generic_category().message(error));
}

void AtomicFile::write(std::span<const std::byte> content) {
  while (!content.empty()) {
    const ssize_t n = ::write(file_, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno);
    content = content.subspan(static_cast<std::size_t>(n));
  }
}

void AtomicFile::write(std::string_view content) { write(std::as_bytes(std::span(content.data(), content.size()))); }

void AtomicFile::commit() {
  if (::fsync(file_) != 0) fail(errno);
  const int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail(errno);
  if (std::rename(part_.c_str(), target_.c_str()) != 0) fail(errno);
  part_.clear();
  if (const int error = sync_directory(directory_of(target_)); error != 0) fail(error);
}

void write_file_atomically(std::string_view operation, const std::string& path, std::string_view content) {
  AtomicFile file(operation, path);
  file.write(content);
  file.commit();
}

void write_file_atomically(std::string_view operation, const std::string& path, std::span<const std::byte> content) {
  AtomicFile file(operation, path);
  file.write(content);
  file.commit();
}

}  // namespace fornax::io
