#pragma once
// Lines of text.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fornax::data {

/// The lines of a file that is held in memory, without their LF or CRLF; a last line needs none.
///
/// Errors:  IoError if the file cannot be read.
class TextLines {
 public:
  explicit TextLines(const std::string& path);
  std::int64_t size() const;
  std::string get(std::int64_t i) const;

 private:
  struct Text {
    std::string text;
    std::vector<std::size_t> begins;  // of each line, and of what would follow the last
  };
  std::shared_ptr<const Text> text_;
};

/// The same for files of any size: lines that come one after the other.
///
/// Errors:  IoError if the file cannot be read, when it is streamed; FormatError for a line of more than `longest` bytes.
class LineStream {
 public:
  explicit LineStream(std::string path, std::size_t longest = std::size_t{1} << 24)
      : path_(std::move(path)), longest_(longest) {}

  class Stream {
   public:
    Stream(const std::string& path, std::size_t longest);
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;
    ~Stream();
    std::optional<std::string> next();

   private:
    struct File;
    std::unique_ptr<File> file_;
  };
  Stream stream() const { return Stream(path_, longest_); }

 private:
  std::string path_;
  std::size_t longest_;
};

}  // namespace fornax::data
