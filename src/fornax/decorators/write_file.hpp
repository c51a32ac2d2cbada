#pragma once

#include <string>
#include <string_view>

namespace fornax {

/// Writes a file as a whole or not at all: under another name first, which then takes the place of what was there.
/// Throws IoError that names the operation and the path.
void write_file(std::string_view operation, const std::string& path, std::string_view content);

}  // namespace fornax
