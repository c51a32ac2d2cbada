#include <fornax/cpu/kernels/channels_last.hpp>

namespace fornax::cpu {

Strides strides_as_in(const Array& like, const Shape& shape) {
  if (is_contiguous(like)) return contiguous_strides(shape);
  const DimOrder order = memory_order(like);
  Strides strides{};
  std::int64_t step = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    strides[static_cast<std::size_t>(order[static_cast<std::size_t>(d)])] = step;
    step *= shape[order[static_cast<std::size_t>(d)]];
  }
  return strides;
}

Strides channels_last_strides(const Shape& shape) {
  Strides strides{};
  std::int64_t step = 1;
  const auto set = [&](int d) {
    strides[static_cast<std::size_t>(d)] = step;
    step *= shape[d];
  };
  set(1);
  for (int d = shape.rank() - 1; d > 1; --d) set(d);
  set(0);
  return strides;
}

bool is_channels_last(const Array& x) {
  if (x.rank() < 2) return false;
  const Strides wanted = channels_last_strides(x.shape());
  for (int d = 0; d < x.rank(); ++d) {
    const auto i = static_cast<std::size_t>(d);
    if (x.shape()[d] != 1 && dense(x).strides[i] != wanted[i]) return false;
  }
  return true;
}

Array as_channels_last(std::string_view operation, const Array& x) {
  if (is_channels_last(x)) return x;
  const Strides wanted = channels_last_strides(x.shape());
  Array y = cpu_empty(operation, x.shape(), x.dtype(), wanted);
  copy(x, dense(y).data, wanted);
  return y;
}

}  // namespace fornax::cpu
