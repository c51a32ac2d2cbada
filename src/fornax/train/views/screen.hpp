#pragma once
// A picture made of characters, before it is put on a terminal.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fornax::train {

enum class Ink : std::uint8_t { Plain, Strong, Faint, Steps, Train, Valid, Good, Bad, Chosen };
inline constexpr int kInks = 9;

struct Cell {
  char32_t character = U' ';
  Ink ink = Ink::Plain;
};

class Screen {
 public:
  Screen(int width, int height);
  int width() const { return width_; }
  int height() const { return height_; }
  const Cell& at(int x, int y) const { return cells_[static_cast<std::size_t>(y * width_ + x)]; }

  /// Puts one character; what lies outside is left out.
  void put(int x, int y, char32_t character, Ink ink = Ink::Plain);
  /// Puts a text; returns the column behind it.
  int text(int x, int y, std::string_view utf8, Ink ink = Ink::Plain);
  /// The lines as UTF-8, without spaces at their ends.
  std::vector<std::string> lines() const;

 private:
  int width_, height_;
  std::vector<Cell> cells_;
};

/// Dots on a part of a screen. Braille characters have 2 x 4 of them; with ASCII a character is a dot.
class Canvas {
 public:
  Canvas(int columns, int rows, bool ascii);
  int width() const { return columns_ * (ascii_ ? 1 : 2); }
  int height() const { return rows_ * (ascii_ ? 1 : 4); }
  /// A straight line between two dots; what is drawn later has its ink on top.
  void line(int x0, int y0, int x1, int y1, Ink ink, char mark);
  void dot(int x, int y, Ink ink, char mark);
  void show(Screen& screen, int x, int y) const;

 private:
  struct Spot {
    unsigned dots = 0;
    char mark = ' ';
    Ink ink = Ink::Plain;
  };
  int columns_, rows_;
  bool ascii_;
  std::vector<Spot> spots_;
};

}  // namespace fornax::train
