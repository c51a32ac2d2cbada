#pragma once
// Pages of the documentation that are printed by tests.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace fornax::test {

/// That the page in the source tree is `text`. With FORNAX_UPDATE_PAGES=1 in the environment the page is written instead.
inline void expect_page(const std::string& path, const std::string& text) {
  const std::filesystem::path file = std::filesystem::path(FORNAX_SOURCE_DIR) / path;
  const char* update = std::getenv("FORNAX_UPDATE_PAGES");  // NOLINT(concurrency-mt-unsafe): tests start no thread here
  if (update && *update == '1') {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ifstream in(file, std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  if (page == text) return;
  std::size_t line = 1, i = 0;
  for (; i < page.size() && i < text.size() && page[i] == text[i]; ++i) line += page[i] == '\n';
  ADD_FAILURE() << path << " is not what the tests print, from line " << line
                << " on; to update it: FORNAX_UPDATE_PAGES=1 ctest --preset dev -R StandOnTheirPage";
}

}  // namespace fornax::test
