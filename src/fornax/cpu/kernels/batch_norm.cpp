#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fornax/cpu/isa/columns.hpp>
#include <fornax/cpu/isa/norm.hpp>
#include <fornax/cpu/kernels/channels_last.hpp>
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

// --- Channels side by side ---------------------------------------------------------------------------------------------

bool side_by_side(const Array& x, DType type) {
  return x.dtype() == type && x.shape()[1] > 1 && !is_contiguous(x) && is_channels_last(x);
}

/// Rows of channels, in blocks of a fixed number of rows whose sums are joined in their order.
struct Rows {
  static constexpr std::int64_t kBlock = 1024;
  std::int64_t channels, rows, blocks;
  std::size_t row_bytes;

  explicit Rows(const Array& x)
      : channels(x.shape()[1]),
        rows(x.numel() / channels),
        blocks((rows + kBlock - 1) / kBlock),
        row_bytes(static_cast<std::size_t>(channels) * size_of(x.dtype())) {}

  /// f(block, its first byte, its number of rows) for each, on several threads if there is work for them.
  template <class F> void for_blocks(const F& f) const {
    parallel_for(blocks, std::max<std::int64_t>(1, kLeastElements / 4 / (kBlock * channels)),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t b = begin; b < end; ++b)
                     f(b, static_cast<std::size_t>(b * kBlock) * row_bytes, std::min(kBlock, rows - b * kBlock));
                 });
  }
  /// The totals of N sums for each channel; f(at, number, sums of the block) adds to them.
  template <std::size_t N, class F> std::array<std::vector<double>, N> totals(const F& f) const {
    const auto size = static_cast<std::size_t>(channels);
    std::vector<double> parts(static_cast<std::size_t>(blocks) * N * size);
    for_blocks([&](std::int64_t b, std::size_t at, std::int64_t n) {
      std::array<double*, N> sums;
      for (std::size_t i = 0; i < N; ++i) sums[i] = parts.data() + (static_cast<std::size_t>(b) * N + i) * size;
      f(at, n, sums);
    });
    std::array<std::vector<double>, N> all;
    for (std::size_t i = 0; i < N; ++i) {
      all[i].assign(size, 0.0);
      for (std::size_t b = 0; b < static_cast<std::size_t>(blocks); ++b)
        for (std::size_t c = 0; c < size; ++c) all[i][c] += parts[(b * N + i) * size + c];
    }
    return all;
  }
};

/// A vector of the channels, each f(channel).
template <class F> Array of_channels(std::string_view operation, std::int64_t channels, DType type, const F& f) {
  const Array v = cpu_empty(operation, Shape{channels}, type);
  for (std::int64_t c = 0; c < channels; ++c) set_number(v, c, f(static_cast<std::size_t>(c), c));
  return v;
}

Arrays forward_side_by_side(const op::BatchNorm& op, Operands inputs, const Array& x, DType type) {
  const Rows rows(x);
  const ColumnKernels& kernels = column_kernels(type, isa());
  const auto n = static_cast<double>(rows.rows);
  const auto vector = [&](const auto& f) { return of_channels(op.name(), rows.channels, type, f); };
  const Array weight = as_contiguous(op.name(), inputs[1].array(), type);
  const Array bias = as_contiguous(op.name(), inputs[2].array(), type);
  const auto [sums] = rows.totals<1>([&](std::size_t at, std::int64_t count, const auto& to) {
    kernels.sums(count, rows.channels, bytes(x) + at, nullptr, to[0]);
  });
  const Array mean = vector([&, &s = sums](std::size_t c, std::int64_t) { return s[c] / n; });
  const auto [squares] = rows.totals<1>([&](std::size_t at, std::int64_t count, const auto& to) {
    kernels.sums(count, rows.channels, bytes(x) + at, bytes(mean), to[0]);
  });
  const Array variance = vector([&, &s = squares](std::size_t c, std::int64_t) { return s[c] / n; });
  const Array scale = vector(
      [&, &s = squares](std::size_t c, std::int64_t i) { return number(weight, i) / std::sqrt(s[c] / n + op.eps); });
  const Array y = cpu_empty(op.name(), x.shape(), type, dense(x).strides);
  rows.for_blocks([&](std::int64_t, std::size_t at, std::int64_t count) {
    kernels.forward(count, rows.channels, bytes(x) + at, bytes(mean), bytes(scale), bytes(bias), bytes(y) + at);
  });
  return {y, mean, variance};
}

Arrays backward_side_by_side(const op::BatchNormGrad& op, Operands inputs, const Array& x, DType type) {
  const Rows rows(x);
  const ColumnKernels& kernels = column_kernels(type, isa());
  const auto n = static_cast<double>(rows.rows);
  const auto vector = [&](const auto& f) { return of_channels(op.name(), rows.channels, type, f); };
  const auto input = [&](std::size_t i) { return as_contiguous(op.name(), inputs[i].array(), type); };
  const Array weight = input(1), mean = input(2), variance = input(3);
  const Array g = as_channels_last(op.name(), inputs[4].array());
  const auto rstd = [&](std::int64_t i) { return 1 / std::sqrt(number(variance, i) + op.eps); };
  const auto totals = rows.totals<2>([&](std::size_t at, std::int64_t count, const auto& to) {
    kernels.products(count, rows.channels, bytes(x) + at, bytes(mean), bytes(g) + at, to[0], to[1]);
  });
  const auto &plain = totals[0], &along = totals[1];
  const Array shift = vector([&](std::size_t c, std::int64_t) { return plain[c] / n; });
  const Array slope = vector([&](std::size_t c, std::int64_t i) { return rstd(i) * rstd(i) * along[c] / n; });
  const Array scale = vector([&](std::size_t, std::int64_t i) { return number(weight, i) * rstd(i); });
  const Array dx = cpu_empty(op.name(), x.shape(), type, dense(x).strides);
  rows.for_blocks([&](std::int64_t, std::size_t at, std::int64_t count) {
    kernels.backward(count, rows.channels, bytes(x) + at, bytes(mean), bytes(g) + at, bytes(shift), bytes(slope),
                     bytes(scale), bytes(dx) + at);
  });
  return {dx, vector([&](std::size_t c, std::int64_t i) { return along[c] * rstd(i); }),
          vector([&](std::size_t c, std::int64_t) { return plain[c]; })};
}

}  // namespace

Arrays execute(const op::BatchNorm& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  if (const Array& given = inputs[0].array(); side_by_side(given, type))
    return forward_side_by_side(op, inputs, given, type);
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
  if (const Array& given = inputs[0].array(); side_by_side(given, type) && inputs[4]->dtype() == type)
    return backward_side_by_side(op, inputs, given, type);
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
