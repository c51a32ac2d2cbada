#include <fornax/data/augment.hpp>

#include <algorithm>
#include <cmath>
#include <string>

#include <fornax/array/error.hpp>
#include <fornax/functional/resample.hpp>
#include <fornax/io/named.hpp>

namespace fornax::data {

namespace {

void check_picture(std::string_view operation, const TensorData& picture) {
  if (picture.shape().rank() != 3)
    throw ShapeError(operation, "the picture has shape " + picture.shape().str() + "; [C, H, W] is needed");
}

// A picture of other sizes whose pixel [y, x] is that of from(y), from(x); outside of the picture it is the filling.
template <class Row, class Column>
TensorData moved(const TensorData& picture, std::int64_t height, std::int64_t width, double fill, const Row& row_of,
                 const Column& column_of) {
  const std::int64_t channels = picture.shape()[0], h = picture.shape()[1], w = picture.shape()[2];
  TensorData out(Shape{channels, height, width}, picture.dtype());
  const TensorData filling = TensorData({fill}).convert(picture.dtype());
  const std::size_t size = filling.bytes().size();
  auto to = out.bytes().begin();
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t row = row_of(y), column = column_of(x);
        const bool inside = row >= 0 && row < h && column >= 0 && column < w;
        const auto from =
            inside ? picture.bytes().subspan(static_cast<std::size_t>((c * h + row) * w + column) * size, size)
                   : filling.bytes();
        to = std::ranges::copy(from, to).out;
      }
  return out;
}

}  // namespace

TensorData flip_horizontal(const TensorData& picture) {
  check_picture("flip_horizontal", picture);
  const std::int64_t h = picture.shape()[1], w = picture.shape()[2];
  return moved(
      picture, h, w, 0, [](std::int64_t y) { return y; }, [&](std::int64_t x) { return w - 1 - x; });
}

TensorData flip_vertical(const TensorData& picture) {
  check_picture("flip_vertical", picture);
  const std::int64_t h = picture.shape()[1], w = picture.shape()[2];
  return moved(
      picture, h, w, 0, [&](std::int64_t y) { return h - 1 - y; }, [](std::int64_t x) { return x; });
}

TensorData random_flip(const TensorData& picture, Random& random, double probability) {
  return random.chance(probability) ? flip_horizontal(picture) : picture;
}

TensorData crop(const TensorData& picture, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width,
                double fill) {
  check_picture("crop", picture);
  if (height < 1 || width < 1)
    throw ShapeError("crop",
                     std::to_string(height) + " x " + std::to_string(width) + " pixels; at least 1 x 1 is needed");
  return moved(
      picture, height, width, fill, [&](std::int64_t y) { return top + y; }, [&](std::int64_t x) { return left + x; });
}

TensorData center_crop(const TensorData& picture, std::int64_t height, std::int64_t width) {
  check_picture("center_crop", picture);
  const auto start = [](std::int64_t size, std::int64_t wanted) {
    return static_cast<std::int64_t>(std::floor(static_cast<double>(size - wanted) / 2));
  };
  return crop(picture, start(picture.shape()[1], height), start(picture.shape()[2], width), height, width);
}

TensorData random_crop(const TensorData& picture, Random& random, std::int64_t height, std::int64_t width,
                       std::int64_t padding, double fill) {
  check_picture("random_crop", picture);
  const std::int64_t h = picture.shape()[1] + 2 * padding, w = picture.shape()[2] + 2 * padding;
  if (padding < 0 || height > h || width > w)
    throw ShapeError("random_crop", std::to_string(height) + " x " + std::to_string(width) + " pixels of " +
                                        std::to_string(h) + " x " + std::to_string(w));
  const std::int64_t top = random.below(h - height + 1), left = random.below(w - width + 1);
  return crop(picture, top - padding, left - padding, height, width, fill);
}

TensorData resize(const TensorData& picture, std::int64_t height, std::int64_t width) {
  check_picture("resize", picture);
  const Shape& shape = picture.shape();
  const bool levels = picture.dtype() == DType::U8;
  const TensorData floats = is_float(picture.dtype()) ? picture : picture.convert(DType::F32);
  const Array x = io::to_array(floats.reshape(shape.inserted(0, 1)));
  const Array y = functional::interpolate(x, {.size = {height, width}, .mode = functional::InterpolateMode::Bilinear});
  TensorData out = y.to_data().reshape(Shape{shape[0], height, width});
  if (!levels) return is_float(picture.dtype()) ? out : out.convert(picture.dtype());
  for (float& v : out.values<float>()) v = std::clamp(std::nearbyint(v), 0.0F, 255.0F);
  return out.convert(DType::U8);
}

TensorData to_float(const TensorData& picture) {
  TensorData out = picture.convert(DType::F32);
  if (picture.dtype() == DType::U8)
    for (float& v : out.values<float>()) v /= 255.0F;
  return out;
}

TensorData normalise(const TensorData& picture, std::span<const double> mean, std::span<const double> deviation) {
  check_picture("normalise", picture);
  const auto channels = static_cast<std::size_t>(picture.shape()[0]);
  const auto fits = [&](std::span<const double> numbers) { return numbers.size() == 1 || numbers.size() == channels; };
  if (!fits(mean) || !fits(deviation))
    throw ShapeError("normalise", std::to_string(mean.size()) + " means and " + std::to_string(deviation.size()) +
                                      " deviations for " + std::to_string(channels) + " channels");
  for (const double d : deviation)
    if (!(d > 0)) throw ValueError("normalise", "a deviation of " + std::to_string(d) + "; it must be positive");
  TensorData out = to_float(picture);
  const auto values = out.values<float>();
  const std::size_t pixels = channels == 0 ? 0 : values.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    const double m = mean[mean.size() == 1 ? 0 : c], d = deviation[deviation.size() == 1 ? 0 : c];
    for (float& v : values.subspan(c * pixels, pixels)) v = static_cast<float>((static_cast<double>(v) - m) / d);
  }
  return out;
}

}  // namespace fornax::data
