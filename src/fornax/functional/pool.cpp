#include <fornax/functional/pool.hpp>

#include <cmath>
#include <string>

#include <fornax/functional/common.hpp>
#include <fornax/functional/spatial.hpp>
#include <fornax/ops/op.hpp>
#include <fornax/ops/pool.hpp>

namespace fornax::functional {

namespace {

// x must be pictures of that many spatial dims; operations on pools take any leading dims.
void require_pictures(std::string_view op, const Array& x, int dims) {
  if (!x.defined()) throw ValueError(op, "x is empty: it was moved from, or never given a value");
  if (x.rank() != dims + 1 && x.rank() != dims + 2)
    throw ShapeError(op, "x has shape " + x.shape().str() + "; needs rank " + std::to_string(dims + 1) +
                             " or, with a batch, " + std::to_string(dims + 2));
}

Array largest(const Array& x, const PoolSettings& s) {
  const op::MaxPool pool(s);
  require_pictures(pool.name(), x, s.dims);
  return run(pool, {x});
}

// The indices find the elements; reading them there is what is differentiated.
Pooled largest_with_indices(const Array& x, const PoolSettings& s) {
  const std::string_view name = op::MaxPool(s).name();
  require_pictures(name, x, s.dims);
  const Operand operand[] = {x};
  static_cast<void>(op::MaxPool(s).infer(operand));
  const Array indices = run(op::MaxPoolIndex(s), {x});
  return {read_places(x, indices, s.dims), indices};
}

template <int N> PoolSettings sliding(PerDim<N> kernel, const MaxPoolOptions<N>& options) {
  return {.dims = N,
          .kernel = kernel.sizes(),
          .ceil_mode = options.ceil_mode,
          .stride = options.stride.given.value_or(kernel).sizes(),
          .padding = options.padding.sizes(),
          .dilation = options.dilation.sizes()};
}

template <int N> PoolSettings adaptive(PerDim<N> output_size) {
  return {.dims = N, .kernel = output_size.sizes(), .adaptive = true};
}

Array mean(const Array& x, const AvgPoolSettings& s) {
  const op::AvgPool pool(s);
  require_pictures(pool.name(), x, s.windows.dims);
  return run(pool, {x});
}

}  // namespace

template <int N> Array max_pool(const Array& x, PerDim<N> kernel, const MaxPoolOptions<N>& options) {
  return largest(x, sliding(kernel, options));
}
template <int N> Pooled max_pool_with_indices(const Array& x, PerDim<N> kernel, const MaxPoolOptions<N>& options) {
  return largest_with_indices(x, sliding(kernel, options));
}

template <int N> Array max_unpool(const Array& x, const Array& indices, PerDim<N> output_size) {
  constexpr std::string_view name = N == 1 ? "max_unpool1d" : N == 2 ? "max_unpool2d" : "max_unpool3d";
  require_pictures(name, x, N);
  require_pictures(name, indices, N);
  if (!(x.shape() == indices.shape()))
    throw ShapeError(name, "x has shape " + x.shape().str() + ", the indices " + indices.shape().str());
  require_int(name, indices);
  Shape shape = x.shape(), planes = x.shape();
  std::int64_t plane = 1;
  for (int d = 0; d < N; ++d) {
    if (output_size[d] < 1)
      throw ValueError(name, "output size " + std::to_string(output_size[d]) + "; it must be positive");
    shape = shape.with(shape.rank() - N + d, output_size[d]);
    planes = planes.without(planes.rank() - 1);
  }
  for (int d = planes.rank(); d < shape.rank(); ++d) plane *= shape[d];
  const auto flat = [&](std::int64_t n) { return planes.inserted(planes.rank(), n); };
  const std::int64_t values = planes.numel() > 0 ? x.numel() / planes.numel() : 0;
  const Array result = impl::in_name_of(name, [&] {
    return scatter(zeros_like(x, flat(plane)), -1, reshape(indices, flat(values)), reshape(x, flat(values)),
                   Update::Assign);
  });
  return reshape(result, shape);
}

template <int N> Array avg_pool(const Array& x, PerDim<N> kernel, const AvgPoolOptions<N>& options) {
  return mean(x, {.windows = {.dims = N,
                              .kernel = kernel.sizes(),
                              .ceil_mode = options.ceil_mode,
                              .stride = options.stride.given.value_or(kernel).sizes(),
                              .padding = options.padding.sizes()},
                  .count_include_pad = options.count_include_pad,
                  .divisor = options.divisor});
}

template <int N> Array lp_pool(const Array& x, double p, PerDim<N> kernel, const LpPoolOptions<N>& options) {
  constexpr std::string_view name = N == 1 ? "lp_pool1d" : N == 2 ? "lp_pool2d" : "lp_pool3d";
  if (!(p > 0) || std::isinf(p))
    throw ValueError(name, "p is " + std::to_string(p) + "; it must be positive and finite");
  require_pictures(name, x, N);
  require_float(name, x);
  for (int d = 0; d < N; ++d)
    static_cast<void>(window_count(
        name, d, x.shape()[x.rank() - N + d],
        {.kernel = kernel[d], .stride = options.stride.given.value_or(kernel)[d], .ceil_mode = options.ceil_mode}));
  double elements = 1;
  for (int d = 0; d < N; ++d) elements *= static_cast<double>(kernel[d]);
  const AvgPoolOptions<N> windows{.stride = options.stride, .ceil_mode = options.ceil_mode};
  if (p == 1) return avg_pool(x, kernel, windows) * elements;
  const Array sum = avg_pool(p == 2 ? unary(UnaryFn::Square, x) : pow(x, p), kernel, windows) * elements;
  const Array nothing = equal(sum, 0.0);
  const Array something = where(nothing, 1.0, sum);
  return where(nothing, 0.0, p == 2 ? sqrt(something) : pow(something, 1 / p));
}

template <int N> Array adaptive_max_pool(const Array& x, PerDim<N> output_size) {
  return largest(x, adaptive(output_size));
}
template <int N> Pooled adaptive_max_pool_with_indices(const Array& x, PerDim<N> output_size) {
  return largest_with_indices(x, adaptive(output_size));
}

template <int N> Array adaptive_avg_pool(const Array& x, PerDim<N> output_size) {
  return mean(x, {.windows = adaptive(output_size)});
}

#define FORNAX_POOL(N)                                                                      \
  template Array max_pool(const Array&, PerDim<N>, const MaxPoolOptions<N>&);               \
  template Pooled max_pool_with_indices(const Array&, PerDim<N>, const MaxPoolOptions<N>&); \
  template Array max_unpool(const Array&, const Array&, PerDim<N>);                         \
  template Array avg_pool(const Array&, PerDim<N>, const AvgPoolOptions<N>&);               \
  template Array lp_pool(const Array&, double, PerDim<N>, const LpPoolOptions<N>&);         \
  template Array adaptive_max_pool(const Array&, PerDim<N>);                                \
  template Pooled adaptive_max_pool_with_indices(const Array&, PerDim<N>);                  \
  template Array adaptive_avg_pool(const Array&, PerDim<N>);
FORNAX_POOL(1)
FORNAX_POOL(2)
FORNAX_POOL(3)

}  // namespace fornax::functional
