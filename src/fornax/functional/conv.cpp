#include <fornax/functional/conv.hpp>

#include <algorithm>
#include <string>

#include <fornax/functional/spatial.hpp>
#include <fornax/ops/biased_conv.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

std::string of_dim(int d) { return " of spatial dim " + std::to_string(d); }

// Beyond, the sizes of a result could leave 64 bits.
constexpr std::int64_t kMostPadding = std::int64_t{1} << 60;

void require_defined(std::string_view op, const Array& x, const char* which) {
  if (!x.defined()) throw ValueError(op, std::string(which) + " is empty: it was moved from, or never given a value");
}

// Checked before the product is computed.
void require_bias(std::string_view op, const Array* bias, const Array& weight, std::int64_t channels) {
  if (!bias) return;
  require_defined(op, *bias, "the bias");
  if (!(bias->shape() == Shape{channels}))
    throw ShapeError(op, "the bias has shape " + bias->shape().str() + "; for " + std::to_string(channels) +
                             " output channels it must be [" + std::to_string(channels) + "]");
  require_same_type(op, weight, *bias);
}

Array with_bias(const Array& y, const Array* bias, int dims) {
  if (!bias) return y;
  Shape shape = bias->shape();
  for (int d = 0; d < dims; ++d) shape = shape.inserted(d + 1, 1);
  return y + cast(reshape(*bias, shape), y.dtype());
}

}  // namespace

template <int N> Array conv(const Array& x, const Array& weight, const Array* bias, const ConvOptions<N>& options) {
  ConvSettings s{.kind = ConvKind::Forward,
                 .dims = N,
                 .groups = options.groups,
                 .stride = options.stride.sizes(),
                 .dilation = options.dilation.sizes(),
                 .before = options.padding.sizes.sizes(),
                 .after = options.padding.sizes.sizes()};
  const std::string_view name = op::Conv(s).name();
  require_defined(name, x, "x");
  require_defined(name, weight, "the weight");
  const Array batch = as_batch(name, x, N);
  if (options.padding.same && weight.rank() == N + 2) {
    for (int d = 0; d < N; ++d) {
      const auto i = static_cast<std::size_t>(d);
      if (s.stride[i] != 1)
        throw ValueError(name, "ConvPad::Same with stride " + std::to_string(s.stride[i]) + of_dim(d) +
                                   "; only stride 1 keeps the size");
      const std::int64_t reach = window_reach(name, d, {.kernel = weight.shape()[d + 2], .dilation = s.dilation[i]});
      s.before[i] = (reach - 1) / 2;
      s.after[i] = reach - 1 - s.before[i];
    }
  }
  const op::Conv conv(s);
  if (!bias) {
    Array y = run(conv, {batch, weight});
    if (options.activation) y = unary(*options.activation, std::move(y));
    return like_batch(y, x, N);
  }
  const Operand operands[] = {batch, weight};
  static_cast<void>(conv.infer(operands));
  require_bias(name, bias, weight, weight.shape()[0]);
  return like_batch(run(op::BiasedConv(s, options.activation), {batch, weight, *bias}), x, N);
}

template <int N>
Array conv_transpose(const Array& x, const Array& weight, const Array* bias, const ConvTransposeOptions<N>& options) {
  ConvSettings s{.kind = ConvKind::Input,
                 .dims = N,
                 .groups = options.groups,
                 .stride = options.stride.sizes(),
                 .dilation = options.dilation.sizes(),
                 .before = options.padding.sizes()};
  const std::string_view name = op::Conv(s).name();
  require_defined(name, x, "x");
  require_defined(name, weight, "the weight");
  const Array batch = as_batch(name, x, N);
  if (weight.rank() != N + 2)
    throw ShapeError(name, "the weight has shape " + weight.shape().str() + "; needs rank " + std::to_string(N + 2));
  // Output padding takes away padding at the end first; what is left of it no window reaches.
  SpatialSizes beyond{};
  for (int d = 0; d < N; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int64_t reach = window_reach(name, d, {.kernel = weight.shape()[d + 2], .dilation = s.dilation[i]});
    const std::int64_t in = batch.shape()[d + 2], extra = options.output_padding[d], padding = s.before[i];
    if (s.stride[i] < 1)
      throw ValueError(name, "stride " + std::to_string(s.stride[i]) + of_dim(d) + "; it must be positive");
    if (padding < 0 || padding > kMostPadding)
      throw ValueError(name, "padding " + std::to_string(padding) + of_dim(d) + "; it must be in [0, 2^60]");
    if (extra < 0 || (extra > 0 && extra >= std::max(s.stride[i], s.dilation[i])))
      throw ValueError(name, "output padding " + std::to_string(extra) + of_dim(d) +
                                 "; it must be at least 0, and less than the stride or the dilation");
    beyond[i] = std::max<std::int64_t>(extra - padding, 0);
    s.after[i] = padding - (extra - beyond[i]);
    // in - 1 may be -1: no window gives no element to a reach of one or more.
    std::int64_t full = 0;
    if (__builtin_mul_overflow(in - 1, s.stride[i], &full) || __builtin_add_overflow(full, reach, &full))
      throw ShapeError(name, "the result is too large along spatial dim " + std::to_string(d));
    const std::int64_t size = in < 1 ? 0 : full - padding - s.after[i];
    if (in < 1 || size + beyond[i] <= 0)
      throw ShapeError(name, "size " + std::to_string(in) + of_dim(d) + " gives " +
                                 std::to_string(std::max<std::int64_t>(full, 0)) + " elements, of which padding " +
                                 std::to_string(padding) + " leaves none");
    // The padding at the start may take all that the windows reach, and more.
    s.size[i] = std::max<std::int64_t>(size, 0);
    if (size < 0) {
      s.before[i] += size;
      beyond[i] += size;
    }
  }
  const op::Conv conv(s);
  if (bias) {
    const Operand operands[] = {batch, weight};
    require_bias(name, bias, weight, conv.infer(operands).shape[1]);
  }
  Array y = run(conv, {batch, weight});
  for (int d = 0; d < N; ++d) y = with_zeros(y, d + 2, 0, beyond[static_cast<std::size_t>(d)]);
  return like_batch(with_bias(y, bias, N), x, N);
}

template Array conv(const Array&, const Array&, const Array*, const ConvOptions<1>&);
template Array conv(const Array&, const Array&, const Array*, const ConvOptions<2>&);
template Array conv(const Array&, const Array&, const Array*, const ConvOptions<3>&);
template Array conv_transpose(const Array&, const Array&, const Array*, const ConvTransposeOptions<1>&);
template Array conv_transpose(const Array&, const Array&, const Array*, const ConvTransposeOptions<2>&);
template Array conv_transpose(const Array&, const Array&, const Array*, const ConvTransposeOptions<3>&);

}  // namespace fornax::functional
