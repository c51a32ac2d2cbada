#include <fornax/tensor/range.hpp>

#include <algorithm>

#include <fornax/array/error.hpp>

namespace fornax {

namespace {

SliceDim resolve_dim(const Range& r, std::int64_t n, int dim) {
  if (r.step == 0) throw ValueError("slice", "step is 0 in dim " + std::to_string(dim));
  if (r.single) {
    if (*r.start < -n || *r.start >= n)
      throw IndexError("slice", "position " + std::to_string(*r.start) + " is out of range for dim " +
                                    std::to_string(dim) + " of size " + std::to_string(n));
    return {*r.start < 0 ? *r.start + n : *r.start, 1, 1};
  }
  // As Python's slice.indices(): the ends of a backward walk are n - 1 and -1.
  const std::int64_t lowest = r.step > 0 ? 0 : -1, highest = r.step > 0 ? n : n - 1;
  const auto bound = [&](const std::optional<std::int64_t>& given, std::int64_t absent) {
    if (!given) return absent;
    return std::clamp(*given < 0 ? (*given < -n ? lowest : *given + n) : *given, lowest, highest);
  };
  const std::int64_t start = bound(r.start, r.step > 0 ? lowest : highest);
  const std::int64_t end = bound(r.end, r.step > 0 ? highest : lowest);
  const std::int64_t length = r.step > 0 ? end - start : start - end;
  if (length <= 0) return {0, 0, 1};
  // A step longer than the dim reaches one element; cutting it keeps the arithmetic within 64 bits.
  const std::int64_t step = std::clamp(r.step, -std::max<std::int64_t>(n, 1), std::max<std::int64_t>(n, 1));
  return {start, (length - 1) / std::abs(step) + 1, step};
}

}  // namespace

SliceDims resolve(std::span<const Range> ranges, const Shape& shape) {
  if (ranges.size() > static_cast<std::size_t>(shape.rank()))
    throw IndexError("slice", std::to_string(ranges.size()) + " ranges for a tensor of shape " + shape.str());
  SliceDims dims{};
  for (int d = 0; d < shape.rank(); ++d) {
    const auto i = static_cast<std::size_t>(d);
    dims.dims[i] = i < ranges.size() ? resolve_dim(ranges[i], shape[d], d) : SliceDim{0, shape[d], 1};
  }
  return dims;
}

}  // namespace fornax
