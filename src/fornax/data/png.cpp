#include <png.h>

#include <vector>

#include <fornax/array/error.hpp>
#include <fornax/data/codecs.hpp>

namespace fornax::data {

TensorData decode_png(const std::string& operation, std::span<const std::byte> bytes, Colour colour) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const auto require = [&](int done) {
    if (done == 0) throw FormatError(operation, std::string("the PNG file is damaged: ") + image.message);
  };
  require(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()));
  const std::int64_t width = image.width, height = image.height;
  try {
    check_picture_size(operation, width, height);
  } catch (...) {
    png_image_free(&image);
    throw;
  }
  const std::int64_t channels = colour == Colour::Grey ? 1 : 3;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // levels of 16 bits are spaced like those of 8, not linear in light
  image.format = colour == Colour::Grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::vector<std::byte> levels(static_cast<std::size_t>(width * height * channels));
  const png_color black{0, 0, 0};
  require(png_image_finish_read(&image, &black, levels.data(), 0, nullptr));  // frees the image, whatever happens
  return channels_first(levels, height, width, channels);
}

}  // namespace fornax::data
