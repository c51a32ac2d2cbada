// The same elements under other shapes, in other orders, with others beside them.

#include <fornax/functional/layout.hpp>
#include <fornax/functional/linalg.hpp>
#include <fornax/functional/pad.hpp>
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

Arrays arrays(const std::vector<Array>& parts) {
  Arrays all;
  for (const Array& p : parts) all.push_back(p);
  return all;
}

Arrays movedim_row(const Call& c) {
  return functional::movedim(c[0], c.attrs.integers("src"), c.attrs.integers("dst"));
}

Arrays squeeze_row(const Call& c) {
  const Array& x = c[0];
  if (!c.attrs.has("dim")) return functional::squeeze(x);
  if (x.rank() == 0) return x;
  const int dim = checked_dim("squeeze", c.attrs.integer("dim"), x.rank());
  return x.shape()[dim] == 1 ? squeeze(x, dim) : x;
}

Array joined(const Arrays& parts, std::int64_t dim) { return cat(lent(parts), dim); }

Arrays stack_row(const Call& c) {
  return functional::stack({c.inputs.data(), c.inputs.size()}, c.attrs.integer("dim"));
}

Arrays split_row(const Call& c) {
  const std::int64_t dim = c.attrs.integer("dim");
  const Sizes sizes = c.attrs.integers("sizes");
  if (c.attrs.at("sizes").kind == Value::Kind::List) return arrays(functional::split(c[0], sizes, dim));
  return arrays(detail::split(c[0], sizes[0], dim));
}

Arrays chunk_row(const Call& c) {
  return arrays(functional::chunk(c[0], c.attrs.integer("chunks"), c.attrs.integer("dim")));
}

Arrays repeat_interleave_row(const Call& c) {
  const Array x = c.attrs.has("dim") ? c[0] : flat(c[0]);
  const Sizes repeats = c.attrs.integers("repeats");
  const std::int64_t dim = c.attrs.integer("dim", 0);
  if (repeats.size() == 1) return functional::repeat_interleave(x, repeats[0], dim);
  return functional::repeat_interleave(x, repeats, dim);
}

Arrays roll_row(const Call& c) {
  return functional::roll(c[0], c.attrs.integers("shifts"), c.attrs.has("dims") ? c.attrs.integers("dims") : Sizes());
}

Arrays rot90_row(const Call& c) {
  const Sizes dims = c.attrs.integers("dims");
  if (dims.size() != 2) throw ValueError("rot90", "needs two dims");
  return functional::rot90(c[0], c.attrs.integer("k"), dims[0], dims[1]);
}

Arrays expand(const Call& c) {
  const Sizes shape = c.attrs.integers("shape");
  return detail::expand(c[0], shape);
}

Arrays reshape_row(const Call& c) {
  const Sizes shape = c.attrs.integers("shape");
  return detail::reshape(c[0], shape);
}

Arrays meshgrid_row(const Call& c) {
  const bool plot = c.attrs.has("indexing") && c.attrs.text("indexing") == "xy";
  return arrays(functional::meshgrid({c.inputs.data(), c.inputs.size()},
                                     plot ? functional::Indexing::Plot : functional::Indexing::Matrix));
}

functional::PadMode pad_mode(const std::string& mode) {
  if (mode == "constant") return functional::PadMode::Constant;
  if (mode == "reflect") return functional::PadMode::Reflect;
  if (mode == "replicate") return functional::PadMode::Replicate;
  if (mode == "circular") return functional::PadMode::Circular;
  throw Absent("the library has no padding called \"" + mode + "\"");
}

Arrays pad_row(const Call& c) {
  const Sizes widths = c.attrs.integers("pad_last_dim_first");
  if (widths.size() % 2 != 0) throw ShapeError("pad", "a width is missing");
  std::vector<functional::PadWidth> pairs;
  for (std::size_t i = widths.size(); i > 0; i -= 2) pairs.push_back({widths[i - 2], widths[i - 1]});
  return functional::pad(
      c[0], pairs,
      {.mode = pad_mode(c.attrs.has("mode") ? c.attrs.text("mode") : "constant"), .value = fill_for(c[0], c)});
}

Arrays unfold_dim_row(const Call& c) {
  return functional::unfold_dim(c[0], c.attrs.integer("dim"), c.attrs.integer("size"), c.attrs.integer("step"));
}

Arrays diagonal_row(const Call& c) {
  return functional::diagonal(c[0], c.attrs.integer("offset", 0), c.attrs.integer("dim0", 0),
                              c.attrs.integer("dim1", 1));
}

Arrays trace(const Call& c) {
  if (c[0].rank() != 2) throw ShapeError("trace", "needs rank 2, got " + c[0].shape().str());
  return linalg::trace(c[0]);
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
    {"movedim", movedim_row},
    {"expand", expand},
    {"squeeze", squeeze_row},
    {"unsqueeze", [](const Call& c) -> Arrays { return unsqueeze(c[0], c.attrs.integer("dim")); }},
    {"flatten",
     [](const Call& c) -> Arrays { return flat(c[0], c.attrs.integer("start", 0), c.attrs.integer("end", -1)); }},
    {"cat", [](const Call& c) -> Arrays { return joined(c.inputs, c.attrs.integer("dim")); }},
    {"stack", stack_row},
    {"split", split_row},
    {"chunk", chunk_row},
    {"tile", [](const Call& c) -> Arrays { return functional::tile(c[0], c.attrs.integers("repeats")); }},
    {"repeat_interleave", repeat_interleave_row},
    {"flip", flip_row},
    {"roll", roll_row},
    {"rot90", rot90_row},
    {"tril", [](const Call& c) -> Arrays { return functional::tril(c[0], c.attrs.integer("diagonal", 0)); }},
    {"triu", [](const Call& c) -> Arrays { return functional::triu(c[0], c.attrs.integer("diagonal", 0)); }},
    {"diagonal", diagonal_row},
    {"diag_embed", [](const Call& c) -> Arrays { return functional::diag_embed(c[0], c.attrs.integer("offset", 0)); }},
    {"trace", trace},
    {"meshgrid", meshgrid_row},
    {"narrow", narrow_row},
    {"pad", pad_row},
    {"unfold_dim", unfold_dim_row},
};

}  // namespace

std::span<const Row> layout_rows() { return kRows; }

}  // namespace fornax::conformance
