#include <fornax/nn/reparam.hpp>

#include <fornax/array/error.hpp>
#include <fornax/functional/common.hpp>

namespace fornax::nn::detail {

namespace {

using namespace functional::impl;

DimSet all_but(const Array& x, int dim) {
  DimSet dims;
  for (int d = 0; d < x.rank(); ++d)
    if (d != dim) dims.add(d);
  return dims;
}

// A weight as a matrix with one of its dims in front.
Array matrix_of(const Array& w, int dim) {
  const Array front = dim == 0 ? w : swap_dims(w, 0, dim);
  const std::int64_t rows = front.shape()[0];
  return reshape(front, Shape{rows, front.numel() / rows});
}
Array column(const Array& x) { return reshape(x, Shape{x.numel(), 1}); }
Array unit(const Array& x, double eps) { return x / at_least(norm(x, 2, DimSet::of(0)), eps); }

}  // namespace

Array norms_along(const Array& v, int dim) { return reshape(norm(v, 2, all_but(v, dim)), Shape{v.shape()[dim]}); }

Array with_norms(const Array& v, const Array& g, int dim) {
  const Array norms = norm(v, 2, all_but(v, dim));
  return v * (reshape(g, norms.shape()) / norms);
}

Singular iterate(const Array& weight, const Array& u, int dim, std::int64_t steps, double eps) {
  const Array w = matrix_of(fornax::detach(weight), dim), t = swap_dims(w, 0, 1);
  Singular s{unit(fornax::detach(u), eps), {}};
  if (steps <= 0)
    throw ValueError("SpectralNorm", "n_power_iterations is " + std::to_string(steps) + "; must be positive");
  for (std::int64_t i = 0; i < steps; ++i) {
    const Array right = matmul(t, column(s.u));
    s.v = unit(reshape(right, Shape{right.numel()}), eps);
    const Array left = matmul(w, column(s.v));
    s.u = unit(reshape(left, Shape{left.numel()}), eps);
  }
  return s;
}

Array without_norm(const Array& weight, const Singular& vectors, int dim) {
  const Array right = matmul(matrix_of(weight, dim), column(vectors.v));
  return weight / reduce_all(ReduceFn::Sum, right * column(vectors.u));
}

}  // namespace fornax::nn::detail
