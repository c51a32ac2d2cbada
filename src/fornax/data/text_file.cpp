#include <fornax/data/text_file.hpp>

#include <span>

#include <fornax/io/input.hpp>

namespace fornax::data {

std::string read_text(const std::string& operation, const std::string& path) {
  const io::Input input(operation, path);
  std::string text(input.size(), '\0');
  input.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

std::vector<std::byte> read_bytes(const std::string& operation, const std::string& path) {
  const io::Input input(operation, path);
  std::vector<std::byte> bytes(input.size());
  input.read(0, bytes);
  return bytes;
}

}  // namespace fornax::data
