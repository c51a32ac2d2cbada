#include <fornax/cpu/kernels/elementwise.hpp>

#include <algorithm>

#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/packing.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

constexpr std::int64_t kChunk = 512;  // 4 KiB of doubles per operand: all of a kernel's chunks stay in L1

/// What takes part in an operation, its dims in the order in which the result lies in memory. Operand 0 is the result.
template <std::size_t N> struct Operation {
  Kernel kernel;
  const void* setting;
  Shape shape;
  std::array<std::byte*, N + 1> data{};
  std::array<Strides, N + 1> strides{};
  std::array<DType, N + 1> types{};
  std::array<std::size_t, N + 1> sizes{};

  Operation(Kernel k, const void* with, const Array& y, std::span<const View> inputs) : kernel(k), setting(with) {
    const DimOrder order = memory_order(y);
    std::int64_t extents[kMaxRank] = {};
    const auto add = [&](std::size_t i, std::byte* at, const Strides& from, DType type) {
      data[i] = at;
      types[i] = type;
      sizes[i] = size_of(type);
      for (std::size_t d = 0; d < static_cast<std::size_t>(y.rank()); ++d) {
        strides[i][d] = from[static_cast<std::size_t>(order[d])];
        extents[d] = y.shape()[order[d]];
      }
    };
    add(0, dense(y).data, dense(y).strides, y.dtype());
    for (std::size_t i = 0; i < N; ++i) add(i + 1, inputs[i].data, *inputs[i].strides, inputs[i].dtype);
    shape = Shape(std::span<const std::int64_t>(extents, static_cast<std::size_t>(y.rank())));
  }
  /// The part of the outermost dim from `begin` to `end`.
  Operation part(std::int64_t begin, std::int64_t end) const {
    Operation p = *this;
    p.shape = shape.with(0, end - begin);
    for (std::size_t i = 0; i <= N; ++i) p.data[i] += begin * strides[i][0] * static_cast<std::int64_t>(sizes[i]);
    return p;
  }
};

template <std::size_t N> void run_chunked(const Operation<N>& o) {
  std::array<const Strides*, N + 1> strides{};
  for (std::size_t i = 0; i <= N; ++i) strides[i] = &o.strides[i];
  const auto& sizes = o.sizes;
  alignas(64) std::byte raw[kChunk * 8];
  alignas(64) std::byte packed[N + 1][kChunk * 8];
  const DType out = compute_type(o.types[0]);
  for_each_run<N + 1>(o.shape, o.data, strides, sizes, [&](const auto& at, const auto& step, std::int64_t total) {
    // A run that needs no chunks goes through in one call.
    bool direct = true;
    for (std::size_t i = 0; i <= N; ++i)
      direct = direct && compute_type(o.types[i]) == o.types[i] &&
               (total == 1 || step[i] == static_cast<std::int64_t>(sizes[i]));
    const std::int64_t chunk = direct ? total : kChunk;
    for (std::int64_t start = 0; start < total; start += chunk) {
      const std::int64_t n = std::min(chunk, total - start);
      const std::byte* x[N == 0 ? 1 : N] = {};
      for (std::size_t i = 0; i < N; ++i) {
        const std::byte* from = at[i + 1] + start * step[i + 1];
        const DType stored = o.types[i + 1];
        x[i] = from;
        if (direct) continue;
        const bool adjacent = step[i + 1] == static_cast<std::int64_t>(sizes[i + 1]);
        const bool converts = compute_type(stored) != stored;
        if (!adjacent) {
          std::byte* to = converts ? raw : packed[i];
          pack(from, step[i + 1], to, sizes[i + 1], n);
          x[i] = to;
        }
        if (converts) {
          convert(x[i], stored, packed[i], compute_type(stored), n);
          x[i] = packed[i];
        }
      }
      std::byte* to = at[0] + start * step[0];
      if (direct || (out == o.types[0] && step[0] == static_cast<std::int64_t>(sizes[0]))) {
        o.kernel(to, x, n, o.setting);
        continue;
      }
      o.kernel(packed[N], x, n, o.setting);
      if (out == o.types[0]) {
        unpack(packed[N], to, step[0], sizes[0], n);
        continue;
      }
      const bool adjacent = step[0] == static_cast<std::int64_t>(sizes[0]);
      convert(packed[N], out, adjacent ? to : raw, o.types[0], n);
      if (!adjacent) unpack(raw, to, step[0], sizes[0], n);
    }
  });
}

template <std::size_t N>
void run_strided(Kernel kernel, const Array& y, std::span<const View> inputs, const void* setting) {
  const Operation<N> all(kernel, setting, y, inputs);
  const std::int64_t outer = y.rank() > 0 ? all.shape[0] : 1;
  if (y.numel() <= kLeastElements || outer < 2) return run_chunked(all);
  parallel_for(outer, std::max<std::int64_t>(1, kLeastElements * outer / y.numel()),
               [&](std::int64_t begin, std::int64_t end) { run_chunked(all.part(begin, end)); });
}

bool same_strides(const Array& y, const View& x) {
  for (int d = 0; d < y.rank(); ++d) {
    const auto i = static_cast<std::size_t>(d);
    if (y.shape()[d] != 1 && dense(y).strides[i] != (*x.strides)[i]) return false;
  }
  return true;
}

}  // namespace

Array elementwise_result(std::string_view operation, const Spec& spec, Operands inputs) {
  const Array* like = nullptr;
  for (const Operand& x : inputs) {
    if (!is_dense(x.array())) continue;
    if (!like) like = &x.array();
    if (x->rank() > 2 && !is_contiguous(x.array())) {
      like = &x.array();
      break;
    }
  }
  for (const Operand& x : inputs) {
    if (!x.reusable() || x->dtype() != spec.dtype || !like || !same_strides(*like, View(x.array()))) continue;
    const DenseBody& d = dense(x.array());
    if (!d.storage || d.storage->references.is_one()) return x.take();
  }
  return like ? cpu_empty(operation, spec.shape, spec.dtype, dense(*like).strides)
              : cpu_empty(operation, spec.shape, spec.dtype);
}

void run_elementwise(Kernel kernel, const Array& y, std::span<const View> inputs, const void* setting) {
  const bool row_major = is_contiguous(y);
  bool direct = compute_type(y.dtype()) == y.dtype();
  const std::byte* x[3] = {};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    direct = direct && compute_type(inputs[i].dtype) == inputs[i].dtype &&
             (row_major ? inputs[i].contiguous : same_strides(y, inputs[i]));
    x[i] = inputs[i].data;
  }
  if (direct) {
    std::size_t sizes[4] = {size_of(y.dtype())};
    for (std::size_t i = 0; i < inputs.size(); ++i) sizes[i + 1] = size_of(inputs[i].dtype);
    // A second thread is woken for kLeastElements; shared are smaller pieces, so that all have about as much.
    const std::int64_t grain = y.numel() > kLeastElements ? kLeastElements / 8 : kLeastElements;
    return parallel_for(y.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
      const std::byte* at[3] = {};
      for (std::size_t i = 0; i < inputs.size(); ++i) at[i] = x[i] + static_cast<std::size_t>(begin) * sizes[i + 1];
      kernel(dense(y).data + static_cast<std::size_t>(begin) * sizes[0], at, end - begin, setting);
    });
  }
  switch (inputs.size()) {
    case 1: return run_strided<1>(kernel, y, inputs, setting);
    case 2: return run_strided<2>(kernel, y, inputs, setting);
    default: return run_strided<3>(kernel, y, inputs, setting);
  }
}

}  // namespace fornax::cpu
