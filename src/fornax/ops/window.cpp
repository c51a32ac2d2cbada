#include <fornax/ops/window.hpp>

#include <algorithm>
#include <string>

#include <fornax/array/error.hpp>

namespace fornax {

namespace {

std::string setting(const char* name, std::int64_t value, int d) {
  return std::string(name) + " " + std::to_string(value) + " of spatial dim " + std::to_string(d);
}

void require_positive(std::string_view op, const char* name, std::int64_t value, int d) {
  if (value < 1) throw ValueError(op, setting(name, value, d) + "; it must be positive");
}

void require_no_less_than_zero(std::string_view op, std::int64_t padding, int d) {
  if (padding < 0) throw ValueError(op, setting("padding", padding, d) + "; it may not be negative");
}

}  // namespace

std::int64_t window_reach(std::string_view op, int d, const WindowSettings& w) {
  require_positive(op, "kernel size", w.kernel, d);
  require_positive(op, "dilation", w.dilation, d);
  std::int64_t reach = 0;
  if (__builtin_mul_overflow(w.dilation, w.kernel - 1, &reach) || __builtin_add_overflow(reach, 1, &reach))
    throw ValueError(op, setting("dilation", w.dilation, d) + " with kernel size " + std::to_string(w.kernel) +
                             " leaves the range of 64 bits");
  return reach;
}

std::int64_t window_count(std::string_view op, int d, std::int64_t n, const WindowSettings& w) {
  const std::int64_t reach = window_reach(op, d, w);
  require_positive(op, "stride", w.stride, d);
  require_no_less_than_zero(op, w.before, d);
  require_no_less_than_zero(op, w.after, d);
  std::int64_t padded = 0, room = 0;
  if (__builtin_add_overflow(n, w.before, &padded) || __builtin_add_overflow(padded, w.after, &padded))
    throw ValueError(op, setting("padding", std::max(w.before, w.after), d) + " leaves the range of 64 bits");
  room = padded - reach;
  if (w.ceil_mode && __builtin_add_overflow(room, w.stride - 1, &room))
    throw ValueError(op, setting("stride", w.stride, d) + " leaves the range of 64 bits");
  if (room < 0)
    throw ShapeError(op, "a window of " + std::to_string(reach) + " elements does not fit spatial dim " +
                             std::to_string(d) + ", which has " + std::to_string(n) + " and " + std::to_string(padded) +
                             " with padding");
  const std::int64_t count = room / w.stride + 1;
  if (w.ceil_mode && (count - 1) * w.stride >= n + w.before) return count - 1;
  return count;
}

void require_spatial_dims(std::string_view op, int dims) {
  if (dims < 1 || dims > kMaxSpatialDims)
    throw ShapeError(op, std::to_string(dims) + " spatial dims; there may be 1, 2 or 3");
}

}  // namespace fornax
