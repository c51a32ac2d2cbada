#include <fornax/ops/reduce.hpp>

#include <array>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

constexpr std::string_view kNames[] = {"sum", "mean", "prod", "max", "min", "any", "all"};

// Gradient of the product along the last dim of x [..., N], exact when elements are zero: multiply pairs in a tree, then
// hand each cotangent down to the other half of its pair. Only products of elements appear, never a quotient.
Array prod_grad(const Array& x, const Array& g) {
  const int dim = x.rank() - 1;
  std::vector<Array> levels{x};
  while (levels.back().shape()[dim] > 1) {
    const Array& v = levels.back();
    const std::int64_t half = v.shape()[dim] / 2;
    Array product = narrow(v, dim, 0, half) * narrow(v, dim, half, half);
    if (v.shape()[dim] % 2 == 1) product = cat({product, narrow(v, dim, 2 * half, 1)}, dim);
    levels.push_back(std::move(product));
  }
  Array down = g;
  for (std::size_t i = levels.size() - 1; i-- > 0;) {
    const Array& v = levels[i];
    const std::int64_t half = v.shape()[dim] / 2;
    const Array pairs = narrow(down, dim, 0, half);
    const Array first = pairs * narrow(v, dim, half, half);
    const Array second = pairs * narrow(v, dim, 0, half);
    down = v.shape()[dim] % 2 == 1 ? cat({first, second, narrow(down, dim, half, 1)}, dim) : cat({first, second}, dim);
  }
  return down;
}

}  // namespace

std::string_view Reduce::name() const { return kNames[static_cast<int>(fn)]; }

Casting Reduce::casting() const {
  const bool adds_up = fn == ReduceFn::Sum || fn == ReduceFn::Mean || fn == ReduceFn::Prod;
  return adds_up ? Casting::Full : Casting::AsGiven;
}

Spec Reduce::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  if (fn == ReduceFn::Mean) {
    require_float(name(), a);
  } else if (fn == ReduceFn::Any || fn == ReduceFn::All) {
    require_bool(name(), a);
  } else {
    require_numeric(name(), a);
  }
  Shape shape = a.shape();
  for (int d = 0; d < a.rank(); ++d) {
    if (!dims.has(d)) continue;
    if (shape[d] == 0 && (fn == ReduceFn::Max || fn == ReduceFn::Min))
      throw ValueError(name(), "dim " + std::to_string(d) + " of " + a.shape().str() + " is empty");
    if (shape[d] != 1) shape = shape.with(d, 1);
  }
  return {shape, a.dtype(), a.device()};
}

Keep Reduce::keep(Wanted) const {
  switch (fn) {
    case ReduceFn::Prod: return {.inputs = 1};
    case ReduceFn::Max:
    case ReduceFn::Min: return {.inputs = 1, .output = true};
    default: return {.shells = 1};
  }
}

Arrays Reduce::vjp(const Arrays& x, const Array& y, const Array& g, Wanted) const {
  const Shape& shape = x[0].shape();
  switch (fn) {
    case ReduceFn::Sum: return broadcast_to(g, shape);
    case ReduceFn::Mean: {
      const double n = static_cast<double>(shape.numel()) / static_cast<double>(std::max<std::int64_t>(g.numel(), 1));
      return n == 1 ? g : broadcast_to(g / n, shape);
    }
    case ReduceFn::Max:
    case ReduceFn::Min: {
      const Array best = broadcast_to(y, shape);
      const Array hit = logical_or(equal(x[0], best), logical_and(is_nan(x[0]), is_nan(best)));
      const Array share = g / reduce(ReduceFn::Sum, cast(hit, g.dtype()), dims);
      return where(hit, broadcast_to(share, shape), 0.0);
    }
    default: break;
  }
  // Prod: bring the reduced dims to the end, and make them one.
  std::array<std::int64_t, kMaxRank> to_end{}, back{};
  const auto rank = static_cast<std::size_t>(shape.rank());
  std::size_t position = 0;
  for (const bool reduced : {false, true}) {
    for (std::size_t d = 0; d < rank && position < rank; ++d) {
      if (dims.has(static_cast<int>(d)) != reduced) continue;
      back[d] = static_cast<std::int64_t>(position);
      to_end[position++] = static_cast<std::int64_t>(d);
    }
  }
  const std::span<const std::int64_t> out(to_end.data(), rank), home(back.data(), rank);
  const Array moved = permute(x[0], out);
  if (moved.numel() == 0) return zeros_like(g, shape);
  const std::int64_t rows = g.numel();
  const Array flat = reshape(moved, Shape{rows, moved.numel() / rows});
  const Array down = prod_grad(flat, reshape(permute(g, out), Shape{rows, 1}));
  return permute(reshape(down, moved.shape()), home);
}

SamplesOf<Reduce> Reduce::samples() {
  SamplesOf<Reduce> all;
  for (const ReduceFn fn : {ReduceFn::Sum, ReduceFn::Mean, ReduceFn::Prod, ReduceFn::Max, ReduceFn::Min}) {
    const double apart = fn == ReduceFn::Max || fn == ReduceFn::Min ? 0.01 : 0;
    all.push_back({{fn, DimSet::of(0)}, {{Shape{3, 4}, DType::F64, -2, 2, apart}}});
    all.push_back({{fn, DimSet::of(1)}, {{Shape{2, 5, 3}, DType::F64, -2, 2, apart}}});
    all.push_back({{fn, DimSet::all(2)}, {{Shape{3, 2}, DType::F64, -2, 2, apart}}});
  }
  for (const ReduceFn fn : {ReduceFn::Any, ReduceFn::All})
    all.push_back({{fn, DimSet::of(1)}, {{Shape{3, 2}, DType::Bool, 0, 2}}});
  return all;
}

Spec ArgReduce::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_numeric(name(), a);
  if (a.rank() == 0) return {Shape{}, DType::I64, a.device()};
  const int d = checked_dim(name(), dim, a.rank());
  if (a.shape()[d] == 0) throw ValueError(name(), "dim " + std::to_string(d) + " of " + a.shape().str() + " is empty");
  return {a.shape().with(d, 1), DType::I64, a.device()};
}

SamplesOf<ArgReduce> ArgReduce::samples() { return {{{true, 0}, {{Shape{3, 4}}}}, {{false, 1}, {{Shape{3, 4}}}}}; }

Array Reduce::jvp(const Arrays& x, const Array& y, const Arrays& t) const {
  if (fn == ReduceFn::Sum || fn == ReduceFn::Mean) return run(*this, {t[0]});
  // One value per row: its gradient, times the tangent, summed.
  Wanted only;
  only.set(0);
  return reduce(ReduceFn::Sum, vjp(x, y, full_like(y, 1.0), only)[0] * t[0], dims);
}

Array Reduce::batch(const BatchedInputs& in) const {
  DimSet behind;
  for (int d = 0; d < in.rank(0); ++d)
    if (dims.has(d)) behind.add(d + 1);
  return reduce(fn, in.x[0], behind);
}

}  // namespace fornax::op
