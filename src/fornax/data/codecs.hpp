#pragma once
// The readers of picture formats, each in a source of its own that a build without its library leaves out.

#include <span>
#include <string>

#include <fornax/data/image.hpp>

namespace fornax::data {

/// More pixels are refused before memory is taken: a file of some kilobytes may announce any size.
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;
/// Throws FormatError for no pixels or too many.
void check_picture_size(const std::string& operation, std::int64_t width, std::int64_t height);

/// Levels [H, W, C] as [C, H, W].
TensorData channels_first(std::span<const std::byte> levels, std::int64_t height, std::int64_t width,
                          std::int64_t channels);

TensorData decode_png(const std::string& operation, std::span<const std::byte> bytes, Colour colour);
TensorData decode_jpeg(const std::string& operation, std::span<const std::byte> bytes, Colour colour);

}  // namespace fornax::data
