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
  if (update == Update::Add) require_numeric(name(), x[0].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays Scatter::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  Arrays grads;
  grads.resize(3);
  if (wanted[0])
    grads[0] = update == Update::Add ? g : run(Scatter{dim, update}, {g, x[1], zeros_like(g, x[1].shape())});
  if (wanted[2]) grads[2] = run(Gather{dim}, {g, x[1]});
  return grads;
}

SamplesOf<Scatter> Scatter::samples() {
  return {{{0, Update::Add}, {{Shape{3, 4}}, indices(Shape{2, 4}), {Shape{2, 4}}}},
          {{1, Update::Add}, {{Shape{2, 3}}, indices(Shape{2, 5}), {Shape{2, 5}}}},
          {{0, Update::Assign}, {{Shape{3, 4}}, indices(Shape{1, 4}), {Shape{1, 4}}}}};
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
  if (update == Update::Add) require_numeric(name(), x[0].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays SelectAssign::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  Arrays grads;
  grads.resize(3);
  if (wanted[0]) {
    grads[0] = update == Update::Add
                   ? g
                   : run(SelectAssign{dim, update}, {g, x[1], zeros_like(g, g.shape().with(dim, x[1].numel()))});
  }
  if (wanted[2]) grads[2] = run(Select{dim}, {g, x[1]});
  return grads;
}

SamplesOf<SelectAssign> SelectAssign::samples() {
  return {{{0, Update::Add}, {{Shape{3, 4}}, indices(Shape{5}), {Shape{5, 4}}}},
          {{1, Update::Add}, {{Shape{2, 3}}, indices(Shape{2}), {Shape{2, 2}}}},
          {{0, Update::Assign}, {{Shape{3, 4}}, indices(Shape{1}), {Shape{1, 4}}}}};
}

}  // namespace fornax::op
