#include <fornax/functional/pad.hpp>

#include <algorithm>

#include <fornax/functional/common.hpp>

namespace fornax::functional {

namespace {

// Two widths of at most this size, and any size of an array, add up without overflow.
constexpr std::int64_t kWidest = std::int64_t{1} << 60;

// `size` elements of dim from `start` on, backwards.
Array mirrored(const Array& x, int dim, std::int64_t start, std::int64_t size) {
  const std::int64_t dims[] = {dim};
  return flip(narrow(x, dim, start, size), dims);
}

// What stands before (or after) the elements of a dim: `size` of them, at least one.
Array added(const Array& x, int dim, std::int64_t size, bool before, const Pad& options) {
  const std::int64_t n = x.shape()[dim];
  const Shape shape = x.shape().with(dim, size);
  switch (options.mode) {
    case PadMode::Constant: return broadcast_to(full_like(zeros_like(x, Shape{}), options.value), shape);
    case PadMode::Reflect: return before ? mirrored(x, dim, 1, size) : mirrored(x, dim, n - 1 - size, size);
    case PadMode::Replicate: return broadcast_to(narrow(x, dim, before ? 0 : n - 1, 1), shape);
    case PadMode::Circular: break;
  }
  return narrow(x, dim, before ? n - size : 0, size);
}

bool reaches(PadMode mode, std::int64_t n, std::int64_t size) {
  switch (mode) {
    case PadMode::Constant: return true;
    case PadMode::Reflect: return size <= 0 || size < n;
    case PadMode::Replicate: return size <= 0 || n > 0;
    case PadMode::Circular: break;
  }
  return size <= n;
}

Array cropped(const Array& x, int dim, std::int64_t before, std::int64_t after) {
  const std::int64_t first = std::max<std::int64_t>(-before, 0), last = std::max<std::int64_t>(-after, 0);
  return narrow(x, dim, first, x.shape()[dim] - first - last);
}

Array padded(const Array& x, int dim, PadWidth width, const Pad& options) {
  // What Circular cuts off does not come round again; the other modes look at the whole.
  const bool crop_first = options.mode == PadMode::Constant || options.mode == PadMode::Circular;
  const Array middle = crop_first ? cropped(x, dim, width.before, width.after) : x;
  std::vector<Array> parts;
  if (width.before > 0) parts.push_back(added(middle, dim, width.before, true, options));
  parts.push_back(middle);
  if (width.after > 0) parts.push_back(added(middle, dim, width.after, false, options));
  const Array y = impl::joined(parts, dim);
  return crop_first ? y : cropped(y, dim, width.before, width.after);
}

void check(const Shape& shape, int dim, PadWidth width, PadMode mode) {
  const std::int64_t n = shape[dim];
  const auto text = [&] {
    return std::to_string(width.before) + " before and " + std::to_string(width.after) + " after dim " +
           std::to_string(dim) + " of " + shape.str();
  };
  if (std::max(width.before, width.after) > kWidest || std::min(width.before, width.after) < -kWidest)
    throw ShapeError("pad", text() + ": a width is beyond 2^60");
  const std::int64_t cut = std::max<std::int64_t>(-width.before, 0) + std::max<std::int64_t>(-width.after, 0);
  const bool crop_first = mode == PadMode::Constant || mode == PadMode::Circular;
  if (crop_first ? cut > n : n + width.before + width.after < 0)
    throw ShapeError("pad", text() + ": more is cut off than there is");
  const std::int64_t left = mode == PadMode::Circular ? n - cut : n;
  if (!reaches(mode, left, width.before) || !reaches(mode, left, width.after))
    throw ShapeError("pad", text() + ": beyond what the mode can reach");
}

}  // namespace

Array pad(const Array& x, std::span<const PadWidth> widths, const Pad& options) {
  require_defined("pad", x);
  if (widths.size() > static_cast<std::size_t>(x.rank()))
    throw ShapeError("pad", std::to_string(widths.size()) + " widths for a tensor of shape " + x.shape().str());
  const int first = x.rank() - static_cast<int>(widths.size());
  Shape shape = x.shape();
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const int dim = first + static_cast<int>(i);
    check(x.shape(), dim, widths[i], options.mode);
    shape = shape.with(dim, x.shape()[dim] + widths[i].before + widths[i].after);  // refuses what no array can hold
  }
  Array y = x;
  for (std::size_t i = 0; i < widths.size(); ++i)
    if (widths[i].before != 0 || widths[i].after != 0) y = padded(y, first + static_cast<int>(i), widths[i], options);
  return y;
}

}  // namespace fornax::functional
