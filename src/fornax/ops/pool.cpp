#include <fornax/ops/pool.hpp>

#include <algorithm>
#include <string>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

// Beyond, the bounds of adaptive windows could leave 64 bits.
constexpr std::int64_t kMostWindows = std::int64_t{1} << 31;

std::string_view name_of(const std::string_view (&names)[kMaxSpatialDims], int dims) {
  return names[std::clamp(dims, 1, kMaxSpatialDims) - 1];
}

WindowSettings sliding(const PoolSettings& s, int d) {
  const auto i = static_cast<std::size_t>(d);
  return {s.kernel[i], s.stride[i], s.padding[i], s.padding[i], s.dilation[i], s.ceil_mode};
}

std::string of_dim(int d) { return " of spatial dim " + std::to_string(d); }

// The shape of x with its spatial dims replaced by the numbers of windows.
Shape pooled(std::string_view op, const PoolSettings& s, const Shape& x) {
  require_spatial_dims(op, s.dims);
  if (x.rank() < s.dims)
    throw ShapeError(op, "x has shape " + x.str() + "; needs rank " + std::to_string(s.dims) + " or more");
  Shape shape = x;
  for (int d = 0; d < s.dims; ++d) {
    const int dim = x.rank() - s.dims + d;
    shape = shape.with(dim, pool_windows(op, s, d, x[dim]));
  }
  return shape;
}

}  // namespace

std::int64_t pool_windows(std::string_view op, const PoolSettings& s, int d, std::int64_t n) {
  if (n == 0) throw ShapeError(op, "size 0" + of_dim(d) + "; there must be an element to pool");
  const WindowSettings w = sliding(s, d);
  if (s.adaptive) {
    if (w.kernel < 0 || w.kernel > kMostWindows)
      throw ValueError(op, "output size " + std::to_string(w.kernel) + of_dim(d) + "; it must be in [0, 2^31]");
    return w.kernel;
  }
  const std::int64_t reach = window_reach(op, d, w);
  if (w.before > reach / 2)
    throw ValueError(op, "padding " + std::to_string(w.before) + of_dim(d) + " is more than half a window of " +
                             std::to_string(reach) + " elements");
  const std::int64_t count = window_count(op, d, n, w);
  // Only steps that are wider than the dim can pass over all of it, and only from a start before it.
  for (std::int64_t i = 0; w.dilation > n && i < count && i < (w.before - 1) / w.stride + 1; ++i)
    if (pool_window(s, d, n, i).count == 0)
      throw ValueError(op, "with padding " + std::to_string(w.before) + " and dilation " + std::to_string(w.dilation) +
                               ", window " + std::to_string(i) + of_dim(d) + " has no element; its size is " +
                               std::to_string(n));
  return count;
}

PoolWindow pool_window(const PoolSettings& s, int d, std::int64_t n, std::int64_t i) {
  const WindowSettings w = sliding(s, d);
  if (s.adaptive) {
    // floor(i n / m) with n = q m + r, so that no product leaves 64 bits.
    const std::int64_t m = w.kernel, q = n / m, r = n % m;
    const std::int64_t first = i * q + i * r / m, last = (i + 1) * q + ((i + 1) * r + m - 1) / m;
    return {first, last - first, last - first};
  }
  const std::int64_t start = i * w.stride - w.before;
  const std::int64_t skipped = start < 0 ? (-start - 1) / w.dilation + 1 : 0;
  const std::int64_t first = start + skipped * w.dilation;
  const std::int64_t there = first < n ? (n - 1 - first) / w.dilation + 1 : 0;
  const std::int64_t padded = (n + w.after - 1 - start) / w.dilation + 1;
  return {first, std::clamp<std::int64_t>(there, 0, w.kernel - skipped), std::min(w.kernel, padded)};
}

namespace {

// With the last dims as one.
Array flat(const Array& x, int dims) {
  Shape planes = x.shape();
  std::int64_t plane = 1;
  for (int d = 0; d < dims; ++d) {
    plane *= x.shape()[x.rank() - 1 - d];
    planes = planes.without(planes.rank() - 1);
  }
  return reshape(x, planes.inserted(planes.rank(), plane));
}

}  // namespace

Array read_places(const Array& x, const Array& indices, int dims) {
  return reshape(gather(flat(x, dims), -1, flat(indices, dims)), indices.shape());
}

namespace op {

namespace {

constexpr std::string_view kMaxNames[] = {"max_pool1d", "max_pool2d", "max_pool3d"};
constexpr std::string_view kMaxGradNames[] = {"max_pool1d_grad", "max_pool2d_grad", "max_pool3d_grad"};
constexpr std::string_view kIndexNames[] = {"max_pool1d_index", "max_pool2d_index", "max_pool3d_index"};
constexpr std::string_view kAvgNames[] = {"avg_pool1d", "avg_pool2d", "avg_pool3d"};

// Settings that the samples of both operations share, with a shape for each.
struct Sample {
  PoolSettings settings;
  Shape x;
};
std::vector<Sample> sliding_samples() {
  return {
      {{.dims = 1, .kernel = {2}, .stride = {2}}, {2, 3, 5}},
      {{.dims = 1, .kernel = {3}, .ceil_mode = true, .stride = {2}, .padding = {1}}, {3, 6}},
      {{.dims = 2, .kernel = {2, 3}, .stride = {1, 2}, .padding = {1, 1}}, {2, 3, 4}},
      {{.dims = 3, .kernel = {1, 2, 2}, .ceil_mode = true, .stride = {2, 1, 2}, .padding = {0, 1, 0}}, {2, 3, 2, 3}},
      {{.dims = 1, .kernel = {3}, .adaptive = true}, {2, 5}},
      {{.dims = 2, .kernel = {3, 2}, .adaptive = true}, {2, 2, 4}},
  };
}

}  // namespace

std::string_view MaxPool::name() const { return name_of(kMaxNames, settings->dims); }

Spec MaxPool::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_numeric(name(), a);
  return {pooled(name(), *settings, a.shape()), a.dtype(), a.device()};
}

Arrays MaxPool::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  return run(MaxPoolGrad(*settings), {x[0], g});
}

Arrays MaxPool::lower(const Arrays& x) const {
  return read_places(x[0], run(MaxPoolIndex(*settings), {x[0]}), settings->dims);
}

std::string_view MaxPoolGrad::name() const { return name_of(kMaxGradNames, settings->dims); }

Spec MaxPoolGrad::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const Array &a = x[0].array(), &g = x[1].array();
  require_float(name(), a);
  require_same_type(name(), a, g);
  if (const Shape wanted = pooled(name(), *settings, a.shape()); !(g.shape() == wanted))
    throw ShapeError(name(), "the cotangent has shape " + g.shape().str() + ", what " + a.shape().str() +
                                 " is pooled to has " + wanted.str());
  return {a.shape(), a.dtype(), a.device()};
}

Arrays MaxPoolGrad::lower(const Arrays& x) const {
  const int dims = settings->dims;
  const Array places = flat(run(MaxPoolIndex(*settings), {x[0]}), dims), planes = flat(zeros_like(x[0]), dims);
  return reshape(scatter(planes, -1, places, flat(x[1], dims), Update::Add), x[0].shape());
}

std::string_view MaxPoolIndex::name() const { return name_of(kIndexNames, settings->dims); }

Spec MaxPoolIndex::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_numeric(name(), a);
  return {pooled(name(), *settings, a.shape()), DType::I64, a.device()};
}

namespace {

std::vector<Sample> max_samples() {
  std::vector<Sample> all = sliding_samples();
  all.push_back(
      {{.dims = 2, .kernel = {2, 3}, .stride = {1, 2}, .padding = {1, 2}, .dilation = {2, 2}}, Shape{2, 4, 5}});
  return all;
}
// No ties within the steps of finite differences.
SampleInput apart(const Shape& shape) { return {shape, DType::F64, -20, 20, 0.02}; }

}  // namespace

SamplesOf<MaxPool> MaxPool::samples() {
  SamplesOf<MaxPool> all;
  for (const Sample& s : max_samples()) all.push_back({MaxPool(s.settings), {apart(s.x)}});
  return all;
}

SamplesOf<MaxPoolGrad> MaxPoolGrad::samples() {
  SamplesOf<MaxPoolGrad> all;
  for (const Sample& s : max_samples())
    all.push_back({MaxPoolGrad(s.settings), {apart(s.x), {pooled("max_pool_grad", s.settings, s.x)}}});
  return all;
}

SamplesOf<MaxPoolIndex> MaxPoolIndex::samples() {
  SamplesOf<MaxPoolIndex> all;
  for (const Sample& s : max_samples()) all.push_back({MaxPoolIndex(s.settings), {{s.x}}});
  return all;
}

std::string_view AvgPool::name() const { return name_of(kAvgNames, settings->windows.dims); }

Spec AvgPool::infer(Operands x) const {
  const AvgPoolSettings& s = *settings;
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_float(name(), a);
  if (s.divisor == 0) throw ValueError(name(), "the divisor is 0");
  require_spatial_dims(name(), s.windows.dims);
  for (int d = 0; d < s.windows.dims; ++d)
    if (s.windows.dilation[static_cast<std::size_t>(d)] != 1)
      throw ValueError(name(), "dilation " + std::to_string(s.windows.dilation[static_cast<std::size_t>(d)]) +
                                   of_dim(d) + "; averages are taken of adjacent elements");
  if (!s.transposed) return {pooled(name(), s.windows, a.shape()), a.dtype(), a.device()};
  Shape shape = a.shape();
  for (int d = 0; d < s.windows.dims && shape.rank() >= s.windows.dims; ++d)
    shape = shape.with(shape.rank() - s.windows.dims + d, s.size[static_cast<std::size_t>(d)]);
  if (const Shape back = pooled(name(), s.windows, shape); !(back == a.shape()))
    throw ShapeError(name(), "the cotangent has shape " + a.shape().str() + ", what " + shape.str() +
                                 " is pooled to has " + back.str());
  return {shape, a.dtype(), a.device()};
}

Arrays AvgPool::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  AvgPoolSettings s = *settings;
  s.transposed = !s.transposed;
  const Shape& shape = x[0].shape();
  for (int d = 0; d < s.windows.dims; ++d)
    s.size[static_cast<std::size_t>(d)] = shape[shape.rank() - s.windows.dims + d];
  return run(AvgPool(s), {g});
}

SamplesOf<AvgPool> AvgPool::samples() {
  SamplesOf<AvgPool> all;
  const auto add = [&](const AvgPoolSettings& s, const Shape& x) {
    all.push_back({AvgPool(s), {{x}}});
    AvgPoolSettings back = s;
    back.transposed = true;
    for (int d = 0; d < s.windows.dims; ++d) back.size[static_cast<std::size_t>(d)] = x[x.rank() - s.windows.dims + d];
    all.push_back({AvgPool(back), {{pooled("avg_pool", s.windows, x)}}});
  };
  for (const Sample& s : sliding_samples()) add({.windows = s.settings}, s.x);
  const PoolSettings padded = {.dims = 2, .kernel = {3, 2}, .ceil_mode = true, .stride = {2, 2}, .padding = {1, 1}};
  add({.windows = padded, .count_include_pad = false}, {2, 4, 4});
  add({.windows = padded, .divisor = 3}, {4, 5});
  return all;
}

}  // namespace op
}  // namespace fornax
