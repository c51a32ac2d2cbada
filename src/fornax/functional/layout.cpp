#include <fornax/functional/layout.hpp>

#include <algorithm>

#include <fornax/functional/common.hpp>
#include <fornax/ops/matrix.hpp>

namespace fornax::functional {

namespace {

using impl::require_defined;

using Sizes = std::vector<std::int64_t>;

void require_rank_two(std::string_view operation, const Array& x) {
  require_defined(operation, x);
  if (x.rank() < 2) throw ShapeError(operation, "needs rank >= 2, got " + x.shape().str());
}

// Offsets beyond it are refused before they are added to a size.
constexpr std::int64_t kFarthest = std::int64_t{1} << 60;

void require_offset(std::string_view operation, std::int64_t offset) {
  if (offset < -kFarthest || offset > kFarthest)
    throw ValueError(operation, "the offset is " + std::to_string(offset) + "; must be within 2^60");
}

}  // namespace

Array movedim(const Array& x, std::span<const std::int64_t> from, std::span<const std::int64_t> to) {
  require_defined("movedim", x);
  const int rank = x.rank();
  if (from.size() != to.size())
    throw ValueError("movedim", std::to_string(from.size()) + " dims move to " + std::to_string(to.size()) + " places");
  Sizes order(static_cast<std::size_t>(rank), -1);
  std::vector<bool> used(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto source = static_cast<std::size_t>(checked_dim("movedim", from[i], rank));
    const auto target = static_cast<std::size_t>(checked_dim("movedim", to[i], rank));
    if (used[source] || order[target] >= 0)
      throw ValueError("movedim", "a dim appears twice: " + std::to_string(used[source] ? source : target));
    order[target] = static_cast<std::int64_t>(source);
    used[source] = true;
  }
  std::size_t next = 0;
  for (std::int64_t& d : order) {
    if (d >= 0) continue;
    while (used[next]) ++next;
    d = static_cast<std::int64_t>(next++);
  }
  return permute(x, order);
}

Array squeeze(const Array& x) {
  require_defined("squeeze", x);
  Shape shape = x.shape();
  for (int d = shape.rank() - 1; d >= 0; --d)
    if (shape[d] == 1) shape = shape.without(d);
  return reshape(x, shape);
}

Array stack(std::span<const Array> parts, std::int64_t dim) {
  if (parts.empty()) throw ValueError("stack", "needs at least one tensor");
  for (const Array& p : parts) {
    require_defined("stack", p);
    if (!(p.shape() == parts[0].shape()))
      throw ShapeError("stack", "the tensors differ in shape: " + parts[0].shape().str() + " and " + p.shape().str());
  }
  return impl::stacked(parts, checked_dim("stack", dim, parts[0].rank() + 1));
}

std::vector<Array> split(const Array& x, std::span<const std::int64_t> sizes, std::int64_t dim) {
  require_defined("split", x);
  const int d = checked_dim("split", dim, x.rank());
  std::int64_t sum = 0;
  bool fits = true;
  for (const std::int64_t n : sizes) fits = fits && n >= 0 && !__builtin_add_overflow(sum, n, &sum);
  if (!fits || sum != x.shape()[d])
    throw ShapeError("split", "the sizes do not add up to dim " + std::to_string(d) + " of " + x.shape().str());
  std::vector<Array> parts;
  std::int64_t start = 0;
  for (const std::int64_t n : sizes) {
    parts.push_back(narrow(x, d, start, n));
    start += n;
  }
  return parts;
}

std::vector<Array> chunk(const Array& x, std::int64_t count, std::int64_t dim) {
  require_defined("chunk", x);
  const int d = checked_dim("chunk", dim, x.rank());
  if (count <= 0) throw ValueError("chunk", "the number of chunks is " + std::to_string(count));
  const std::int64_t n = x.shape()[d];
  if (n == 0) return std::vector<Array>(static_cast<std::size_t>(std::min<std::int64_t>(count, 1 << 20)), x);
  return fornax::detail::split(x, (n - 1) / count + 1, d);
}

Array tile(const Array& x, std::span<const std::int64_t> counts) {
  require_defined("tile", x);
  const int rank = static_cast<int>(std::min<std::size_t>(counts.size(), kMaxRank + 1));
  if (rank < x.rank() || rank > kMaxRank)
    throw ShapeError("tile", std::to_string(counts.size()) + " counts for a tensor of shape " + x.shape().str());
  for (const std::int64_t n : counts)
    if (n < 0) throw ValueError("tile", "a count is " + std::to_string(n));
  return fornax::detail::repeat(fornax::detail::unsqueeze(x, rank), counts);
}

Array repeat_interleave(const Array& x, std::int64_t times, std::int64_t dim) {
  require_defined("repeat_interleave", x);
  const int d = checked_dim("repeat_interleave", dim, x.rank());
  if (times < 0) throw ValueError("repeat_interleave", "a count is " + std::to_string(times));
  const std::int64_t n = x.shape()[d], total = Shape{n, times}.numel();
  if (x.rank() < kMaxRank) {
    const Shape spread = x.shape().inserted(d + 1, times);
    return reshape(broadcast_to(impl::unsqueeze(x, d + 1), spread), x.shape().with(d, total));
  }
  return repeat_interleave(x, Sizes(static_cast<std::size_t>(n), times), d);
}

Array repeat_interleave(const Array& x, std::span<const std::int64_t> times, std::int64_t dim) {
  require_defined("repeat_interleave", x);
  const int d = checked_dim("repeat_interleave", dim, x.rank());
  if (times.size() != static_cast<std::size_t>(x.shape()[d]))
    throw ShapeError("repeat_interleave",
                     std::to_string(times.size()) + " counts for dim " + std::to_string(d) + " of " + x.shape().str());
  std::int64_t total = 0;
  for (const std::int64_t n : times) {
    if (n < 0) throw ValueError("repeat_interleave", "a count is " + std::to_string(n));
    if (__builtin_add_overflow(total, n, &total)) total = kFarthest;
  }
  static_cast<void>(x.shape().with(d, total));  // refuses what no array can hold
  Sizes at;
  at.reserve(static_cast<std::size_t>(total));
  for (std::size_t i = 0; i < times.size(); ++i)
    at.insert(at.end(), static_cast<std::size_t>(times[i]), static_cast<std::int64_t>(i));
  return select(x, d, host_values(x, at, Shape{at.size()}));
}

Array roll(const Array& x, std::span<const std::int64_t> shifts, std::span<const std::int64_t> dims) {
  require_defined("roll", x);
  if (dims.empty() && shifts.size() == 1)
    return reshape(fornax::detail::roll(reshape(x, Shape{x.numel()}), shifts[0], 0), x.shape());
  if (dims.size() != shifts.size())
    throw ValueError("roll", std::to_string(shifts.size()) + " shifts for " + std::to_string(dims.size()) + " dims");
  for (const std::int64_t d : dims) static_cast<void>(checked_dim("roll", d, x.rank()));
  Array y = x;
  for (std::size_t i = 0; i < dims.size(); ++i) y = fornax::detail::roll(y, shifts[i], dims[i]);
  return y;
}

Array rot90(const Array& x, std::int64_t turns, std::int64_t from, std::int64_t to) {
  require_rank_two("rot90", x);
  const std::int64_t a = checked_dim("rot90", from, x.rank()), b = checked_dim("rot90", to, x.rank());
  if (a == b) throw ValueError("rot90", "both dims are " + std::to_string(a));
  const std::int64_t both[] = {a, b}, second[] = {b};
  switch (((turns % 4) + 4) % 4) {
    case 1: return swap_dims(flip(x, second), a, b);
    case 2: return flip(x, both);
    case 3: return flip(swap_dims(x, a, b), second);
    default: return x;
  }
}

Array tril(const Array& x, std::int64_t diagonal) {
  require_rank_two("tril", x);
  return fornax::detail::triangle(x, diagonal, false);
}

Array triu(const Array& x, std::int64_t diagonal) {
  require_rank_two("triu", x);
  return fornax::detail::triangle(x, diagonal, true);
}

Array diagonal(const Array& x, std::int64_t offset, std::int64_t dim0, std::int64_t dim1) {
  require_rank_two("diagonal", x);
  const std::int64_t a = checked_dim("diagonal", dim0, x.rank()), b = checked_dim("diagonal", dim1, x.rank());
  if (a == b) throw ValueError("diagonal", "both dims are " + std::to_string(a));
  const std::int64_t from[] = {a, b}, to[] = {-2, -1};
  const Array planes = movedim(x, from, to);
  const std::int64_t rows = x.shape()[static_cast<int>(a)], columns = x.shape()[static_cast<int>(b)];
  const std::int64_t start = std::clamp(offset, -rows, columns);
  return diagonal_of(start >= 0 ? narrow(planes, -1, start, columns - start)
                                : narrow(planes, -2, -start, rows + start));
}

Array diag_embed(const Array& x, std::int64_t offset) {
  require_defined("diag_embed", x);
  if (x.rank() == 0) throw ShapeError("diag_embed", "needs rank >= 1");
  require_offset("diag_embed", offset);
  const int last = x.rank() - 1;
  const std::int64_t n = x.shape()[last], size = n + std::max(offset, -offset);
  const std::int64_t row = std::max<std::int64_t>(-offset, 0), column = std::max<std::int64_t>(offset, 0);
  const Shape shape = x.shape().with(last, size).inserted(last + 1, size);
  const Array flat = zeros_like(x, x.shape().with(last, Shape{size, size}.numel()));
  const Array at = counting(x, n) * (size + 1) + (row * size + column);
  return reshape(select_assign(flat, -1, at, x, Update::Assign), shape);
}

std::vector<Array> meshgrid(std::span<const Array> vectors, Indexing indexing) {
  std::vector<std::int64_t> sizes;
  for (const Array& v : vectors) {
    require_defined("meshgrid", v);
    if (v.rank() > 1) throw ShapeError("meshgrid", "a vector has shape " + v.shape().str());
    sizes.push_back(v.numel());
  }
  const bool swapped = indexing == Indexing::Plot && sizes.size() > 1;
  if (swapped) std::swap(sizes[0], sizes[1]);
  const Shape shape{std::span<const std::int64_t>(sizes)};
  std::vector<Array> grids;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const int dim = static_cast<int>(swapped && i < 2 ? 1 - i : i);
    Shape along;
    for (int d = 0; d < shape.rank(); ++d) along = along.inserted(d, d == dim ? shape[d] : 1);
    grids.push_back(broadcast_to(reshape(vectors[i], along), shape));
  }
  return grids;
}

Array unfold_dim(const Array& x, std::int64_t dim, std::int64_t size, std::int64_t step) {
  require_defined("unfold_dim", x);
  const int d = checked_dim("unfold_dim", dim, x.rank());
  const std::int64_t n = x.shape()[d];
  if (size > n || size < 0 || step <= 0)
    throw ValueError("unfold_dim", "windows of " + std::to_string(size) + " every " + std::to_string(step) +
                                       " in a dim of size " + std::to_string(n));
  const std::int64_t windows = (n - size) / step + 1, read = Shape{windows, size}.numel();
  const Shape shape = x.shape().with(d, windows).inserted(d + 1, size);
  const Array start = counting(x, windows) * (windows > 1 ? step : 0);
  const Array at = impl::unsqueeze(start, 1) + counting(x, size);
  const Array y = reshape(select(x, d, reshape(at, Shape{read})), shape);
  return fornax::detail::move_dim(y, d + 1, -1);
}

}  // namespace fornax::functional
