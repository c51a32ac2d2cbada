#include <fornax/functional/fold.hpp>

#include <string>
#include <vector>

#include <fornax/functional/spatial.hpp>

namespace fornax::functional {

namespace {

// A dim of the picture, read by windows.
struct Windows {
  std::int64_t padding, padded, kernel, count;

  Windows(std::string_view op, int d, std::int64_t n, PerDim<2> sizes, const FoldOptions& o)
      : padding(o.padding[d]),
        padded(0),
        kernel(sizes[d]),
        count(window_count(op, d, n, {kernel, o.stride[d], padding, padding, o.dilation[d]})) {
    padded = n + 2 * padding;
  }
};

// [kernel, count]: where window o has its element i.
Array places(const Array& x, const Windows& w, std::int64_t stride, std::int64_t dilation) {
  std::vector<std::int64_t> at;
  for (std::int64_t i = 0; i < w.kernel; ++i)
    for (std::int64_t o = 0; o < w.count; ++o) at.push_back(o * stride + i * dilation);
  return host_values(x, at, Shape{at.size()});
}

constexpr std::int64_t kSwapMiddle[] = {0, 1, 2, 4, 3, 5};  // [.., kernel, count, kernel, count] and back

// The dims before the last three as one.
Array one_batch(const Array& x) {
  const int rank = x.rank();
  std::int64_t n = 1;
  for (int d = 0; d < rank - 3; ++d) n *= x.shape()[d];
  return reshape(x, Shape{n, x.shape()[rank - 3], x.shape()[rank - 2], x.shape()[rank - 1]});
}

Array as_before(const Array& y, const Shape& original) {
  Shape shape = original;
  for (int d = 1; d <= 3; ++d) shape = shape.with(shape.rank() - d, y.shape()[4 - d]);
  return reshape(y, shape);
}

// The greatest factor whose square is a number of elements.
constexpr std::int64_t kMostFactor = std::int64_t{1} << 29;

void require_pictures(std::string_view op, const Array& x, std::int64_t factor) {
  if (!x.defined()) throw ValueError(op, "x is empty: it was moved from, or never given a value");
  if (x.rank() < 3) throw ShapeError(op, "x has shape " + x.shape().str() + "; needs rank 3 or more");
  if (factor < 1 || factor > kMostFactor)
    throw ValueError(op, "factor " + std::to_string(factor) + "; it must be in [1, 2^29]");
}

}  // namespace

Array unfold(const Array& x, PerDim<2> kernel, const FoldOptions& options) {
  if (!x.defined()) throw ValueError("unfold", "x is empty: it was moved from, or never given a value");
  const Shape& s = x.shape();
  if (s.rank() != 4) throw ShapeError("unfold", "x has shape " + s.str() + "; needs rank 4");
  const Windows h("unfold", 0, s[2], kernel, options), w("unfold", 1, s[3], kernel, options);
  const Array padded = with_zeros(with_zeros(x, 2, h.padding, h.padding), 3, w.padding, w.padding);
  const Array rows = select(padded, 2, places(x, h, options.stride[0], options.dilation[0]));
  const Array read = select(rows, 3, places(x, w, options.stride[1], options.dilation[1]));
  const Array parts = permute(reshape(read, Shape{s[0], s[1], h.kernel, h.count, w.kernel, w.count}), kSwapMiddle);
  return reshape(parts, Shape{s[0], s[1] * h.kernel * w.kernel, h.count * w.count});
}

Array fold(const Array& x, PerDim<2> output_size, PerDim<2> kernel, const FoldOptions& options) {
  if (!x.defined()) throw ValueError("fold", "x is empty: it was moved from, or never given a value");
  const Shape& s = x.shape();
  if (s.rank() != 3) throw ShapeError("fold", "x has shape " + s.str() + "; needs rank 3");
  for (int d = 0; d < 2; ++d)
    if (output_size[d] < 0) throw ValueError("fold", "output size " + std::to_string(output_size[d]) + " is negative");
  const Windows h("fold", 0, output_size[0], kernel, options), w("fold", 1, output_size[1], kernel, options);
  const Shape windows{h.kernel, w.kernel, h.count, w.count};  // throws if there are too many
  const std::int64_t taps = windows[0] * windows[1], columns = windows[2] * windows[3];
  if (s[1] % taps != 0 || s[2] != columns)
    throw ShapeError("fold", "x has shape " + s.str() + "; a picture of " + std::to_string(output_size[0]) + " by " +
                                 std::to_string(output_size[1]) + " has " + std::to_string(columns) +
                                 " windows, with " + std::to_string(taps) + " elements of each channel");
  const std::int64_t n = s[0], channels = s[1] / taps;
  const Array parts = permute(reshape(x, Shape{n, channels, h.kernel, w.kernel, h.count, w.count}), kSwapMiddle);
  const Array flat = reshape(parts, Shape{n, channels, h.kernel * h.count, w.kernel * w.count});
  const Array rows = select_assign(zeros_like(x, Shape{n, channels, h.kernel * h.count, w.padded}), 3,
                                   places(x, w, options.stride[1], options.dilation[1]), flat, Update::Add);
  const Array padded = select_assign(zeros_like(x, Shape{n, channels, h.padded, w.padded}), 2,
                                     places(x, h, options.stride[0], options.dilation[0]), rows, Update::Add);
  return narrow(narrow(padded, 2, h.padding, output_size[0]), 3, w.padding, output_size[1]);
}

Array pixel_shuffle(const Array& x, std::int64_t factor) {
  require_pictures("pixel_shuffle", x, factor);
  const Array batch = one_batch(x);
  const Shape& s = batch.shape();
  if (s[1] % (factor * factor) != 0)
    throw ShapeError("pixel_shuffle", "x has shape " + x.shape().str() + "; its " + std::to_string(s[1]) +
                                          " channels are no multiple of " + std::to_string(factor * factor));
  const std::int64_t channels = s[1] / (factor * factor), order[] = {0, 1, 4, 2, 5, 3};
  const Array parts = permute(reshape(batch, Shape{s[0], channels, factor, factor, s[2], s[3]}), order);
  return as_before(reshape(parts, Shape{s[0], channels, s[2] * factor, s[3] * factor}), x.shape());
}

Array pixel_unshuffle(const Array& x, std::int64_t factor) {
  require_pictures("pixel_unshuffle", x, factor);
  const Array batch = one_batch(x);
  const Shape& s = batch.shape();
  if (s[2] % factor != 0 || s[3] % factor != 0)
    throw ShapeError("pixel_unshuffle", "x has shape " + x.shape().str() + "; its pictures are no whole number of " +
                                            std::to_string(factor) + " by " + std::to_string(factor) + " blocks");
  const std::int64_t order[] = {0, 1, 3, 5, 2, 4};
  const Array parts = permute(reshape(batch, Shape{s[0], s[1], s[2] / factor, factor, s[3] / factor, factor}), order);
  return as_before(reshape(parts, Shape{s[0], s[1] * factor * factor, s[2] / factor, s[3] / factor}), x.shape());
}

}  // namespace fornax::functional
