#include <fornax/ops/spectral.hpp>

#include <algorithm>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/matrix.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

/// x_ij / (v_j - v_i), and x_ii unchanged.
Array over_differences(const Array& x, const Array& v) {
  const std::int64_t n = v.shape()[v.rank() - 1];
  const Shape row = v.shape().inserted(v.rank() - 1, 1), column = v.shape().inserted(v.rank(), 1);
  return x / where(on_diagonal(v, n, n), 1.0, reshape(v, row) - reshape(v, column));
}

}  // namespace

Specs Eigh::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_square(name(), a);
  return {Spec{a.shape().without(a.rank() - 1), a.dtype(), a.device()}, Spec{a.shape(), a.dtype(), a.device()}};
}

Arrays Eigh::vjp(const Arrays&, std::span<const Array> y, std::span<const Array> g, Wanted) const {
  const Array &w = y[0], &v = y[1];
  if (!g[1].defined()) return matmul(scale_columns(v, g[0]), v, false, true);
  // V (diag(wbar) + (Vᵀ Vbar)_ij / (w_j - w_i)) Vᵀ
  const Array product = matmul(v, g[1], true, false);
  const std::int64_t n = w.shape()[w.rank() - 1];
  Array inside = over_differences(where(on_diagonal(w, n, n), 0.0, product), w);
  if (g[0].defined()) inside = inside + diagonal_matrix(g[0]);
  return symmetric_part(matmul(matmul(v, inside), v, false, true));
}

SamplesOf<Eigh> Eigh::samples() {
  SamplesOf<Eigh> all;
  for (const Shape& shape : {Shape{3, 3}, Shape{2, 2, 2}})
    all.push_back({{}, {{shape, DType::F64, -0.5, 0.5, 0, Structure::Symmetric}}});
  return all;
}

Specs Eig::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_square(name(), a);
  return {Spec{a.shape().without(a.rank() - 1), a.dtype(), a.device()}, Spec{a.shape(), a.dtype(), a.device()}};
}

Arrays Eig::vjp(const Arrays&, std::span<const Array> y, std::span<const Array> g, Wanted) const {
  const Array &w = y[0], &v = y[1];
  const std::int64_t n = w.shape()[w.rank() - 1];
  // V⁻ᵀ (diag(wbar) + (P - Vᵀ V diag(P))_ij / (w_j - w_i)) Vᵀ with P = Vᵀ Vbar: what changes the length is taken out.
  Array inside = g[0].defined() ? diagonal_matrix(g[0]) : Array();
  if (g[1].defined()) {
    const Array product = matmul(v, g[1], true, false);
    const Array turning = product - scale_columns(matmul(v, v, true, false), diagonal_of(product));
    const Array part = over_differences(where(on_diagonal(w, n, n), 0.0, turning), w);
    inside = inside.defined() ? inside + part : part;
  }
  return run(Solve{}, {transpose(v), matmul(inside, v, false, true)});
}

SamplesOf<Eig> Eig::samples() {
  SamplesOf<Eig> all;
  // So close to a diagonal matrix that the eigenvalues stay apart, and so real.
  for (const Shape& shape : {Shape{3, 3}, Shape{2, 2, 2}})
    all.push_back({{}, {{shape, DType::F64, -0.2, 0.2, 0, Structure::Dominant}}});
  return all;
}

Specs Svd::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_matrix(name(), a);
  const std::int64_t m = a.shape()[a.rank() - 2], n = a.shape()[a.rank() - 1], k = std::min(m, n);
  return {Spec{with_matrix(a.shape(), m, k), a.dtype(), a.device()},
          Spec{a.shape().without(a.rank() - 1).with(a.rank() - 2, k), a.dtype(), a.device()},
          Spec{with_matrix(a.shape(), k, n), a.dtype(), a.device()}};
}

Arrays Svd::vjp(const Arrays&, std::span<const Array> y, std::span<const Array> g, Wanted) const {
  const Array &u = y[0], &s = y[1], &vt = y[2];
  if (!g[0].defined() && !g[2].defined()) return matmul(scale_columns(u, g[1]), vt);
  const std::int64_t m = u.shape()[u.rank() - 2], n = vt.shape()[vt.rank() - 1], k = s.shape()[s.rank() - 1];
  const Array squares = s * s, column = reshape(s, s.shape().inserted(s.rank(), 1));
  // inside = (skew(Uᵀ Ubar) / E) S + S (skew(Vᵀ Vbar) / E) + diag(sbar), E_ij = s_j² - s_i², skew(X) = X - Xᵀ
  Array inside;
  const auto join = [](Array& sum, Array part) { sum = sum.defined() ? sum + part : std::move(part); };
  const auto turned = [&](const Array& x) { return over_differences(x - transpose(x), squares); };
  if (g[0].defined()) join(inside, scale_columns(turned(matmul(u, g[0], true, false)), s));
  if (g[2].defined()) join(inside, turned(matmul(vt, g[2], false, true)) * column);
  if (g[1].defined()) join(inside, diagonal_matrix(g[1]));
  Array a = matmul(u, matmul(inside, vt));
  // What U and V can turn into outside of the spaces that they span: (1 - U Uᵀ) Ubar S⁻¹ Vᵀ and its like.
  if (m > k && g[0].defined()) {
    const Array outside = g[0] - matmul(u, matmul(u, g[0], true, false));
    a = a + matmul(scale_columns(outside, 1.0 / s), vt);
  }
  if (n > k && g[2].defined()) {
    const Array outside = g[2] - matmul(matmul(g[2], vt, false, true), vt);
    a = a + matmul(u, outside / column);
  }
  return a;
}

SamplesOf<Svd> Svd::samples() {
  SamplesOf<Svd> all;
  for (const Shape& shape : {Shape{3, 3}, Shape{4, 2}, Shape{2, 2, 3}})
    all.push_back({{}, {{shape, DType::F64, -0.5, 0.5, 0, Structure::Dominant}}});
  return all;
}

}  // namespace fornax::op
