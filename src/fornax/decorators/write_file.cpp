#include <fornax/decorators/write_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fornax/array/error.hpp>

namespace fornax {

namespace {

[[noreturn]] void fail(std::string_view operation, const std::string& path, int error) {
  throw IoError(operation, "cannot write \"" + path + "\": " + std::strerror(error));
}

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(file, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

void write_file(std::string_view operation, const std::string& path, std::string_view content) {
  // A name of its own for each writer: threads and processes may write the same path at once, and the last one wins.
  static std::atomic<unsigned> writers{0};
  const std::string part =
      path + "." + std::to_string(::getpid()) + "." + std::to_string(writers.fetch_add(1)) + ".part";
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) fail(operation, path, errno);
  int error = write_all(file, content) && ::fsync(file) == 0 ? 0 : errno;
  if (::close(file) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(part.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return;
  ::unlink(part.c_str());
  fail(operation, path, error);
}

}  // namespace fornax
