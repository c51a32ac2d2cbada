// The same elements under other shapes, in other orders, with others beside them.

#include <algorithm>

#include <fornax/tensor/build.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

using Sizes = std::vector<std::int64_t>;

// A number to fill x's dtype with.
Scalar fill_for(const Array& x, const Call& c) {
  if (is_float(x.dtype())) return c.attrs.real("value", 0);
  if (x.dtype() == DType::Bool) return c.attrs.real("value", 0) != 0;
  return c.attrs.has("value") ? c.attrs.number("value") : Scalar(0);
}

Arrays movedim(const Call& c) {
  const Sizes source = c.attrs.integers("src"), target = c.attrs.integers("dst");
  const int rank = c[0].rank();
  if (source.size() != target.size()) throw ValueError("movedim", "src and dst differ in length");
  Sizes order(static_cast<std::size_t>(rank), -1);
  std::vector<bool> used(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < source.size(); ++i) {
    const int from = checked_dim("movedim", source[i], rank), to = checked_dim("movedim", target[i], rank);
    order[static_cast<std::size_t>(to)] = from;
    used[static_cast<std::size_t>(from)] = true;
  }
  std::size_t next = 0;
  for (std::int64_t& d : order) {
    if (d >= 0) continue;
    while (next < used.size() && used[next]) ++next;
    d = static_cast<std::int64_t>(next++);
  }
  return permute(c[0], order);
}

Arrays squeeze_row(const Call& c) {
  const Array& x = c[0];
  if (!c.attrs.has("dim")) {
    DimSet ones;
    for (int d = 0; d < x.rank(); ++d)
      if (x.shape()[d] == 1) ones.add(d);
    return drop_dims(x, ones, false);
  }
  if (x.rank() == 0) return x;
  const int dim = checked_dim("squeeze", c.attrs.integer("dim"), x.rank());
  return x.shape()[dim] == 1 ? squeeze(x, dim) : x;
}

Array joined(const Arrays& parts, std::int64_t dim) {
  std::vector<Operand> operands;
  for (const Array& p : parts) operands.emplace_back(p);
  return cat(operands, dim);
}

Arrays stack(const Call& c) {
  Arrays raised;
  for (const Array& x : c.inputs) raised.push_back(unsqueeze(x, c.attrs.integer("dim")));
  const std::int64_t dim = c.attrs.integer("dim");
  return joined(raised, dim);
}

Arrays split(const Call& c) {
  const std::int64_t dim = c.attrs.integer("dim");
  const Sizes sizes = c.attrs.integers("sizes");
  Arrays parts;
  if (c.attrs.at("sizes").kind == Value::Kind::List) {
    std::int64_t start = 0;
    for (const std::int64_t n : sizes) {
      parts.push_back(narrow(c[0], dim, start, n));
      start += n;
    }
    if (start != c[0].shape()[checked_dim("split", dim, c[0].rank())])
      throw ShapeError("split",
                       "the sizes add up to " + std::to_string(start) + ", the tensor is " + c[0].shape().str());
  } else {
    for (const Array& p : detail::split(c[0], sizes[0], dim)) parts.push_back(p);
  }
  return parts;
}

Arrays chunk(const Call& c) {
  const int dim = checked_dim("chunk", c.attrs.integer("dim"), c[0].rank());
  const std::int64_t n = c[0].shape()[dim], count = c.attrs.integer("chunks");
  if (count <= 0) throw ValueError("chunk", "the number of chunks is " + std::to_string(count));
  Arrays parts;
  for (std::int64_t i = 0; n == 0 && i < count; ++i) parts.push_back(c[0]);
  if (n > 0)
    for (const Array& p : detail::split(c[0], (n - 1) / count + 1, dim)) parts.push_back(p);
  return parts;
}

Arrays tile(const Call& c) {
  const Sizes repeats = c.attrs.integers("repeats");
  const int rank = static_cast<int>(repeats.size());
  if (rank < c[0].rank()) throw ShapeError("repeat", "fewer counts than dims of " + c[0].shape().str());
  return detail::repeat(detail::unsqueeze(c[0], rank), repeats);
}

Arrays repeat_interleave(const Call& c) {
  const Array x = c.attrs.has("dim") ? c[0] : flat(c[0]);
  const int dim = checked_dim("repeat_interleave", c.attrs.integer("dim", 0), x.rank());
  const Sizes repeats = c.attrs.integers("repeats");
  const std::int64_t n = x.shape()[dim];
  if (repeats.size() != 1 && repeats.size() != static_cast<std::size_t>(n))
    throw ShapeError("repeat_interleave", std::to_string(repeats.size()) + " counts for " + x.shape().str());
  Sizes at;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t times = repeats[repeats.size() == 1 ? 0 : static_cast<std::size_t>(i)];
    if (times < 0) throw ValueError("repeat_interleave", "a count is " + std::to_string(times));
    at.insert(at.end(), static_cast<std::size_t>(times), i);
  }
  return read_at(c, x, dim, at);
}

Arrays roll(const Call& c) {
  const Sizes shifts = c.attrs.integers("shifts");
  const Sizes dims = c.attrs.has("dims") ? c.attrs.integers("dims") : Sizes();
  if (dims.empty()) return reshape(detail::roll(flat(c[0]), shifts.at(0), 0), c[0].shape());
  if (dims.size() != shifts.size()) throw ValueError("roll", "shifts and dims differ in length");
  Array x = c[0];
  for (std::size_t i = 0; i < dims.size(); ++i) x = detail::roll(x, shifts[i], dims[i]);
  return x;
}

Arrays rot90(const Call& c) {
  const Sizes dims = c.attrs.integers("dims");
  const std::int64_t turns = ((c.attrs.integer("k") % 4) + 4) % 4;
  if (dims.size() != 2) throw ValueError("rot90", "needs two dims");
  if (turns == 2) return flip(c[0], dims);
  if (turns == 1) return swap_dims(flip(c[0], std::span(&dims[1], 1)), dims[0], dims[1]);
  if (turns == 3) return flip(swap_dims(c[0], dims[0], dims[1]), std::span(&dims[1], 1));
  return c[0];
}

template <bool upper> Arrays triangle(const Call& c) {
  if (c[0].rank() < 2) throw ShapeError(upper ? "triu" : "tril", "needs rank >= 2, got " + c[0].shape().str());
  return detail::triangle(c[0], c.attrs.integer("diagonal", 0), upper);
}

Arrays expand(const Call& c) {
  const Sizes shape = c.attrs.integers("shape");
  return detail::expand(c[0], shape);
}

Arrays reshape_row(const Call& c) {
  const Sizes shape = c.attrs.integers("shape");
  return detail::reshape(c[0], shape);
}

Arrays meshgrid(const Call& c) {
  const bool xy = c.attrs.has("indexing") && c.attrs.text("indexing") == "xy" && c.inputs.size() > 1;
  Sizes sizes;
  for (const Array& x : c.inputs) sizes.push_back(x.numel());
  if (xy) std::swap(sizes[0], sizes[1]);
  const Shape shape{std::span<const std::int64_t>(sizes)};
  Arrays grids;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const int dim = static_cast<int>(xy && i < 2 ? 1 - i : i);
    Shape along;
    for (int d = 0; d < shape.rank(); ++d) along = along.inserted(d, d == dim ? shape[d] : 1);
    grids.push_back(broadcast_to(reshape(c.inputs[i], along), shape));
  }
  return grids;
}

Array padded_with(const Array& x, int dim, std::int64_t before, std::int64_t after, Scalar value) {
  const std::int64_t n = x.shape()[dim], cut_before = std::max<std::int64_t>(-before, 0);
  const std::int64_t cut_after = std::max<std::int64_t>(-after, 0);
  const Array kept = narrow(x, dim, cut_before, n - cut_before - cut_after);
  const auto filler = [&](std::int64_t size) {
    const Shape shape = x.shape().with(dim, std::max<std::int64_t>(size, 0));
    return broadcast_to(full_like(zeros_like(x, Shape{}), value), shape);
  };
  return cat({filler(before), kept, filler(after)}, dim);
}

// Where position i of the padded dim reads; beyond what a mode can reach it stays outside [0, n), which select refuses.
std::int64_t mirrored(const std::string& mode, std::int64_t i, std::int64_t n) {
  if (mode == "reflect") return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
  if (mode == "replicate") return std::clamp<std::int64_t>(i, 0, std::max<std::int64_t>(n - 1, 0));
  if (mode == "circular") return i < 0 ? i + n : i >= n ? i - n : i;
  throw Absent("the library has no padding called \"" + mode + "\"");
}

Arrays pad(const Call& c) {
  const Sizes widths = c.attrs.integers("pad_last_dim_first");
  const std::string mode = c.attrs.has("mode") ? c.attrs.text("mode") : "constant";
  Array x = c[0];
  if (widths.size() % 2 != 0 || widths.size() / 2 > static_cast<std::size_t>(x.rank()))
    throw ShapeError("pad", std::to_string(widths.size()) + " widths for a tensor of shape " + x.shape().str());
  for (std::size_t i = 0; i + 1 < widths.size(); i += 2) {
    const int dim = x.rank() - 1 - static_cast<int>(i / 2);
    std::int64_t before = widths[i], after = widths[i + 1], n = x.shape()[dim];
    if (n + before + after < 0)
      throw ShapeError("pad", "dim " + std::to_string(dim) + " of " + x.shape().str() + " is cut beyond its size");
    if (mode == "constant") {
      x = padded_with(x, dim, before, after, fill_for(x, c));
    } else if (before != 0 || after != 0) {
      if (mode == "circular" && (before < 0 || after < 0)) {
        // What is cropped does not come round again.
        x = padded_with(x, dim, std::min<std::int64_t>(before, 0), std::min<std::int64_t>(after, 0), fill_for(x, c));
        before = std::max<std::int64_t>(before, 0);
        after = std::max<std::int64_t>(after, 0);
        n = x.shape()[dim];
      }
      Sizes at;
      for (std::int64_t j = -before; j < n + after; ++j) at.push_back(mirrored(mode, j, n));
      x = read_at(c, x, dim, at);
    }
  }
  return x;
}

Array unfolded(const Call& c, const Array& x, int dim, std::int64_t size, std::int64_t step) {
  const std::int64_t n = x.shape()[dim];
  if (size > n || size < 0 || step <= 0)
    throw ValueError("unfold", "windows of " + std::to_string(size) + " every " + std::to_string(step) +
                                   " in a dim of size " + std::to_string(n));
  const std::int64_t windows = (n - size) / step + 1;
  Sizes at;
  for (std::int64_t w = 0; w < windows; ++w)
    for (std::int64_t i = 0; i < size; ++i) at.push_back(w * step + i);
  const Array y = reshape(read_at(c, x, dim, at), x.shape().with(dim, windows).inserted(dim + 1, size));
  return detail::move_dim(y, dim + 1, -1);
}

Arrays unfold_dim(const Call& c) {
  return unfolded(c, c[0], checked_dim("unfold", c.attrs.integer("dim"), c[0].rank()), c.attrs.integer("size"),
                  c.attrs.integer("step"));
}

Arrays diagonal(const Call& c) {
  const int rank = c[0].rank();
  const int a = checked_dim("diagonal", c.attrs.integer("dim0", 0), rank);
  const int b = checked_dim("diagonal", c.attrs.integer("dim1", 1), rank);
  if (a == b) throw ValueError("diagonal", "dim0 and dim1 are both " + std::to_string(a));
  Sizes order;
  for (int d = 0; d < rank; ++d)
    if (d != a && d != b) order.push_back(d);
  order.insert(order.end(), {a, b});
  const std::int64_t rows = c[0].shape()[a], columns = c[0].shape()[b], offset = c.attrs.integer("offset", 0);
  Sizes at;
  for (std::int64_t i = 0; i < rows; ++i)
    if (i + offset >= 0 && i + offset < columns) at.push_back(i * columns + i + offset);
  return read_at(c, flat(permute(c[0], order), -2, -1), -1, at);
}

Arrays diag_embed(const Call& c) {
  const Array& x = c[0];
  if (x.rank() == 0) throw ShapeError("diag_embed", "needs rank >= 1");
  const std::int64_t n = x.shape()[x.rank() - 1], offset = c.attrs.integer("offset", 0), size = n + std::abs(offset);
  Sizes at;
  for (std::int64_t i = 0; i < n; ++i)
    at.push_back((i + std::max<std::int64_t>(-offset, 0)) * size + i + std::max<std::int64_t>(offset, 0));
  const Array zeros = zeros_like(x, x.shape().with(x.rank() - 1, size * size));
  const Array filled = select_assign(zeros, -1, positions(c, at), x, Update::Assign);
  return reshape(filled, x.shape().with(x.rank() - 1, size).inserted(x.rank(), size));
}

Arrays trace(const Call& c) {
  if (c[0].rank() != 2) throw ShapeError("trace", "needs rank 2, got " + c[0].shape().str());
  const Attrs main_diagonal;
  const Array d = diagonal({c.inputs, main_diagonal, c.on, c.real})[0];
  return reshape(reduce_all(ReduceFn::Sum, d), Shape{});
}

Arrays permute_row(const Call& c) {
  const Sizes dims = c.attrs.integers("dims");
  return permute(c[0], dims);
}

Arrays flip_row(const Call& c) {
  const Sizes dims = c.attrs.integers("dims");
  return flip(c[0], dims);
}

Arrays narrow_row(const Call& c) {
  const int dim = checked_dim("narrow", c.attrs.integer("dim"), c[0].rank());
  const std::int64_t start = c.attrs.integer("start"), n = c[0].shape()[dim];
  return narrow(c[0], dim, start < 0 ? start + n : start, c.attrs.integer("length"));
}

Arrays transpose(const Call& c) { return swap_dims(c[0], c.attrs.integer("dim0"), c.attrs.integer("dim1")); }

constexpr Row kRows[] = {
    {"reshape", reshape_row},
    {"permute", permute_row},
    {"transpose", transpose},
    {"movedim", movedim},
    {"expand", expand},
    {"squeeze", squeeze_row},
    {"unsqueeze", [](const Call& c) -> Arrays { return unsqueeze(c[0], c.attrs.integer("dim")); }},
    {"flatten",
     [](const Call& c) -> Arrays { return flat(c[0], c.attrs.integer("start", 0), c.attrs.integer("end", -1)); }},
    {"cat", [](const Call& c) -> Arrays { return joined(c.inputs, c.attrs.integer("dim")); }},
    {"stack", stack},
    {"split", split},
    {"chunk", chunk},
    {"tile", tile},
    {"repeat_interleave", repeat_interleave},
    {"flip", flip_row},
    {"roll", roll},
    {"rot90", rot90},
    {"tril", triangle<false>},
    {"triu", triangle<true>},
    {"diagonal", diagonal},
    {"diag_embed", diag_embed},
    {"trace", trace},
    {"meshgrid", meshgrid},
    {"narrow", narrow_row},
    {"pad", pad},
    {"unfold_dim", unfold_dim},
};

}  // namespace

std::span<const Row> layout_rows() { return kRows; }

}  // namespace fornax::conformance
