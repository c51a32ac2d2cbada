#include "font.hpp"

#include <algorithm>
#include <cstddef>

namespace examples {

namespace {

constexpr std::size_t kStep = 6;   // columns from one character to the next
constexpr std::size_t kWidth = 5;  // of the widest character
constexpr int kSpace = 3;

struct Line {
  std::string_view characters;
  std::array<std::string_view, kGlyphHeight> rows;
};

// clang-format off
constexpr Line kLines[] = {
    {"ABCDEFGHIJKLM",
     {" ###  ####   ###  ####  ##### #####  ###  #   # ###      #  #   # #     #   #",
      "#   # #   # #   # #   # #     #     #   # #   #  #       #  #  #  #     ## ##",
      "#   # #   # #     #   # #     #     #     #   #  #       #  # #   #     # # #",
      "##### ####  #     #   # ####  ####  # ### #####  #       #  ##    #     # # #",
      "#   # #   # #     #   # #     #     #   # #   #  #       #  # #   #     #   #",
      "#   # #   # #   # #   # #     #     #   # #   #  #    #  #  #  #  #     #   #",
      "#   # ####   ###  ####  ##### #      ###  #   # ###    ##   #   # ####  #   #",
      "                                                                             ",
      "                                                                             "}},
    {"NOPQRSTUVWXYZ",
     {"#   #  ###  ####   ###  ####   #### ##### #   # #   # #   # #   # #   # #####",
      "##  # #   # #   # #   # #   # #       #   #   # #   # #   # #   # #   #     #",
      "# # # #   # #   # #   # #   # #       #   #   # #   # #   #  # #   # #     # ",
      "#  ## #   # ####  #   # ####   ###    #   #   # #   # # # #   #     #     #  ",
      "#   # #   # #     # # # # #       #   #   #   # #   # # # #  # #    #    #   ",
      "#   # #   # #     #  #  #  #      #   #   #   #  # #  ## ## #   #   #   #    ",
      "#   #  ###  #      ## # #   # ####    #    ###    #   #   # #   #   #   #####",
      "                                                                             ",
      "                                                                             "}},
    {"abcdefghijklm",
     {"      #              #          ##        #     #      #    #     #          ",
      "      #              #         #          #                 #     #          ",
      " ##   ###    ###   ###   ##   ####   ###  ###   #      #    #  #  #     #### ",
      "   #  #  #  #     #  #  #  #   #    #  #  #  #  #      #    # #   #     # # #",
      " ###  #  #  #     #  #  ####   #    #  #  #  #  #      #    ##    #     # # #",
      "#  #  #  #  #     #  #  #      #    #  #  #  #  #      #    # #   #     # # #",
      " ###  ###    ###   ###   ###   #     ###  #  #  #      #    #  #   #    # # #",
      "                                       #               #                     ",
      "                                     ##               #                      "}},
    {"nopqrstuvwxyz",
     {"                                    #                                        ",
      "                                    #                                        ",
      "###    ##   ###    ###  # #    ###  ###   #  #  #   # #   # #   # #  #  #### ",
      "#  #  #  #  #  #  #  #  ##    #     #     #  #  #   # #   #  # #  #  #     # ",
      "#  #  #  #  #  #  #  #  #      ##   #     #  #  #   # # # #   #   #  #   ##  ",
      "#  #  #  #  #  #  #  #  #        #  #     #  #   # #  # # #  # #  #  #  #    ",
      "#  #   ##   ###    ###  #     ###    ##    ###    #    # #  #   #  ###  #### ",
      "            #        #                                               #       ",
      "            #        #                                             ##        "}},
    {"0123456789",
     {" ###   #     ###   ###     #  #####  ###  #####  ###   ### ",
      "#   # ##    #   # #   #   ##  #     #         # #   # #   #",
      "#  ##  #        #     #  # #  ####  #        #  #   # #   #",
      "# # #  #       #    ##  #  #      # ####     #   ###   ####",
      "##  #  #      #       # #####     # #   #   #   #   #     #",
      "#   #  #     #    #   #    #  #   # #   #   #   #   #     #",
      " ###  ###   #####  ###     #   ###   ###    #    ###   ### ",
      "                                                           ",
      "                                                           "}},
    {"()-/:.,%?'+&",
     {"  #   #              #                    ##  #  ###  #            ##  ",
      " #     #             #                    ## #  #   # #       #   #  # ",
      "#       #           #   #                    #      #         #   #  # ",
      "#       #   ####    #                       #      #        #####  ##  ",
      "#       #          #                       #      #           #   # # #",
      " #     #          #     #                  # ##               #   #  # ",
      "  #   #           #           #      #    #  ##   #                ## #",
      "                                     #                                 ",
      "                                    #                                  "}},
};
// clang-format on

}  // namespace

Glyph glyph(char c) {
  if (c == ' ') return {.rows = {}, .width = kSpace};
  for (const Line& line : kLines) {
    const std::size_t at = line.characters.find(c);
    if (at == std::string_view::npos) continue;
    Glyph found;
    for (std::size_t r = 0; r < kGlyphHeight; ++r) {
      found.rows[r] = line.rows[r].substr(at * kStep, kWidth);
      found.width = std::max(found.width, static_cast<int>(found.rows[r].rfind('#') + 1));  // npos + 1 is 0
    }
    return found;
  }
  return glyph('?');
}

}  // namespace examples
