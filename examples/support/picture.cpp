#include "picture.hpp"

#include <png.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include <fornax/array/error.hpp>

#include "font.hpp"

namespace examples {

namespace {

struct Colour {
  std::uint8_t red, green, blue;
};
constexpr Colour kPage{243, 244, 246}, kCard{255, 255, 255}, kFrame{216, 220, 226}, kInk{31, 41, 55},
    kMuted{107, 114, 128}, kRight{21, 128, 61}, kWrong{200, 30, 30};

// All lengths are in pixels.
constexpr int kSide = 28;     // of an image in the data set
constexpr int kZoom = 4;      // of an image in the picture
constexpr int kText = 2;      // zoom of captions
constexpr int kTitle = 3;     // zoom of the title
constexpr int kMargin = 28;   // around everything
constexpr int kGap = 12;      // between cards
constexpr int kPadding = 14;  // between a card's frame and what is on it
constexpr int kLeading = 3;   // between two lines of a caption

class Canvas {
 public:
  Canvas(int width, int height) : width_(width), height_(height), pixels_(std::size_t{3} * area(width, height)) {
    fill(0, 0, width, height, kPage);
  }

  void fill(int left, int top, int width, int height, Colour c) {
    for (int y = std::max(top, 0); y < std::min(top + height, height_); ++y)
      for (int x = std::max(left, 0); x < std::min(left + width, width_); ++x) {
        std::uint8_t* const pixel = pixels_.data() + 3 * (area(width_, y) + static_cast<std::size_t>(x));
        pixel[0] = c.red;
        pixel[1] = c.green;
        pixel[2] = c.blue;
      }
  }

  void text(int left, int top, std::string_view line, int zoom, Colour c) {
    for (const char character : line) {
      const Glyph shape = glyph(character);
      for (int row = 0; row < kGlyphHeight; ++row)
        for (int column = 0; column < shape.width; ++column) {
          const std::string_view ink = shape.rows[static_cast<std::size_t>(row)];
          if (!ink.empty() && ink[static_cast<std::size_t>(column)] == '#')
            fill(left + column * zoom, top + row * zoom, zoom, zoom, c);
        }
      left += (shape.width + 1) * zoom;
    }
  }

  /// Writes beside `path` first, so that no reader ever sees half a picture.
  void write(const std::string& path) const {
    const std::string operation = "write_prediction_picture \"" + path + "\"";
    const std::string part = path + ".part";
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    png.format = PNG_FORMAT_RGB;
    png.width = static_cast<png_uint_32>(width_);
    png.height = static_cast<png_uint_32>(height_);
    if (png_image_write_to_file(&png, part.c_str(), 0, pixels_.data(), 0, nullptr) == 0)
      throw fornax::IoError(operation, static_cast<const char*>(png.message));  // libpng has removed the part
    std::error_code failed;
    std::filesystem::rename(part, path, failed);
    if (failed) {
      std::remove(part.c_str());
      throw fornax::IoError(operation, failed.message());
    }
  }

 private:
  static std::size_t area(int width, int height) {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }

  int width_, height_;
  std::vector<std::uint8_t> pixels_;
};

int text_width(std::string_view line, int zoom) {
  int width = -1;  // no gap after the last character
  for (const char c : line) width += glyph(c).width + 1;
  return std::max(width, 0) * zoom;
}

void check(const fornax::TensorData& images, std::span<const int> predicted, std::span<const int> truth,
           std::size_t classes, int columns) {
  constexpr std::string_view operation = "write_prediction_picture";
  const fornax::Shape& s = images.shape();
  if (images.dtype() != fornax::DType::U8)
    throw fornax::DTypeError(operation, "images are " + std::string(name(images.dtype())) + "; expected u8");
  if (s.rank() != 3 || s[0] == 0 || s[1] != kSide || s[2] != kSide)
    throw fornax::ShapeError(operation, "images are " + s.str() + "; expected [N, 28, 28] with N >= 1");
  if (std::ssize(predicted) != s[0] || std::ssize(truth) != s[0])
    throw fornax::ShapeError(operation, "images are " + s.str() + ", predicted [" + std::to_string(predicted.size()) +
                                            "], truth [" + std::to_string(truth.size()) + "]; N must be equal");
  if (columns < 1)
    throw fornax::ValueError(operation, "columns is " + std::to_string(columns) + "; at least 1 is needed");
  for (const auto labels : {predicted, truth})
    for (const int label : labels)
      if (label < 0 || label >= static_cast<int>(classes))
        throw fornax::IndexError(operation, "class " + std::to_string(label) + " of " + std::to_string(classes));
}

struct Caption {
  std::string name, truth;  // truth is empty if the prediction is right
  int width() const { return std::max(text_width(name, kText), text_width(truth, kText)); }
};

std::vector<Caption> captions(std::span<const int> predicted, std::span<const int> truth,
                              std::span<const std::string> class_names) {
  std::vector<Caption> out;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const std::string& wanted = class_names[static_cast<std::size_t>(truth[i])];
    out.push_back({.name = class_names[static_cast<std::size_t>(predicted[i])],
                   .truth = predicted[i] == truth[i] ? "" : "(true: " + wanted + ")"});
  }
  return out;
}

// The image is centred at the top of its card, the caption below it.
void draw_card(Canvas& canvas, int left, int top, int width, int height, std::span<const std::uint8_t> pixels,
               const Caption& caption) {
  const bool right = caption.truth.empty();
  canvas.fill(left, top, width, height, right ? kFrame : kWrong);
  canvas.fill(left + 1, top + 1, width - 2, height - 2, kCard);
  top += kPadding;

  const int image_left = left + (width - kSide * kZoom) / 2;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const auto grey =
          static_cast<std::uint8_t>(255 - pixels[static_cast<std::size_t>(y) * kSide + static_cast<std::size_t>(x)]);
      canvas.fill(image_left + x * kZoom, top + y * kZoom, kZoom, kZoom, {grey, grey, grey});
    }
  top += kSide * kZoom + kPadding;

  const auto centred = [&](std::string_view line, Colour c) {
    canvas.text(left + (width - text_width(line, kText)) / 2, top, line, kText, c);
    top += kGlyphHeight * kText + kLeading;
  };
  centred(caption.name, right ? kRight : kWrong);
  centred(caption.truth, kMuted);
}

}  // namespace

void write_prediction_picture(const std::string& path, const fornax::TensorData& images, std::span<const int> predicted,
                              std::span<const int> truth, std::span<const std::string> class_names, int columns) {
  check(images, predicted, truth, class_names.size(), columns);
  const int count = static_cast<int>(predicted.size());
  columns = std::min(columns, count);
  const int rows = (count + columns - 1) / columns;

  const std::vector<Caption> under = captions(predicted, truth, class_names);
  int content = kSide * kZoom;
  for (const Caption& c : under) content = std::max(content, c.width());
  const int card_width = content + 2 * kPadding;
  const int card_height = 3 * kPadding + kSide * kZoom + 2 * kGlyphHeight * kText + kLeading;

  const auto wrong = std::ranges::count_if(under, [](const Caption& c) { return !c.truth.empty(); });
  const std::string title = std::to_string(count - wrong) + " of " + std::to_string(count) + " predictions are right";
  const int grid_top = kMargin + kGlyphHeight * kTitle + kMargin / 2;
  const int width = std::max(columns * (card_width + kGap) - kGap, text_width(title, kTitle)) + 2 * kMargin;

  Canvas canvas(width, grid_top + rows * (card_height + kGap) - kGap + kMargin);
  canvas.text(kMargin, kMargin, title, kTitle, kInk);
  constexpr std::size_t area = std::size_t{kSide} * kSide;
  const auto pixels = images.values<std::uint8_t>();
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::size_t>(i);
    draw_card(canvas, kMargin + i % columns * (card_width + kGap), grid_top + i / columns * (card_height + kGap),
              card_width, card_height, pixels.subspan(n * area, area), under[n]);
  }
  canvas.write(path);
}

}  // namespace examples
