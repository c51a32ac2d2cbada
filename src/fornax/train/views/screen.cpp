#include <fornax/train/views/screen.hpp>

#include <algorithm>
#include <cstdlib>

namespace fornax::train {

namespace {

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&](char32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xc0 | c >> 6);
    byte(0x80 | (c & 0x3f));
  } else {  // no character beyond U+FFFF is drawn
    byte(0xe0 | c >> 12);
    byte(0x80 | (c >> 6 & 0x3f));
    byte(0x80 | (c & 0x3f));
  }
}

// The next character of valid UTF-8; '?' for those beyond U+FFFF.
char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t c = length == 1 ? lead : lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length && i < text.size(); ++i)
    c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  text.remove_prefix(std::min(length, text.size()));
  return c > 0xffff ? U'?' : c;
}

// The bit of U+2800 + bits for a dot of a braille character, by column and row.
constexpr unsigned kBraille[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

}  // namespace

Screen::Screen(int width, int height)
    : width_(std::max(width, 0)), height_(std::max(height, 0)), cells_(static_cast<std::size_t>(width_ * height_)) {}

void Screen::put(int x, int y, char32_t character, Ink ink) {
  if (x < 0 || x >= width_ || y < 0 || y >= height_) return;
  cells_[static_cast<std::size_t>(y * width_ + x)] = {character, ink};
}

int Screen::text(int x, int y, std::string_view utf8, Ink ink) {
  while (!utf8.empty()) put(x++, y, take_character(utf8), ink);
  return x;
}

std::vector<std::string> Screen::lines() const {
  std::vector<std::string> out;
  for (int y = 0; y < height_; ++y) {
    std::string& line = out.emplace_back();
    for (int x = 0; x < width_; ++x) append_utf8(line, at(x, y).character);
    line.resize(line.find_last_not_of(' ') + 1);
  }
  return out;
}

Canvas::Canvas(int columns, int rows, bool ascii)
    : columns_(std::max(columns, 0)),
      rows_(std::max(rows, 0)),
      ascii_(ascii),
      spots_(static_cast<std::size_t>(columns_ * rows_)) {}

void Canvas::dot(int x, int y, Ink ink, char mark) {
  if (x < 0 || x >= width() || y < 0 || y >= height()) return;
  const int column = ascii_ ? x : x / 2, row = ascii_ ? y : y / 4;
  Spot& spot = spots_[static_cast<std::size_t>(row * columns_ + column)];
  spot.dots |= ascii_ ? 1 : kBraille[x % 2][y % 4];
  spot.ink = ink;
  spot.mark = mark;
}

// Bresenham 1965.
void Canvas::line(int x0, int y0, int x1, int y1, Ink ink, char mark) {
  const int dx = std::abs(x1 - x0), dy = -std::abs(y1 - y0);
  const int step_x = x0 < x1 ? 1 : -1, step_y = y0 < y1 ? 1 : -1;
  for (int error = dx + dy;;) {
    dot(x0, y0, ink, mark);
    if (x0 == x1 && y0 == y1) return;
    const int twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x0 += step_x;
    }
    if (twice <= dx) {
      error += dx;
      y0 += step_y;
    }
  }
}

void Canvas::show(Screen& screen, int x, int y) const {
  for (int row = 0; row < rows_; ++row)
    for (int column = 0; column < columns_; ++column) {
      const Spot& spot = spots_[static_cast<std::size_t>(row * columns_ + column)];
      if (spot.dots == 0) continue;
      screen.put(x + column, y + row, ascii_ ? static_cast<char32_t>(spot.mark) : 0x2800 + spot.dots, spot.ink);
    }
}

}  // namespace fornax::train
