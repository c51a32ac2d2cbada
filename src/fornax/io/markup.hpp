#pragma once
// Users' texts inside of pages, pictures and terminals. Uses nothing of fornax, so that other rooms may use it.

#include <string>
#include <string_view>

namespace fornax::io {

/// Valid UTF-8 without control characters: bytes that do not fit become '?'.
std::string printable(std::string_view text);

/// As content or attribute of HTML and SVG.
std::string escaped(std::string_view text);

/// JSON inside of a script element, which ends at "</script" wherever that stands.
std::string json_for_script(std::string_view json);

}  // namespace fornax::io
