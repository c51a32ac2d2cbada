#include <fornax/array/dense.hpp>

#include <algorithm>
#include <cstdlib>

#include <fornax/array/pool.hpp>

namespace fornax {

bool has_contiguous_strides(const Array& a) {
  const Shape& shape = a.shape();
  const Strides& strides = dense(a).strides;
  std::int64_t step = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    if (shape[d] != 1 && strides[static_cast<std::size_t>(d)] != step) return false;
    step *= shape[d];
  }
  return true;
}

bool repeats_one_element(const Array& a) {
  if (a.numel() <= 1) return false;
  for (int d = a.rank() - 1; d >= 0; --d)
    if (a.shape()[d] != 1 && dense(a).strides[static_cast<std::size_t>(d)] != 0) return false;
  return true;
}

DimOrder memory_order(const Array& a) {
  const Strides& strides = dense(a).strides;
  DimOrder order{};
  for (int d = 0; d < a.rank(); ++d) order[static_cast<std::size_t>(d)] = static_cast<std::int8_t>(d);
  const auto step = [&](std::int8_t d) {
    return a.shape()[d] == 1 ? -1 : std::abs(strides[static_cast<std::size_t>(d)]);
  };
  std::stable_sort(order.begin(), order.begin() + a.rank(),
                   [&](std::int8_t l, std::int8_t r) { return step(l) > step(r); });
  return order;
}

bool is_dense(const Array& a) {
  if (is_contiguous(a)) return true;
  const DimOrder order = memory_order(a);
  std::int64_t expected = 1;
  for (int i = a.rank() - 1; i >= 0; --i) {
    const int d = order[static_cast<std::size_t>(i)];
    if (a.shape()[d] == 1) continue;
    if (dense(a).strides[static_cast<std::size_t>(d)] != expected) return false;
    expected *= a.shape()[d];
  }
  return true;
}

Array view(const Array& a, const Shape& shape, const Strides& strides, std::int64_t offset) {
  DenseBody& from = dense(a);
  auto* body = Pool::make<DenseBody>(from.interpreter, from.dtype, from.device, shape);
  body->strides = strides;
  const std::int64_t bytes = offset * static_cast<std::int64_t>(size_of(from.dtype));
  if (from.is_inline()) {
    std::memcpy(body->inline_bytes, from.inline_bytes, DenseBody::kInline);
    body->data = body->inline_bytes + (from.data - from.inline_bytes) + bytes;
  } else {
    from.storage->references.increment();
    body->storage = from.storage;
    body->data = from.data + bytes;
  }
  return Array(body);
}

}  // namespace fornax
