#include <fornax/data/text_lines.hpp>

#include <algorithm>
#include <span>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/data/dataset.hpp>
#include <fornax/data/text_file.hpp>
#include <fornax/io/input.hpp>

namespace fornax::data {

namespace {

std::string without_return(std::string line) {
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace

TextLines::TextLines(const std::string& path) {
  auto text = std::make_shared<Text>();
  text->text = read_text(io::operation_on("TextLines", path), path);
  text->begins.push_back(0);
  for (std::size_t at = text->text.find('\n'); at != std::string::npos; at = text->text.find('\n', at + 1))
    text->begins.push_back(at + 1);
  // What follows the last line feed is a line too, unless it is empty.
  if (text->begins.back() != text->text.size()) text->begins.push_back(text->text.size() + 1);
  text_ = std::move(text);
}

std::int64_t TextLines::size() const { return static_cast<std::int64_t>(text_->begins.size()) - 1; }

std::string TextLines::get(std::int64_t i) const {
  check_item("TextLines", i, size());
  const std::size_t begin = text_->begins[static_cast<std::size_t>(i)],
                    next = text_->begins[static_cast<std::size_t>(i) + 1];
  return without_return(text_->text.substr(begin, next - 1 - begin));
}

struct LineStream::Stream::File {
  File(const std::string& path, std::size_t longest_line)
      : input(io::operation_on("LineStream", path), path), longest(longest_line) {}

  // The bytes up to the next line feed; false if nothing is left.
  bool next(std::string& line) {
    line.clear();
    while (true) {
      const std::string_view rest = std::string_view(buffer).substr(at);
      const std::size_t length = std::min(rest.find('\n'), rest.size());
      line.append(rest.substr(0, length));
      if (line.size() > longest)
        throw FormatError(input.operation(),
                          "line " + std::to_string(number) + " is longer than " + io::count_bytes(longest));
      at += length;
      if (at < buffer.size()) {
        ++at;
        ++number;
        return true;
      }
      if (offset == input.size()) return !line.empty();
      buffer.resize(std::min<std::uint64_t>(kStep, input.size() - offset));
      input.read(offset, std::as_writable_bytes(std::span(buffer)));
      offset += buffer.size();
      at = 0;
    }
  }

  static constexpr std::uint64_t kStep = 1 << 16;
  io::Input input;
  std::size_t longest, at = 0;
  std::uint64_t offset = 0;
  std::int64_t number = 1;
  std::string buffer;
};

LineStream::Stream::Stream(const std::string& path, std::size_t longest)
    : file_(std::make_unique<File>(path, longest)) {}
LineStream::Stream::Stream(Stream&&) noexcept = default;
LineStream::Stream& LineStream::Stream::operator=(Stream&&) noexcept = default;
LineStream::Stream::~Stream() = default;

std::optional<std::string> LineStream::Stream::next() {
  std::string line;
  if (!file_->next(line)) return std::nullopt;
  return without_return(std::move(line));
}

}  // namespace fornax::data
