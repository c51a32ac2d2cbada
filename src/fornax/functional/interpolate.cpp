#include <algorithm>
#include <cmath>
#include <string>

#include <fornax/functional/resample.hpp>
#include <fornax/functional/spatial.hpp>
#include <fornax/ops/op.hpp>
#include <fornax/ops/pool.hpp>

namespace fornax::functional {

namespace {

constexpr std::string_view kName = "interpolate";

// Elements of one dim to read for each new one, and how much of each.
struct Tap {
  std::vector<std::int64_t> at;
  std::vector<double> weight;
};

// One dim from n to m elements; `scale` is the distance of new elements, in old ones.
struct Resized {
  InterpolateMode mode;
  bool align_corners;
  std::int64_t n, m;
  double scale;

  bool is_nearest() const { return mode == InterpolateMode::Nearest || mode == InterpolateMode::NearestExact; }

  std::vector<std::int64_t> nearest() const {
    std::vector<std::int64_t> at;
    for (std::int64_t i = 0; i < m; ++i) {
      const double place = (static_cast<double>(i) + (mode == InterpolateMode::NearestExact ? 0.5 : 0)) * scale;
      // Rounded to f32, so that a position that is a whole number but for the rounding of `scale` counts as one.
      const double whole = std::floor(static_cast<double>(static_cast<float>(place)));
      at.push_back(whole < static_cast<double>(n) ? static_cast<std::int64_t>(whole) : n - 1);
    }
    return at;
  }

  double position(std::int64_t i) const {
    return align_corners ? static_cast<double>(i) * scale : (static_cast<double>(i) + 0.5) * scale - 0.5;
  }

  std::vector<Tap> taps() const {
    const bool cubic = mode == InterpolateMode::Cubic;
    std::vector<Tap> all(cubic ? 4 : 2);
    for (std::int64_t i = 0; i < m; ++i) {
      const double place = cubic ? position(i) : std::max(position(i), 0.0);
      const double floor = std::min(std::floor(place), static_cast<double>(n - 1));
      const double t = std::clamp(place - floor, 0.0, 1.0);
      // Keys' kernel at distances 1 + t, t, 1 - t and 2 - t.
      constexpr double a = -0.75;
      const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
      const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
      const double weights[] = {far(1 + t), near(t), near(1 - t), far(2 - t)};
      for (std::size_t k = 0; k < all.size(); ++k) {
        const std::int64_t at = static_cast<std::int64_t>(floor) + static_cast<std::int64_t>(k) - (cubic ? 1 : 0);
        all[k].at.push_back(std::clamp<std::int64_t>(at, 0, n - 1));
        all[k].weight.push_back(cubic ? weights[k] : k == 0 ? 1 - t : t);
      }
    }
    return all;
  }

  Array of(const Array& x, int dim) const {
    if (n == m && (scale == 1 || mode == InterpolateMode::Linear)) return x;
    if (is_nearest()) return select(x, dim, host_values(x, nearest(), Shape{m}));
    Shape along{m};
    for (int d = dim + 1; d < x.rank(); ++d) along = along.inserted(along.rank(), 1);
    Array sum;
    for (const Tap& tap : taps()) {
      const Array part =
          select(x, dim, host_values(x, tap.at, Shape{tap.at.size()})) * host_values(x, tap.weight, along, x.dtype());
      sum = sum.defined() ? sum + part : part;
    }
    return sum;
  }
};

template <class T> T given(const std::vector<T>& values, int d) {
  return values[values.size() == 1 ? 0 : static_cast<std::size_t>(d)];
}

void require_count(std::size_t count, int dims) {
  if (count != 1 && count != static_cast<std::size_t>(dims))
    throw ValueError(kName, std::to_string(count) + " sizes or factors for " + std::to_string(dims) + " spatial dims");
}

std::int64_t new_size(const InterpolateOptions& o, int d, std::int64_t n) {
  std::int64_t size = 0;
  if (o.scale_factor.empty()) {
    size = given(o.size, d);
  } else {
    const double factor = given(o.scale_factor, d), wanted = std::floor(static_cast<double>(n) * factor);
    if (!(factor > 0) || !(wanted < 0x1p59))
      throw ValueError(kName, "scale factor " + std::to_string(factor) + " of spatial dim " + std::to_string(d));
    size = static_cast<std::int64_t>(wanted);
  }
  if (size < 1)
    throw ValueError(kName, "spatial dim " + std::to_string(d) + " would get size " + std::to_string(size) +
                                "; sizes must be positive");
  return size;
}

double step(const InterpolateOptions& o, bool align_corners, int d, std::int64_t n, std::int64_t m) {
  if (align_corners) return m > 1 ? static_cast<double>(n - 1) / static_cast<double>(m - 1) : 0;
  return o.scale_factor.empty() ? static_cast<double>(n) / static_cast<double>(m) : 1 / given(o.scale_factor, d);
}

}  // namespace

Array interpolate(const Array& x, const InterpolateOptions& options) {
  if (!x.defined()) throw ValueError(kName, "x is empty: it was moved from, or never given a value");
  const int dims = x.rank() - 2;
  if (dims < 1 || dims > kMaxSpatialDims)
    throw ShapeError(kName, "x has shape " + x.shape().str() + "; needs rank 3, 4 or 5");
  if (options.size.empty() == options.scale_factor.empty())
    throw ValueError(kName, "either the size or the scale factor must be given");
  require_count(options.size.size() + options.scale_factor.size(), dims);
  const bool smooth = options.mode == InterpolateMode::Linear || options.mode == InterpolateMode::Cubic;
  if (smooth || options.mode == InterpolateMode::Area) require_float(kName, x);
  Shape shape = x.shape();
  for (int d = 0; d < dims; ++d) {
    if (x.shape()[d + 2] == 0) throw ShapeError(kName, "x has shape " + x.shape().str() + "; it has no pixels");
    shape = shape.with(d + 2, new_size(options, d, x.shape()[d + 2]));
  }
  if (options.mode == InterpolateMode::Area) {
    PoolSettings windows{.dims = dims, .adaptive = true};
    for (int d = 0; d < dims; ++d) windows.kernel[static_cast<std::size_t>(d)] = shape[d + 2];
    return run(op::AvgPool({.windows = windows}), {x});
  }
  Array y = x;
  for (int d = 0; d < dims; ++d) {
    const bool corners = smooth && options.align_corners;
    const std::int64_t n = x.shape()[d + 2], m = shape[d + 2];
    y = Resized{options.mode, corners, n, m, step(options, corners, d, n, m)}.of(y, d + 2);
  }
  return y;
}

}  // namespace fornax::functional
