#include <fornax/cpu/kernels/compute_type.hpp>

#include <fornax/array/convert.hpp>

namespace fornax::cpu {

Array as_contiguous(std::string_view operation, const Array& x, DType type) {
  return as_dtype(operation, cpu_contiguous(x), type);
}

Array as_dtype(std::string_view operation, Array y, DType type) {
  if (y.dtype() == type) return y;
  Array converted = cpu_empty(operation, y.shape(), type);
  convert_elements(dense(y).data, y.dtype(), dense(converted).data, type, y.numel());
  return converted;
}

}  // namespace fornax::cpu
