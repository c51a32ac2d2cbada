#include <csetjmp>
#include <cstdio>
#include <vector>

#include <jpeglib.h>

#include <fornax/array/error.hpp>
#include <fornax/data/codecs.hpp>

namespace fornax::data {

namespace {

// libjpeg reports errors through a function that must not return; it jumps back to whoever called libjpeg. No object with
// a destructor may live between the two.
struct Errors {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

void jump_back(j_common_ptr jpeg) {
  auto* const errors = reinterpret_cast<Errors*>(jpeg->err);
  jpeg->err->format_message(jpeg, errors->message);
  std::longjmp(errors->back, 1);
}

// A file that is cut off or damaged gives a warning, and grey in place of what is missing.
void warn(j_common_ptr jpeg, int level) {
  if (level < 0) jump_back(jpeg);
}

struct Decoder {
  Errors errors{};
  jpeg_decompress_struct jpeg{};

  Decoder() {
    jpeg.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = jump_back;
    errors.manager.emit_message = warn;
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&jpeg); }

  bool begin(std::span<const std::byte> bytes, Colour colour) {
    if (setjmp(errors.back) != 0) return false;  // NOLINT(cert-err52-cpp)
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = colour == Colour::Grey ? JCS_GRAYSCALE : JCS_RGB;
    return true;
  }
  bool read(std::byte* to) {
    if (setjmp(errors.back) != 0) return false;  // NOLINT(cert-err52-cpp)
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      auto* row = reinterpret_cast<JSAMPROW>(to + std::size_t{jpeg.output_scanline} * jpeg.output_width *
                                                      static_cast<std::size_t>(jpeg.output_components));
      jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
    return true;
  }
};

}  // namespace

TensorData decode_jpeg(const std::string& operation, std::span<const std::byte> bytes, Colour colour) {
  Decoder decoder;
  const auto require = [&](bool done) {
    if (!done) throw FormatError(operation, std::string("the JPEG file is damaged: ") + decoder.errors.message);
  };
  require(decoder.begin(bytes, colour));
  const std::int64_t width = decoder.jpeg.image_width, height = decoder.jpeg.image_height;
  check_picture_size(operation, width, height);
  const std::int64_t channels = colour == Colour::Grey ? 1 : 3;
  std::vector<std::byte> levels(static_cast<std::size_t>(width * height * channels));
  require(decoder.read(levels.data()));
  return channels_first(levels, height, width, channels);
}

}  // namespace fornax::data
