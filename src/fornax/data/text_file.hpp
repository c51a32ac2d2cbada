#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fornax::data {

/// All of a file. Throws IoError that begins with `operation`.
std::string read_text(const std::string& operation, const std::string& path);
std::vector<std::byte> read_bytes(const std::string& operation, const std::string& path);

}  // namespace fornax::data
