#include <string>

#include <fornax/functional/picture.hpp>
#include <fornax/functional/spatial.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

constexpr std::string_view kName = "grid_sample";

Array nearest(const Picture& x, const Positions& c) {
  Positions places;
  for (int d = 0; d < x.dims(); ++d)
    places.push_back(unary(UnaryFn::Round, x.padded(c[static_cast<std::size_t>(d)], d)));
  return x.at(places);
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
  const int dims = x.rank() - 2;
  const Picture picture(x, grid.numel() / dims, options.padding, options.align_corners);
  const Array wide = grid.dtype() == DType::F64 ? grid : cast(grid, DType::F32);
  Positions c;
  for (int d = 0; d < dims; ++d) {
    // The grid has the last dim's coordinate first.
    const Array g = reshape(narrow(wide, -1, dims - 1 - d, 1), Shape{grid.numel() / dims, 1}) + 1.0;
    const auto size = static_cast<double>(picture.size(d));
    c.push_back(options.align_corners ? g * ((size - 1) / 2) : (g * size - 1.0) / 2.0);
  }
  const Array y = options.mode == SampleMode::Nearest    ? nearest(picture, c)
                  : options.mode == SampleMode::Bilinear ? between_pixels(picture, c)
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
