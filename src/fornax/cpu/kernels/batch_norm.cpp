#include <algorithm>
#include <utility>

#include <fornax/cpu/isa/norm.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

/// Where each channel of x [N, C, ...] lies. Short runs are not worth a loop each: they are computed in a copy in which
/// a channel is one run.
struct Channels {
  std::int64_t count, first_step;
  ChannelRuns runs;
  bool joined;

  explicit Channels(const Shape& shape) : count(shape[1]) {
    std::int64_t length = 1;
    for (int d = 2; d < shape.rank(); ++d) length *= shape[d];
    joined = length < 16 && shape[0] > 1;
    runs = joined ? ChannelRuns{1, 0, shape[0] * length} : ChannelRuns{shape[0], shape[1] * length, length};
    first_step = joined ? shape[0] * length : length;
  }
  /// x, with the channels in front if they are joined.
  Array in(std::string_view operation, const Array& x, DType type) const {
    return as_contiguous(operation, joined ? turned(x) : x, type);
  }
  /// A result in the order of the channels, as one in the order of x.
  Array out(std::string_view operation, const Array& y, const Spec& spec) const {
    return as_dtype(operation, joined ? cpu_contiguous(turned(y)) : y, spec.dtype);
  }
  /// Channels for a thread to take at once.
  std::int64_t grain() const {
    return std::max<std::int64_t>(1, kLeastElements / 4 / std::max<std::int64_t>(1, runs.count * runs.length));
  }

 private:
  static Array turned(const Array& x) {
    Strides strides = dense(x).strides;
    std::swap(strides[0], strides[1]);
    return view(x, x.shape().with(0, x.shape()[1]).with(1, x.shape()[0]), strides, 0);
  }
};

/// f(channel, its first byte) for each, on several threads if there is work for them.
template <class F> void for_channels(const Channels& channels, DType type, const F& f) {
  const auto step = channels.first_step * static_cast<std::int64_t>(size_of(type));
  parallel_for(channels.count, channels.grain(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) f(c, c * step);
  });
}

std::byte* bytes(const Array& x) { return dense(x).data; }

double number(const Array& x, std::int64_t i) {
  return x.dtype() == DType::F64 ? reinterpret_cast<const double*>(bytes(x))[i]
                                 : static_cast<double>(reinterpret_cast<const float*>(bytes(x))[i]);
}
void set_number(const Array& x, std::int64_t i, double value) {
  if (x.dtype() == DType::F64)
    reinterpret_cast<double*>(bytes(x))[i] = value;
  else
    reinterpret_cast<float*>(bytes(x))[i] = static_cast<float>(value);
}

}  // namespace

Arrays execute(const op::BatchNorm& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  const Channels channels(specs[0].shape);
  const Array x = channels.in(op.name(), inputs[0].array(), type);
  const Array weight = as_contiguous(op.name(), inputs[1].array(), type);
  const Array bias = as_contiguous(op.name(), inputs[2].array(), type);
  const Array y = cpu_empty(op.name(), x.shape(), type);
  const Array mean = cpu_empty(op.name(), specs[1].shape, type), variance = cpu_empty(op.name(), specs[2].shape, type);
  const auto kernel = norm_kernels(type, isa()).channel_forward;
  for_channels(channels, type, [&](std::int64_t c, std::int64_t at) {
    ChannelNorm norm{number(weight, c), number(bias, c), 0, 0, op.eps};
    kernel(channels.runs, bytes(x) + at, bytes(y) + at, norm);
    set_number(mean, c, norm.mean);
    set_number(variance, c, norm.variance);
  });
  return {channels.out(op.name(), y, specs[0]), as_dtype(op.name(), mean, specs[1].dtype),
          as_dtype(op.name(), variance, specs[2].dtype)};
}

Arrays execute(const op::BatchNormGrad& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  const Channels channels(specs[0].shape);
  const Array x = channels.in(op.name(), inputs[0].array(), type), g = channels.in(op.name(), inputs[4].array(), type);
  Array vectors[3];
  for (std::size_t i = 0; i < 3; ++i) vectors[i] = as_contiguous(op.name(), inputs[i + 1].array(), type);
  const Array dx = cpu_empty(op.name(), x.shape(), type);
  const Array dweight = cpu_empty(op.name(), specs[1].shape, type), dbias = cpu_empty(op.name(), specs[2].shape, type);
  const auto kernel = norm_kernels(type, isa()).channel_backward;
  for_channels(channels, type, [&](std::int64_t c, std::int64_t at) {
    ChannelNorm norm{number(vectors[0], c), 0, number(vectors[1], c), number(vectors[2], c), op.eps};
    kernel(channels.runs, bytes(x) + at, bytes(g) + at, bytes(dx) + at, norm);
    set_number(dweight, c, norm.weight);
    set_number(dbias, c, norm.bias);
  });
  return {channels.out(op.name(), dx, specs[0]), as_dtype(op.name(), dweight, specs[1].dtype),
          as_dtype(op.name(), dbias, specs[2].dtype)};
}

}  // namespace fornax::cpu
