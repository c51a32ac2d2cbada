#include <fornax/data/image.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

#include <fornax/array/error.hpp>
#include <fornax/data/codecs.hpp>
#include <fornax/data/text_file.hpp>
#include <fornax/io/input.hpp>

namespace fornax::data {

namespace fs = std::filesystem;

namespace {

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() &&
         std::ranges::equal(bytes.first(magic.size()), magic, {}, [](std::byte b) { return static_cast<char>(b); });
}

[[noreturn]] [[maybe_unused]] void no_reader(const std::string& operation, std::string_view format,
                                             std::string_view library) {
  throw FormatError(operation, "it is a " + std::string(format) +
                                   " file, and this build of fornax has no reader for it: " + std::string(library) +
                                   " was missing");
}

TensorData decode(const std::string& operation, std::span<const std::byte> bytes, [[maybe_unused]] Colour colour) {
  if (begins_with(bytes, "\x89PNG\r\n\x1a\n")) {
#if FORNAX_WITH_PNG
    return decode_png(operation, bytes, colour);
#else
    no_reader(operation, "PNG", "libpng");
#endif
  }
  if (begins_with(bytes, "\xff\xd8\xff")) {
#if FORNAX_WITH_JPEG
    return decode_jpeg(operation, bytes, colour);
#else
    no_reader(operation, "JPEG", "libjpeg");
#endif
  }
  throw FormatError(operation, "it is neither PNG nor JPEG");
}

bool is_picture(const fs::path& path) {
  std::string end = path.extension().string();
  std::ranges::transform(end, end.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return end == ".png" || end == ".jpg" || end == ".jpeg";
}

std::vector<std::string> folders_in(const std::string& root) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root))
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> pictures_in(const fs::path& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink))
    if (entry.is_regular_file() && is_picture(entry.path())) paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

void check_picture_size(const std::string& operation, std::int64_t width, std::int64_t height) {
  if (width < 1 || height < 1 || width > kMaxPixels / height)
    throw FormatError(operation, std::to_string(width) + " x " + std::to_string(height) +
                                     " pixels are announced; 1 to 2^26 are read");
}

TensorData channels_first(std::span<const std::byte> levels, std::int64_t height, std::int64_t width,
                          std::int64_t channels) {
  TensorData out(Shape{channels, height, width}, DType::U8);
  auto to = out.bytes().begin();
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t i = 0; i < height * width; ++i) *to++ = levels[static_cast<std::size_t>(i * channels + c)];
  return out;
}

TensorData read_image(const std::string& path, Colour colour) {
  const std::string operation = io::operation_on("read_image", path);
  return decode(operation, read_bytes(operation, path), colour);
}

TensorData read_image_bytes(std::span<const std::byte> bytes, std::string_view name, Colour colour) {
  return decode(io::operation_on("read_image_bytes", name), bytes, colour);
}

ImageFolder::ImageFolder(const std::string& root, Colour colour) : colour_(colour) {
  const std::string operation = io::operation_on("ImageFolder", root);
  auto contents = std::make_shared<Contents>();
  try {
    contents->classes = folders_in(root);
    for (std::size_t c = 0; c < contents->classes.size(); ++c)
      for (std::string& path : pictures_in(fs::path(root) / contents->classes[c])) {
        contents->paths.push_back(std::move(path));
        contents->labels.push_back(static_cast<std::int64_t>(c));
      }
  } catch (const fs::filesystem_error& e) {
    throw IoError(operation, e.code().message());
  }
  if (contents->classes.empty()) throw ValueError(operation, "there is no folder in it; each would be a class");
  contents_ = std::move(contents);
}

Labelled ImageFolder::get(std::int64_t i) const { return {read_image(path(i), colour_), label(i)}; }

const std::string& ImageFolder::path(std::int64_t i) const {
  check_item("ImageFolder", i, size());
  return contents_->paths[static_cast<std::size_t>(i)];
}

std::int64_t ImageFolder::label(std::int64_t i) const {
  check_item("ImageFolder", i, size());
  return contents_->labels[static_cast<std::size_t>(i)];
}

}  // namespace fornax::data
