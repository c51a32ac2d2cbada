#include <fornax/ops/index.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

int indexed_dim(std::string_view op, int dim, const Array& x) {
  if (x.rank() == 0) throw ShapeError(op, "a tensor of rank 0 has no dim to index; unsqueeze() adds one");
  return checked_dim(op, dim, x.rank());
}

void require_index_fits(std::string_view op, int dim, const Array& x, const Array& index) {
  require_int(op, index);
  bool fits = x.rank() == index.rank();
  for (int d = 0; fits && d < x.rank(); ++d) fits = d == dim || index.shape()[d] <= x.shape()[d];
  if (!fits)
    throw ShapeError(op, "index has shape " + index.shape().str() + ", the tensor " + x.shape().str() +
                             "; ranks must be equal and the index no larger outside dim " + std::to_string(dim));
}

Shape selected_shape(std::string_view op, int dim, const Array& x, const Array& index) {
  require_int(op, index);
  if (index.rank() != 1) throw ShapeError(op, "index must have rank 1, got " + index.shape().str());
  return x.shape().with(dim, index.numel());
}

// Along a dim, for each value the product of the values before it and of those after it that meet at the same place:
// first * second is the product of all others, with no quotient that a zero would spoil. `place` ascends along the dim.
Array product_of_others(const Array& values, const Array& place, int dim) {
  const std::int64_t n = values.shape()[dim];
  if (n == 0) return values;
  const Array joined = equal(narrow(place, dim, 1, n - 1), narrow(place, dim, 0, n - 1));  // with the one before
  const Array apart = broadcast_to(cast(zeros_like(joined, Shape{}), DType::Bool), joined.shape().with(dim, 1));
  const auto exclusive = [&](bool reverse) {
    const Array with_neighbour = reverse ? cat({joined, apart}, dim) : cat({apart, joined}, dim);
    const Array edge = narrow(values, dim, 0, 1);
    const Array neighbour =
        reverse ? cat({narrow(values, dim, 1, n - 1), edge}, dim) : cat({edge, narrow(values, dim, 0, n - 1)}, dim);
    const Array factor = where(with_neighbour, neighbour, 0.0),
                begin = where(with_neighbour, 0.0, full_like(values, 1.0));
    return run(Recurrence{dim, reverse}, {factor, begin});
  };
  return exclusive(false) * exclusive(true);
}

// The gradients of y = x updated with `values`, by Mul, Min or Max. `read` takes from an array of x's shape what stands
// at the values' places, `write` updates one there, `others` gives the product of the other values at each place.
template <class Read, class Write, class Others>
Arrays update_grads(Update update, const Arrays& x, const Array& y, const Array& g, Wanted wanted, Read&& read,
                    Write&& write, Others&& others) {
  Arrays grads;
  grads.resize(3);
  const Array& values = x[2];
  if (update == Update::Mul) {
    if (wanted[0]) grads[0] = g * write(full_like(x[0], 1.0), values, Update::Mul);
    if (wanted[2]) grads[2] = read(g * x[0]) * others();
    return grads;
  }
  const auto is_best = [](const Array& a, const Array& best) {
    return logical_or(equal(a, best), logical_and(is_nan(a), is_nan(best)));
  };
  const Array kept = is_best(x[0], y), taken = is_best(values, read(y));
  // At least 1: what y holds came from x or from a value.
  const Array share = g / write(cast(kept, g.dtype()), cast(taken, g.dtype()), Update::Add);
  if (wanted[0]) grads[0] = where(kept, share, 0.0);
  if (wanted[2]) grads[2] = where(taken, read(share), 0.0);
  return grads;
}

// Index values for the property tests: below 3, the smallest indexed size of the samples.
SampleInput indices(const Shape& shape) { return {shape, DType::I64, 0, 3}; }

}  // namespace

Spec Gather::infer(Operands x) const {
  require_inputs(name(), x, 2);
  require_index_fits(name(), indexed_dim(name(), dim, x[0].array()), x[0].array(), x[1].array());
  return {x[1]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays Gather::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  return {run(Scatter{dim, Update::Add}, {zeros_like(g, x[0].shape()), x[1], g}), Array()};
}

SamplesOf<Gather> Gather::samples() {
  return {{{0}, {{Shape{3, 4}}, indices(Shape{2, 4})}}, {{1}, {{Shape{2, 3}}, indices(Shape{2, 5})}}};
}

Spec Scatter::infer(Operands x) const {
  require_inputs(name(), x, 3);
  require_index_fits(name(), indexed_dim(name(), dim, x[0].array()), x[0].array(), x[1].array());
  require_same_type(name(), x[0].array(), x[2].array());
  if (!(x[1]->shape() == x[2]->shape()))
    throw ShapeError(name(), "index has shape " + x[1]->shape().str() + ", the values have " + x[2]->shape().str());
  if (update != Update::Assign) require_numeric(name(), x[0].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays Scatter::vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const {
  const Array& index = x[1];
  if (update != Update::Assign && update != Update::Add) {
    const auto others = [&] {
      const Array order = run(ArgSort{dim}, {index});
      const auto sorted = [&](const Array& a) { return run(Gather{dim}, {a, order}); };
      const Array product = product_of_others(sorted(x[2]), sorted(index), dim);
      return run(Scatter{dim, Update::Assign}, {zeros_like(product), order, product});
    };
    return update_grads(
        update, x, y, g, wanted,
        [&](const Array& a) {
          return run(Gather{dim}, {a, index});
        },
        [&](const Array& a, const Array& v, Update u) {
          return run(Scatter{dim, u}, {a, index, v});
        },
        others);
  }
  Arrays grads;
  grads.resize(3);
  if (wanted[0])
    grads[0] = update == Update::Add ? g : run(Scatter{dim, update}, {g, index, zeros_like(g, index.shape())});
  if (wanted[2]) grads[2] = run(Gather{dim}, {g, index});
  return grads;
}

SamplesOf<Scatter> Scatter::samples() {
  return {{{0, Update::Add}, {{Shape{3, 4}}, indices(Shape{2, 4}), {Shape{2, 4}}}},
          {{1, Update::Add}, {{Shape{2, 3}}, indices(Shape{2, 5}), {Shape{2, 5}}}},
          {{0, Update::Assign}, {{Shape{3, 4}}, indices(Shape{1, 4}), {Shape{1, 4}}}},
          {{0, Update::Mul}, {{Shape{3, 4}}, indices(Shape{5, 4}), {Shape{5, 4}}}},
          {{1, Update::Mul}, {{Shape{2, 3}}, indices(Shape{2, 4}), {Shape{2, 4}}}},
          {{0, Update::Min},
           {{Shape{3, 2}, DType::F64, -2, 2, 0.01}, indices(Shape{4, 2}), {Shape{4, 2}, DType::F64, -2, 2, 0.01}}},
          {{1, Update::Max},
           {{Shape{2, 3}, DType::F64, -2, 2, 0.01}, indices(Shape{2, 4}), {Shape{2, 4}, DType::F64, -2, 2, 0.01}}}};
}

Spec Select::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const int d = indexed_dim(name(), dim, x[0].array());
  return {selected_shape(name(), d, x[0].array(), x[1].array()), x[0]->dtype(), x[0]->device()};
}

Arrays Select::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  return {run(SelectAssign{dim, Update::Add}, {zeros_like(g, x[0].shape()), x[1], g}), Array()};
}

SamplesOf<Select> Select::samples() {
  return {{{0}, {{Shape{3, 4}}, indices(Shape{5})}}, {{1}, {{Shape{2, 3, 2}}, indices(Shape{2})}}};
}

Spec SelectAssign::infer(Operands x) const {
  require_inputs(name(), x, 3);
  const int d = indexed_dim(name(), dim, x[0].array());
  require_same_type(name(), x[0].array(), x[2].array());
  const Shape part = selected_shape(name(), d, x[0].array(), x[1].array());
  if (!(part == x[2]->shape()))
    throw ShapeError(name(), "the selection has shape " + part.str() + ", the values have " + x[2]->shape().str());
  if (update != Update::Assign) require_numeric(name(), x[0].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays SelectAssign::vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const {
  const Array& index = x[1];
  if (update != Update::Assign && update != Update::Add) {
    const auto others = [&] {
      const Array order = run(ArgSort{0}, {index});
      Shape along;  // the index as an array of the values' rank, to be compared along the dim
      for (int d = 0; d < x[2].rank(); ++d) along = along.inserted(d, d == dim ? index.numel() : 1);
      const Array place = broadcast_to(reshape(run(Select{0}, {index, order}), along), x[2].shape());
      const Array product = product_of_others(run(Select{dim}, {x[2], order}), place, dim);
      return run(Select{dim}, {product, run(ArgSort{0}, {order})});
    };
    return update_grads(
        update, x, y, g, wanted,
        [&](const Array& a) {
          return run(Select{dim}, {a, index});
        },
        [&](const Array& a, const Array& v, Update u) {
          return run(SelectAssign{dim, u}, {a, index, v});
        },
        others);
  }
  Arrays grads;
  grads.resize(3);
  if (wanted[0]) {
    grads[0] = update == Update::Add
                   ? g
                   : run(SelectAssign{dim, update}, {g, index, zeros_like(g, g.shape().with(dim, index.numel()))});
  }
  if (wanted[2]) grads[2] = run(Select{dim}, {g, index});
  return grads;
}

SamplesOf<SelectAssign> SelectAssign::samples() {
  return {{{0, Update::Add}, {{Shape{3, 4}}, indices(Shape{5}), {Shape{5, 4}}}},
          {{1, Update::Add}, {{Shape{2, 3}}, indices(Shape{2}), {Shape{2, 2}}}},
          {{0, Update::Assign}, {{Shape{3, 4}}, indices(Shape{1}), {Shape{1, 4}}}},
          {{0, Update::Mul}, {{Shape{3, 4}}, indices(Shape{6}), {Shape{6, 4}}}},
          {{1, Update::Mul}, {{Shape{2, 3}}, indices(Shape{4}), {Shape{2, 4}}}},
          {{0, Update::Min},
           {{Shape{3, 2}, DType::F64, -2, 2, 0.01}, indices(Shape{4}), {Shape{4, 2}, DType::F64, -2, 2, 0.01}}},
          {{1, Update::Max},
           {{Shape{2, 3}, DType::F64, -2, 2, 0.01}, indices(Shape{4}), {Shape{2, 4}, DType::F64, -2, 2, 0.01}}}};
}

// --- Batching ---------------------------------------------------------------------------------------------------------

namespace {

// An index [n, M] as it stands beside slices [n, ..., M, ...], a view.
Array beside(const BatchedInputs& in, int dim) {
  Shape line{in.size}, whole{in.size};
  for (int d = 0; d < in.rank(0); ++d) {
    const std::int64_t size = d == dim ? in.x[1].shape()[1] : in.x[0].shape()[d + (in.batched[0] ? 1 : 0)];
    line = line.inserted(d + 1, d == dim ? size : 1);
    whole = whole.inserted(d + 1, size);
  }
  return broadcast_to(reshape(in.x[1], line), whole);
}

}  // namespace

Array Select::batch(const BatchedInputs& in) const {
  const int d = checked_dim(name(), dim, in.rank(0));
  if (!in.batched[1]) return select(in.x[0], d + 1, in.x[1]);
  if (in.batched[0]) return gather(in.x[0], d + 1, beside(in, d));
  // One table for the whole batch: all rows at once, then apart again.
  const std::int64_t m = in.x[1].shape()[1];
  const Array rows = select(in.x[0], d, reshape(in.x[1], Shape{in.size * m}));
  const Array parts = reshape(rows, rows.shape().with(d, in.size).inserted(d + 1, m));
  std::vector<std::int64_t> order{d};
  for (int e = 0; e < parts.rank(); ++e)
    if (e != d) order.push_back(e);
  return permute(parts, order);
}

Array SelectAssign::batch(const BatchedInputs& in) const {
  const int d = checked_dim(name(), dim, in.rank(0));
  if (!in.batched[1]) return select_assign(in.all(0), d + 1, in.x[1], in.all(2), update);
  return scatter(in.all(0), d + 1, beside(in, d), in.all(2), update);
}

}  // namespace fornax::op
