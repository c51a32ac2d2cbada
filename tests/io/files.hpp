#pragma once
// Files for the tests of records: those that last as long as a test, and those made by other programs.

#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <string>
#include <string_view>

#include <data/files.hpp>

namespace fornax::test {

/// A file of tests/io/data. They are printed by safetensors 0.8.0 and NumPy 2.4.6 by make.py beside them.
inline std::string golden(const std::string& name) { return (std::filesystem::path(FORNAX_TEST_DATA) / name).string(); }

inline Bytes contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(in) << path;
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline Bytes bytes_of_text(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

/// Number of things in a directory.
inline std::ptrdiff_t files_in(const std::string& directory) {
  return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
}

}  // namespace fornax::test
