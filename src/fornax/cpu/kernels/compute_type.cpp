#include <fornax/cpu/kernels/compute_type.hpp>

#include <fornax/array/convert.hpp>
#include <fornax/cpu/isa/half.hpp>
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

Array as_contiguous(std::string_view operation, const Array& x, DType type) {
  return as_dtype(operation, cpu_contiguous(x), type);
}

Array as_dtype(std::string_view operation, Array y, DType type) {
  if (y.dtype() == type) return y;
  Array converted = cpu_empty(operation, y.shape(), type);
  convert_all(dense(y).data, y.dtype(), dense(converted).data, type, y.numel());
  return converted;
}

}  // namespace fornax::cpu
