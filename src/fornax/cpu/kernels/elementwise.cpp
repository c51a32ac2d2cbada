#include <fornax/cpu/kernels/elementwise.hpp>

#include <algorithm>
#include <cstring>

#include <fornax/array/convert.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

constexpr std::int64_t kChunk = 512;  // 4 KiB of doubles per operand: all of a kernel's chunks stay in L1

template <class T> void gather_run(const std::byte* from, std::int64_t step, std::byte* to, std::int64_t n) {
  auto* y = reinterpret_cast<T*>(to);
  for (std::int64_t i = 0; i < n; ++i) y[i] = *reinterpret_cast<const T*>(from + i * step);
}

template <class T> void scatter_run(const std::byte* from, std::byte* to, std::int64_t step, std::int64_t n) {
  const auto* x = reinterpret_cast<const T*>(from);
  for (std::int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * step) = x[i];
}

void unpack(const std::byte* from, std::byte* to, std::int64_t step, std::size_t size, std::int64_t n) {
  switch (size) {
    case 8: return scatter_run<std::uint64_t>(from, to, step, n);
    case 4: return scatter_run<std::uint32_t>(from, to, step, n);
    case 2: return scatter_run<std::uint16_t>(from, to, step, n);
    default: return scatter_run<std::uint8_t>(from, to, step, n);
  }
}

template <std::size_t N>
void run_chunked(Kernel kernel, const Array& y, std::span<const View> inputs, const void* setting) {
  std::array<std::byte*, N + 1> data{};
  std::array<const Strides*, N + 1> strides{};
  std::array<std::size_t, N + 1> sizes{};
  data[0] = dense(y).data;
  strides[0] = &dense(y).strides;
  sizes[0] = size_of(y.dtype());
  for (std::size_t i = 0; i < N; ++i) {
    data[i + 1] = inputs[i].data;
    strides[i + 1] = inputs[i].strides;
    sizes[i + 1] = size_of(inputs[i].dtype);
  }
  alignas(64) std::byte raw[kChunk * 8];
  alignas(64) std::byte packed[N + 1][kChunk * 8];
  const DType out = compute_type(y.dtype());
  for_each_run<N + 1>(y.shape(), data, strides, sizes, [&](const auto& at, const auto& step, std::int64_t total) {
    // A run that needs no chunks goes through in one call.
    bool direct = out == y.dtype();
    for (std::size_t i = 0; i < N; ++i)
      direct = direct && compute_type(inputs[i].dtype) == inputs[i].dtype &&
               (total == 1 || step[i + 1] == static_cast<std::int64_t>(sizes[i + 1]));
    direct = direct && (total == 1 || step[0] == static_cast<std::int64_t>(sizes[0]));
    const std::int64_t chunk = direct ? total : kChunk;
    for (std::int64_t start = 0; start < total; start += chunk) {
      const std::int64_t n = std::min(chunk, total - start);
      const std::byte* x[N == 0 ? 1 : N] = {};
      for (std::size_t i = 0; i < N; ++i) {
        const std::byte* from = at[i + 1] + start * step[i + 1];
        const DType stored = inputs[i].dtype;
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
          convert_elements(x[i], stored, packed[i], compute_type(stored), n);
          x[i] = packed[i];
        }
      }
      std::byte* to = at[0] + start * step[0];
      if (direct || (out == y.dtype() && step[0] == static_cast<std::int64_t>(sizes[0]))) {
        kernel(to, x, n, setting);
        continue;
      }
      kernel(packed[N], x, n, setting);
      const std::byte* result = packed[N];
      if (out != y.dtype()) {
        convert_elements(packed[N], out, raw, y.dtype(), n);
        result = raw;
      }
      unpack(result, to, step[0], sizes[0], n);
    }
  });
}

}  // namespace

void pack(const std::byte* from, std::int64_t step, std::byte* to, std::size_t size, std::int64_t n) {
  switch (size) {
    case 8: return gather_run<std::uint64_t>(from, step, to, n);
    case 4: return gather_run<std::uint32_t>(from, step, to, n);
    case 2: return gather_run<std::uint16_t>(from, step, to, n);
    default: return gather_run<std::uint8_t>(from, step, to, n);
  }
}

void run_elementwise(Kernel kernel, const Array& y, std::span<const View> inputs, const void* setting) {
  bool direct = compute_type(y.dtype()) == y.dtype() && is_contiguous(y);
  const std::byte* x[3] = {};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    direct = direct && inputs[i].contiguous && compute_type(inputs[i].dtype) == inputs[i].dtype;
    x[i] = inputs[i].data;
  }
  if (direct) {
    std::size_t sizes[4] = {size_of(y.dtype())};
    for (std::size_t i = 0; i < inputs.size(); ++i) sizes[i + 1] = size_of(inputs[i].dtype);
    return parallel_for(y.numel(), kLeastElements, [&](std::int64_t begin, std::int64_t end) {
      const std::byte* at[3] = {};
      for (std::size_t i = 0; i < inputs.size(); ++i) at[i] = x[i] + static_cast<std::size_t>(begin) * sizes[i + 1];
      kernel(dense(y).data + static_cast<std::size_t>(begin) * sizes[0], at, end - begin, setting);
    });
  }
  switch (inputs.size()) {
    case 1: return run_chunked<1>(kernel, y, inputs, setting);
    case 2: return run_chunked<2>(kernel, y, inputs, setting);
    default: return run_chunked<3>(kernel, y, inputs, setting);
  }
}

void copy(const Array& x, std::byte* to, const Strides& strides) {
  const std::size_t size = size_of(x.dtype());
  for_each_run<2>(x.shape(), {dense(x).data, to}, {&dense(x).strides, &strides}, {size, size},
                  [&](const auto& at, const auto& step, std::int64_t n) {
                    const auto s = static_cast<std::int64_t>(size);
                    if (n == 1 || (step[0] == s && step[1] == s)) {
                      std::memcpy(at[1], at[0], static_cast<std::size_t>(n) * size);
                    } else if (step[1] == s) {
                      pack(at[0], step[0], at[1], size, n);
                    } else if (step[0] == s) {
                      unpack(at[0], at[1], step[1], size, n);
                    } else {
                      for (std::int64_t i = 0; i < n; ++i) std::memcpy(at[1] + i * step[1], at[0] + i * step[0], size);
                    }
                  });
}

}  // namespace fornax::cpu
