#pragma once
// Changes of pictures, for `map`. A picture is [C, H, W]; functions that take a Random change it by chance.

#include <cstdint>
#include <span>

#include <fornax/data/dataset.hpp>

namespace fornax::data {

/// Mirrored left to right, or top to bottom.
TensorData flip_horizontal(const TensorData& picture);
TensorData flip_vertical(const TensorData& picture);
/// Mirrored left to right with this probability.
TensorData random_flip(const TensorData& picture, Random& random, double probability = 0.5);

/// The part of `height` x `width` pixels whose first row is `top` and first column `left`. What lies outside of the picture
/// is `fill`. Throws ShapeError for sizes below 1.
TensorData crop(const TensorData& picture, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width,
                double fill = 0);
TensorData center_crop(const TensorData& picture, std::int64_t height, std::int64_t width);
/// A crop at a random place, of the picture with `padding` pixels of `fill` around it. Throws ShapeError if it is larger
/// than that.
TensorData random_crop(const TensorData& picture, Random& random, std::int64_t height, std::int64_t width,
                       std::int64_t padding = 0, double fill = 0);

/// Other sizes, bilinear without antialiasing (functional::interpolate); u8 is rounded to the nearest level.
TensorData resize(const TensorData& picture, std::int64_t height, std::int64_t width);

/// f32 levels from 0 to 1, of u8 levels from 0 to 255; of floats, the same.
TensorData to_float(const TensorData& picture);
/// (level - mean) / deviation for each channel, as f32: levels from 0 to 1, as to_float has them. One number stands for all
/// channels. Throws ShapeError for any other number of them, ValueError for a deviation that is not positive.
TensorData normalise(const TensorData& picture, std::span<const double> mean, std::span<const double> deviation);

}  // namespace fornax::data
