#pragma once
// A bitmap font, just large enough for the captions of a picture.

#include <array>
#include <string_view>

namespace examples {

inline constexpr int kGlyphHeight = 9;  // 7 rows above the baseline, 2 below

/// The shape of a character; '#' is ink.
struct Glyph {
  std::array<std::string_view, kGlyphHeight> rows;
  int width = 0;
};

/// The glyph of a character; '?' stands in for those that the font lacks.
Glyph glyph(char c);

}  // namespace examples
