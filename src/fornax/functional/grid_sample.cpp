#include <string>

#include <fornax/functional/resample.hpp>
#include <fornax/functional/spatial.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

constexpr std::string_view kName = "grid_sample";

// c where it lies between the outermost pixels, else the nearer of these; its slope there is 0. A NaN becomes 0.
Array clipped(const Array& c, std::int64_t size) {
  const auto last = static_cast<double>(size - 1);
  return where(greater(c, 0.0), where(greater_equal(c, last), last, c), 0.0);
}

// c mirrored at the outermost pixels' centres (align_corners) or outer edges, as often as needed.
Array reflected(const Array& c, std::int64_t size, bool align_corners) {
  const double low = align_corners ? 0 : -0.5, span = static_cast<double>(align_corners ? size - 1 : size);
  if (span == 0) return zeros_like(c);
  const Array from_low = c - low;
  const Array distance = where(greater_equal(from_low, 0.0), from_low, -from_low);
  const Array rest = with_scalar(ScalarFn::Fmod, distance, span);
  const Array turned = equal(with_scalar(ScalarFn::Fmod, floor(distance / span), 2.0), 1.0);
  return where(turned, span - rest, rest) + low;
}

// Positions in pixels, each an array [M, 1] for one spatial dim.
using Positions = std::vector<Array>;

/// x as rows of channels, one for each pixel of each image.
class Picture {
 public:
  Picture(const Array& x, const Array& grid, const GridSampleOptions& options)
      : options_(options), shape_(x.shape()), dims_(x.rank() - 2) {
    std::vector<std::int64_t> order{0};
    std::int64_t plane = 1;
    for (int d = 0; d < dims_; ++d) {
      order.push_back(d + 2);
      plane *= size(d);
    }
    order.push_back(1);
    const std::int64_t images = shape_[0], samples = grid.numel() / dims_;
    rows_ = reshape(permute(x, order), Shape{images * plane, shape_[1]});
    const Array number = arange(*x.interpreter(), 0, images, 1, DType::I64, x.device()) * Scalar(plane);
    const Shape each{images, images == 0 ? 0 : samples / images};
    first_ = reshape(broadcast_to(reshape(number, Shape{images, 1}), each), Shape{samples});
  }

  int dims() const { return dims_; }
  std::int64_t size(int d) const { return shape_[d + 2]; }

  Array padded(const Array& c, int d) const {
    switch (options_.padding) {
      case SamplePadding::Border: return clipped(c, size(d));
      case SamplePadding::Reflection: return clipped(reflected(c, size(d), options_.align_corners), size(d));
      default: return c;
    }
  }

  /// The pixels at whole positions: [M, C]; zeros beyond the picture.
  Array at(const Positions& places) const {
    Array index = first_, inside;
    std::int64_t step = 1;
    for (int d = dims_ - 1; d >= 0; --d) {
      const Array& place = places[static_cast<std::size_t>(d)];
      const Array here = logical_and(greater_equal(place, 0.0), lower_equal(place, static_cast<double>(size(d) - 1)));
      index = index + reshape(cast(where(here, place, 0.0), DType::I64), first_.shape()) * Scalar(step);
      inside = inside.defined() ? logical_and(inside, here) : here;
      step *= size(d);
    }
    return where(inside, select(rows_, 0, index), 0.0);
  }

  Array weighted(const Positions& places, const Array& weight) const {
    return at(places) * cast(weight, rows_.dtype());
  }

 private:
  GridSampleOptions options_;
  Shape shape_;
  int dims_;
  Array rows_, first_;  // the number of the first row of each sample's image
};

Array nearest(const Picture& x, const Positions& c) {
  Positions places;
  for (int d = 0; d < x.dims(); ++d)
    places.push_back(unary(UnaryFn::Round, x.padded(c[static_cast<std::size_t>(d)], d)));
  return x.at(places);
}

Array linear(const Picture& x, const Positions& c) {
  const auto dims = static_cast<std::size_t>(x.dims());
  Positions low, t;
  for (std::size_t d = 0; d < dims; ++d) {
    const Array place = x.padded(c[d], static_cast<int>(d));
    low.push_back(floor(place));
    t.push_back(place - low[d]);
  }
  Array sum;
  for (std::size_t corner = 0; corner < std::size_t{1} << dims; ++corner) {
    Positions places;
    Array weight;
    for (std::size_t d = 0; d < dims; ++d) {
      const bool upper = ((corner >> d) & 1u) != 0;
      places.push_back(upper ? low[d] + 1.0 : low[d]);
      const Array part = upper ? t[d] : 1.0 - t[d];
      weight = weight.defined() ? weight * part : part;
    }
    const Array part = x.weighted(places, weight);
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

Array cubic(const Picture& x, const Positions& c) {
  Positions low;
  std::vector<std::vector<Array>> weights;
  for (const Array& place : c) {
    low.push_back(floor(place));
    const Array t = place - low.back(), back = 1.0 - t;
    constexpr double a = -0.75;
    const auto near = [](const Array& d) { return ((a + 2) * d - (a + 3)) * d * d + 1.0; };
    const auto far = [](const Array& d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    weights.push_back({far(t + 1.0), near(t), near(back), far(back + 1.0)});
  }
  Array sum;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      // Each of the 16 pixels is looked for beyond the border by itself.
      const Positions places = {x.padded(low[0] + (static_cast<double>(i) - 1), 0),
                                x.padded(low[1] + (static_cast<double>(j) - 1), 1)};
      const Array part = x.weighted(places, weights[0][i] * weights[1][j]);
      sum = sum.defined() ? sum + part : part;
    }
  }
  return sum;
}

void require_sampled(const Array& x, const Array& grid, const GridSampleOptions& options) {
  require_defined(kName, x);
  require_defined(kName, grid);
  require_float(kName, x);
  require_same_type(kName, x, grid);
  const int dims = x.rank() - 2;
  const std::string shapes = "x has shape " + x.shape().str() + ", the grid " + grid.shape().str();
  if ((dims != 2 && dims != 3) || grid.rank() != x.rank())
    throw ShapeError(kName, shapes + "; both need rank 4, or both rank 5");
  if (grid.shape()[dims + 1] != dims)
    throw ShapeError(kName, shapes + "; the grid's last size must be " + std::to_string(dims));
  if (grid.shape()[0] != x.shape()[0]) throw ShapeError(kName, shapes + "; batches differ");
  for (int d = 0; d < dims; ++d)
    if (x.shape()[d + 2] == 0) throw ShapeError(kName, shapes + "; there are no pixels to sample");
  if (options.mode == SampleMode::Bicubic && dims != 2)
    throw ValueError(kName, "bicubic sampling is for two spatial dims, x has shape " + x.shape().str());
}

}  // namespace

Array grid_sample(const Array& x, const Array& grid, const GridSampleOptions& options) {
  require_sampled(x, grid, options);
  const Picture picture(x, grid, options);
  const int dims = picture.dims();
  const Array wide = grid.dtype() == DType::F64 ? grid : cast(grid, DType::F32);
  Positions c;
  for (int d = 0; d < dims; ++d) {
    // The grid has the last dim's coordinate first.
    const Array g = reshape(narrow(wide, -1, dims - 1 - d, 1), Shape{grid.numel() / dims, 1}) + 1.0;
    const auto size = static_cast<double>(picture.size(d));
    c.push_back(options.align_corners ? g * ((size - 1) / 2) : (g * size - 1.0) / 2.0);
  }
  const Array y = options.mode == SampleMode::Nearest    ? nearest(picture, c)
                  : options.mode == SampleMode::Bilinear ? linear(picture, c)
                                                         : cubic(picture, c);
  // [N, spatial..., C] to [N, C, spatial...]
  Shape last = grid.shape().with(dims + 1, x.shape()[1]);
  std::vector<std::int64_t> order{0, dims + 1};
  for (int d = 0; d < dims; ++d) order.push_back(d + 1);
  return permute(reshape(y, last), order);
}

Array affine_grid(const Array& theta, const Shape& size, bool align_corners) {
  constexpr std::string_view name = "affine_grid";
  if (!theta.defined()) throw ValueError(name, "theta is empty: it was moved from, or never given a value");
  require_float(name, theta);
  const int dims = size.rank() - 2;
  if ((dims != 2 && dims != 3) || !(theta.shape() == Shape{size[0], dims, dims + 1}))
    throw ShapeError(name, "theta has shape " + theta.shape().str() + ", the size is " + size.str() +
                               "; they must be [N, 2, 3] and [N, C, H, W], or [N, 3, 4] and [N, C, D, H, W]");
  Shape space;
  for (int d = 0; d < dims; ++d) space = space.inserted(d, size[d + 2]);
  std::vector<Array> columns;  // the last dim's coordinate first, then the others backwards, then 1
  for (int d = dims - 1; d >= 0; --d) {
    const auto n = static_cast<double>(space[d]);
    std::vector<double> axis;
    for (std::int64_t i = 0; i < space[d]; ++i) {
      const double corners = n > 1 ? 2 * static_cast<double>(i) / (n - 1) - 1 : 0;
      axis.push_back(align_corners ? corners : corners * ((n - 1) / n));
    }
    Shape along;
    for (int e = 0; e < dims; ++e) along = along.inserted(e, e == d ? space[e] : 1);
    columns.push_back(
        reshape(broadcast_to(host_values(theta, axis, along, theta.dtype()), space), Shape{space.numel(), 1}));
  }
  columns.push_back(full_like(columns[0], 1.0));
  const Array pixels = reshape(cat(lent(columns), 1), Shape{1, space.numel(), dims + 1});
  Shape shape = space.inserted(0, size[0]);
  return reshape(matmul(pixels, theta, false, true), shape.inserted(dims + 1, dims));
}

}  // namespace fornax::functional
