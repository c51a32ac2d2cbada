#pragma once
// Pictures in files.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/data/dataset.hpp>

namespace fornax::data {

/// What a picture is turned into, whatever it is in the file.
enum class Colour : std::uint8_t { Grey, Rgb };

/// The picture in a PNG or JPEG file; which of them, its first bytes say. Transparent pictures are laid on black; 16 bits
/// become 8; how colours become grey is libpng's and libjpeg's own choice.
///
/// Shapes:  u8 [C, H, W], C = 1 for Grey and 3 for Rgb.
/// Units:   levels from 0 to 255, as stored (sRGB).
/// Errors:  IoError if the file cannot be read; FormatError if it is neither, is damaged or cut off, has more than 2^26
///          pixels, or if this build of fornax has no reader for it (libpng, libjpeg).
TensorData read_image(const std::string& path, Colour colour = Colour::Rgb);
/// The same from memory; errors call it `name`.
TensorData read_image_bytes(std::span<const std::byte> bytes, std::string_view name, Colour colour = Colour::Rgb);

/// Pictures in folders: each folder of `root` is a class, named like it; what it has, folders within it included, are
/// pictures of that class. Classes and files are in alphabetical order of their paths. Files whose names do not end with
/// .png, .jpg or .jpeg, in any case, are passed over.
///
/// Errors:  IoError if root is no folder or cannot be read; ValueError if it has no folder.
class ImageFolder {
 public:
  explicit ImageFolder(const std::string& root, Colour colour = Colour::Rgb);

  const std::vector<std::string>& classes() const { return contents_->classes; }
  std::int64_t size() const { return static_cast<std::int64_t>(contents_->paths.size()); }
  /// Reads the picture; errors as those of read_image.
  Labelled get(std::int64_t i) const;
  /// Where picture i is, and the number of its class.
  const std::string& path(std::int64_t i) const;
  std::int64_t label(std::int64_t i) const;

 private:
  struct Contents {
    std::vector<std::string> classes, paths;
    std::vector<std::int64_t> labels;
  };
  std::shared_ptr<const Contents> contents_;
  Colour colour_;
};

}  // namespace fornax::data
