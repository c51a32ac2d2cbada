#include <fornax/ops/layout.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

Spec Broadcast::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Shape& from = x[0]->shape();
  const int lead = shape.rank() - from.rank();
  bool fits = lead >= 0;
  for (int d = 0; fits && d < from.rank(); ++d) fits = from[d] == 1 || from[d] == shape[d + lead];
  if (!fits)
    throw ShapeError("expand", from.str() + " does not expand to " + shape.str() + "; sizes must be equal or 1");
  return {shape, x[0]->dtype(), x[0]->device()};
}

Arrays Broadcast::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const { return sum_to(g, x[0].shape()); }

SamplesOf<Broadcast> Broadcast::samples() {
  return {{{Shape{2, 3}}, {{Shape{1, 3}}}},
          {{Shape{2, 3}}, {{Shape{3}}}},
          {{Shape{2, 3}}, {{Shape{}}}},
          {{Shape{2, 3, 4}}, {{Shape{2, 1, 1}}}}};
}

Spec Reshape::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Shape& from = x[0]->shape();
  if (from.numel() != shape.numel())
    throw ShapeError(name(), from.str() + " has " + std::to_string(from.numel()) + " elements, " + shape.str() +
                                 " needs " + std::to_string(shape.numel()));
  return {shape, x[0]->dtype(), x[0]->device()};
}

Arrays Reshape::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const { return reshape(g, x[0].shape()); }

SamplesOf<Reshape> Reshape::samples() {
  return {{{Shape{3, 4}}, {{Shape{2, 6}}}}, {{Shape{1}}, {{Shape{}}}}, {{Shape{2, 3, 2}}, {{Shape{12}}}}};
}

Spec Permute::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Shape& from = x[0]->shape();
  std::array<std::int64_t, kMaxRank> sizes{};
  std::array<bool, kMaxRank> seen{};
  for (int d = 0; d < from.rank(); ++d) {
    const auto source = static_cast<std::size_t>(checked_dim(name(), dims[static_cast<std::size_t>(d)], from.rank()));
    if (seen[source]) throw IndexError(name(), "dim " + std::to_string(source) + " appears twice");
    seen[source] = true;
    sizes[static_cast<std::size_t>(d)] = from[static_cast<int>(source)];
  }
  return {Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(from.rank()))), x[0]->dtype(),
          x[0]->device()};
}

Arrays Permute::vjp(const Arrays&, const Array&, const Array& g, Wanted) const {
  Permute inverse{};
  for (int d = 0; d < g.rank(); ++d)
    inverse.dims[static_cast<std::size_t>(dims[static_cast<std::size_t>(d)])] = static_cast<std::int8_t>(d);
  return run(inverse, {g});
}

SamplesOf<Permute> Permute::samples() { return {{{{1, 0}}, {{Shape{2, 3}}}}, {{{2, 0, 1}}, {{Shape{2, 3, 4}}}}}; }

namespace {

Shape sliced_shape(std::string_view op, const Shape& from, const SliceDims& at) {
  std::array<std::int64_t, kMaxRank> sizes{};
  for (int d = 0; d < from.rank(); ++d) {
    const SliceDim& s = at.dims[static_cast<std::size_t>(d)];
    std::int64_t last = 0;
    const bool overflows = __builtin_mul_overflow(s.count > 0 ? s.count - 1 : 0, s.step, &last) ||
                           __builtin_add_overflow(s.start, last, &last);
    if (s.count < 0 || (s.count > 0 && overflows) ||
        (s.count > 0 && (s.start < 0 || s.start >= from[d] || last < 0 || last >= from[d])))
      throw IndexError(op, "elements " + std::to_string(s.start) + " to " + std::to_string(last) + " of dim " +
                               std::to_string(d) + ", which has size " + std::to_string(from[d]));
    sizes[static_cast<std::size_t>(d)] = s.count;
  }
  return Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(from.rank())));
}

Ref<Box<SliceDims>> box(std::initializer_list<SliceDim> dims) {
  SliceDims all{};
  std::copy(dims.begin(), dims.end(), all.dims.begin());
  return Ref<Box<SliceDims>>(new Box<SliceDims>(all));
}

}  // namespace

Spec Slice::infer(Operands x) const {
  require_inputs(name(), x, 1);
  return {sliced_shape(name(), x[0]->shape(), *at), x[0]->dtype(), x[0]->device()};
}

Arrays Slice::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  return run(SliceAssign{at}, {zeros_like(g, x[0].shape()), g});
}

SamplesOf<Slice> Slice::samples() {
  return {{{box({{1, 2, 1}, {0, 3, 2}})}, {{Shape{3, 6}}}},
          {{box({{4, 3, -2}})}, {{Shape{5}}}},
          {{box({{0, 0, 1}, {0, 2, 1}})}, {{Shape{3, 2}}}}};
}

Spec SliceAssign::infer(Operands x) const {
  require_inputs(name(), x, 2);
  require_same_type(name(), x[0].array(), x[1].array());
  const Shape part = sliced_shape(name(), x[0]->shape(), *at);
  if (!(part == x[1]->shape()))
    throw ShapeError(name(), "the slice has shape " + part.str() + ", the values have " + x[1]->shape().str());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays SliceAssign::vjp(const Arrays&, const Array&, const Array& g, Wanted wanted) const {
  const Slice part{at};
  Arrays grads;
  grads.resize(2);
  if (wanted[0]) grads[0] = run(*this, {g, zeros_like(g, part.infer(std::initializer_list<Operand>{g}).shape)});
  if (wanted[1]) grads[1] = run(part, {g});
  return grads;
}

SamplesOf<SliceAssign> SliceAssign::samples() {
  return {{{box({{1, 2, 1}, {0, 3, 2}})}, {{Shape{3, 6}}, {Shape{2, 3}}}},
          {{box({{4, 3, -2}})}, {{Shape{5}}, {Shape{3}}}}};
}

Spec Cat::infer(Operands x) const {
  if (x.empty()) throw ValueError(name(), "needs at least one tensor");
  const Shape& first = x[0]->shape();
  if (first.rank() == 0) throw ShapeError(name(), "tensors of rank 0 have no dim to join along; unsqueeze() adds one");
  const int d = checked_dim(name(), dim, first.rank());
  std::int64_t total = 0;
  for (const Operand& a : x) {
    require_same_type(name(), x[0].array(), a.array());
    if (a->rank() != first.rank() || !(a->shape().with(d, 0) == first.with(d, 0)))
      throw ShapeError(
          name(), "shapes differ outside dim " + std::to_string(d) + ": " + first.str() + " and " + a->shape().str());
    total += a->shape()[d];
  }
  return {first.with(d, total), x[0]->dtype(), x[0]->device()};
}

Arrays Cat::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  Arrays grads;
  grads.resize(x.size());
  std::int64_t start = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int64_t size = x[i].shape()[dim];
    if (wanted[i]) grads[i] = narrow(g, dim, start, size);
    start += size;
  }
  return grads;
}

SamplesOf<Cat> Cat::samples() {
  return {{{0}, {{Shape{2, 3}}, {Shape{1, 3}}}}, {{1}, {{Shape{2, 3}}, {Shape{2, 0}}, {Shape{2, 2}}, {Shape{2, 1}}}}};
}

// --- Batching ---------------------------------------------------------------------------------------------------------

Array Broadcast::batch(const BatchedInputs& in) const {
  // The batch dim stays in front of the dims that are added.
  Shape aligned{in.size};
  for (int d = 0; d < shape.rank(); ++d) {
    const int from = d - (shape.rank() - in.rank(0));
    aligned = aligned.inserted(d + 1, from < 0 ? 1 : in.x[0].shape()[from + 1]);
  }
  return broadcast_to(reshape(in.x[0], aligned), shape.inserted(0, in.size));
}

Array Reshape::batch(const BatchedInputs& in) const { return reshape(in.x[0], shape.inserted(0, in.size)); }

Array Permute::batch(const BatchedInputs& in) const {
  Permute p{};
  for (int d = 0; d < in.rank(0); ++d)
    p.dims[static_cast<std::size_t>(d) + 1] =
        static_cast<std::int8_t>(checked_dim(name(), dims[static_cast<std::size_t>(d)], in.rank(0)) + 1);
  return run(p, {in.x[0]});
}

namespace {

SliceDims behind_batch(const SliceDims& at, const BatchedInputs& in) {
  SliceDims all{};
  all.dims[0] = {0, in.size, 1};
  for (int d = 0; d < in.rank(0); ++d) all.dims[static_cast<std::size_t>(d) + 1] = at.dims[static_cast<std::size_t>(d)];
  return all;
}

}  // namespace

Array Slice::batch(const BatchedInputs& in) const { return slice(in.x[0], behind_batch(*at, in)); }

Array SliceAssign::batch(const BatchedInputs& in) const {
  return slice_assign(in.all(0), behind_batch(*at, in), in.all(1));
}

}  // namespace fornax::op
