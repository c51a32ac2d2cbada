#include <vector>

#include <fornax/tensor/transforms/custom.hpp>
#include <fornax/tensor/transforms/jacobian.hpp>

namespace fornax::detail {

void require_one_element(std::string_view operation, const Array& y) {
  if (!y.defined()) throw ValueError(operation, "the function gave an empty tensor");
  if (y.numel() != 1)
    throw ShapeError(operation, "the function gives shape " + y.shape().str() +
                                    ", only one element has a gradient; jacobian() differentiates all of them");
}

autodiff::GradientStore walk_from(Interpreter& on, const Array& y, const Array& v) {
  if (!autodiff::is_tracked(on, y)) return {};
  return autodiff::backward(on, y, v);
}

Array gradient_of(const autodiff::GradientStore& store, Interpreter& on, const Array& leaf) {
  Array gradient = store.find(leaf);
  return gradient.defined() ? gradient : zeros_like(autodiff::inner(on, leaf));
}

Array tangent_of(Interpreter& on, const Array& x) {
  Array tangent = dual::tangent(on, x);
  if (tangent.defined() || !is_float(x.dtype())) return tangent;
  return zeros_like(dual::primal(on, x));
}

void meet_samples(const Array& x, std::int64_t dim, std::int64_t& size) {
  if (!x.defined()) throw ValueError("vmap", "an argument is empty: it was moved from, or never given a value");
  const std::int64_t n = x.shape()[checked_dim("vmap", dim, x.rank())];
  if (size >= 0 && n != size)
    throw ShapeError("vmap", "the arguments have " + std::to_string(size) + " and " + std::to_string(n) + " samples");
  size = n;
}

namespace {

Shape joined(const Shape& a, const Shape& b) {
  Shape shape = a;
  for (int d = 0; d < b.rank(); ++d) shape = shape.inserted(shape.rank(), b[d]);
  return shape;
}

}  // namespace

Array unit_vectors(const Array& x) {
  const std::int64_t n = x.numel();
  const Array zeros = zeros_like(x, Shape{n});
  const Array index = arange(*zeros.interpreter(), 0, n, 1, DType::I64, x.device());
  const Array square = cast(equal(reshape(index, Shape{n, 1}), reshape(index, Shape{1, n})), x.dtype());
  return reshape(square, x.shape().inserted(0, n));
}

Array from_columns(const Interpreter& on, const Array& columns, const Array& out, const Array& in) {
  const Shape shape = joined(out.shape(), in.shape());
  if (!columns.defined()) return zeros_like(in, shape);
  return reshape(batched::unmake(on, columns, in.numel(), -1), shape);
}

Array from_rows(const Interpreter& on, const Array& rows, const Array& out, const Array& in) {
  const Shape shape = joined(out.shape(), in.shape());
  if (!rows.defined()) return zeros_like(detach(in), shape);
  return reshape(batched::unmake(on, rows, out.numel(), 0), shape);
}

Arrays transposed(const CustomFunction& function, const Arrays& x, const Array& g) {
  const autodiff::Recording recording;
  // The deepest interpreter below the new tape: that of the inputs or of the cotangent.
  Interpreter* below = g.interpreter();
  for (const Array& a : x)
    if (a.interpreter()->depth() > below->depth()) below = a.interpreter();
  Interpreter& tape = autodiff::around(*below);
  Arrays leaves, gradients, y;
  for (const Array& a : x)
    leaves.push_back(is_float(a.dtype()) ? autodiff::require_grad(tape, full_like(a, 1.0)) : Array());
  gradients.resize(x.size());
  if (!function.jvp(x, {}, leaves, y) || !autodiff::is_tracked(tape, y[0])) return gradients;
  const autodiff::GradientStore store = autodiff::backward(tape, y[0], g);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (leaves[i].defined()) gradients[i] = store.find(leaves[i]);
  return gradients;
}

}  // namespace fornax::detail
