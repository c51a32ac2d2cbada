#pragma once
// Files that last as long as a test.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <ios>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>

namespace fornax::test {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::initializer_list<int> values) {
  Bytes out;
  for (const int v : values) out.push_back(static_cast<std::byte>(v));
  return out;
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// IDX: the element type's code, the sizes, the elements as they lie in the file.
inline Bytes idx_bytes(int type, const std::vector<std::uint32_t>& sizes, const Bytes& elements) {
  Bytes out = bytes_of({0, 0, type, static_cast<int>(sizes.size())});
  for (const std::uint32_t n : sizes)
    for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::byte>(n >> shift));
  return out + elements;
}

/// A directory of this process and test alone, removed with what it holds.
class TempDir {
 public:
  TempDir() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            ("fornax_" + std::to_string(::getpid()) + "_" + test->test_suite_name() + "_" + test->name());
    std::filesystem::create_directories(path_);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_.string(); }
  std::string path(const std::string& file) const { return (path_ / file).string(); }

  /// Path of a file with these contents.
  std::string write(const std::string& file, const Bytes& contents) const {
    std::ofstream out(path(file), std::ios::binary);
    out.write(reinterpret_cast<const char*>(contents.data()), static_cast<std::streamsize>(contents.size()));
    out.close();
    EXPECT_TRUE(out) << "cannot write " << path(file);
    return path(file);
  }

 private:
  std::filesystem::path path_;
};

/// What the error of type E says that f throws.
template <class E, class F> std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << "an error of another type: " << e.what();
    return {};
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace fornax::test
