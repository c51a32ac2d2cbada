#include <fornax/cpu/kernels/compute_type.hpp>

#include <algorithm>
#include <array>

#include <fornax/array/convert.hpp>
#include <fornax/cpu/isa/half.hpp>
#include <fornax/cpu/kernels/channels_last.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/packing.hpp>
#include <fornax/cpu/kernels/runs.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

void convert(const std::byte* from, DType from_type, std::byte* to, DType to_type, std::int64_t n) {
  const Kernel kernel = half_kernel(from_type, to_type, isa());
  if (!kernel) return convert_elements(from, from_type, to, to_type, n);
  kernel(to, &from, n, nullptr);
}

void convert_all(const std::byte* from, DType from_type, std::byte* to, DType to_type, std::int64_t n) {
  const auto from_size = static_cast<std::int64_t>(size_of(from_type));
  const auto to_size = static_cast<std::int64_t>(size_of(to_type));
  parallel_for(n, kLeastElements, [&](std::int64_t begin, std::int64_t end) {
    convert(from + begin * from_size, from_type, to + begin * to_size, to_type, end - begin);
  });
}

Array converted(std::string_view operation, const Array& x, DType type) {
  const Array y = cpu_empty(operation, x.shape(), type, strides_as_in(x, x.shape()));
  if (is_dense(x)) {
    convert_all(dense(x).data, x.dtype(), dense(y).data, type, x.numel());
    return y;
  }
  constexpr std::int64_t chunk = 512;
  const std::array<std::size_t, 2> sizes{size_of(x.dtype()), size_of(type)};
  const auto near = [&](int side) { return static_cast<std::int64_t>(sizes[static_cast<std::size_t>(side)]); };
  const auto rows = [&](const Shape& shape, std::int64_t first) {
    const std::int64_t skipped[] = {first * dense(x).strides[0], first * dense(y).strides[0]};
    for_each_run<2>(shape, {dense(x).data + skipped[0] * near(0), dense(y).data + skipped[1] * near(1)},
                    {&dense(x).strides, &dense(y).strides}, sizes,
                    [&](const auto& at, const auto& step, std::int64_t total) {
                      std::byte from[chunk * sizeof(double)], to[chunk * sizeof(double)];
                      for (std::int64_t i = 0; i < total; i += chunk) {
                        const std::int64_t n = std::min(chunk, total - i);
                        const bool packs = step[0] != near(0), unpacks = step[1] != near(1);
                        const std::byte* source = at[0] + i * step[0];
                        std::byte* target = at[1] + i * step[1];
                        if (packs) pack(source, step[0], from, sizes[0], n);
                        convert(packs ? from : source, x.dtype(), unpacks ? to : target, type, n);
                        if (unpacks) unpack(to, target, step[1], sizes[1], n);
                      }
                    });
  };
  const std::int64_t outer = x.shape()[0];
  parallel_for(outer, std::max<std::int64_t>(1, kLeastElements * outer / std::max<std::int64_t>(1, x.numel())),
               [&](std::int64_t begin, std::int64_t end) { rows(x.shape().with(0, end - begin), begin); });
  return y;
}

Array as_contiguous(std::string_view operation, const Array& x, DType type) {
  return as_dtype(operation, cpu_contiguous(x), type);
}

Array as_dtype(std::string_view operation, Array y, DType type) {
  if (y.dtype() == type) return y;
  Array converted = cpu_empty(operation, y.shape(), type);
  convert_all(dense(y).data, y.dtype(), dense(converted).data, type, y.numel());
  return converted;
}

RowRoom::RowRoom(std::string_view operation, DType stored, std::int64_t length, bool always)
    : widen_(half_kernel(stored, compute_type(stored), isa())),
      narrow_(half_kernel(compute_type(stored), stored, isa())),
      length_(length) {
  if (!widen_ && !always) return;
  memory_ = cpu_empty(operation, Shape{length}, compute_type(stored));
  room_ = dense(memory_).data;
}

}  // namespace fornax::cpu
