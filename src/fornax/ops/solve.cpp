#include <fornax/ops/solve.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/matrix.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

std::vector<SampleInput> dominant(const Shape& shape) { return {{shape, DType::F64, -1, 1, 0, Structure::Dominant}}; }
std::vector<SampleInput> dominant(const Shape& a, const Shape& b) {
  return {{a, DType::F64, -1, 1, 0, Structure::Dominant}, {b}};
}

/// [...] as [..., 1, 1], to multiply matrices with.
Array per_matrix(const Array& x) { return reshape(x, x.shape().inserted(x.rank(), 1).inserted(x.rank() + 1, 1)); }

// The coefficients and the right-hand sides of a system; `dim` is the dim of b that a meets.
Spec infer_system(std::string_view name, Operands x, int dim) {
  require_inputs(name, x, 2);
  const Array &a = x[0].array(), &b = x[1].array();
  require_square(name, a);
  require_same_type(name, a, b);
  require_matrix(name, b);
  require_same_batch(name, a, b);
  if (b.shape()[b.rank() + dim] != a.shape()[a.rank() - 1])
    throw ShapeError(name, "a has shape " + a.shape().str() + ", b has " + b.shape().str() + ": " +
                               (dim == -2 ? "rows" : "columns") + " of b must be as many as those of a");
  return {b.shape(), b.dtype(), b.device()};
}

}  // namespace

Spec TriangularSolve::infer(Operands x) const { return infer_system(name(), x, left ? -2 : -1); }

Arrays TriangularSolve::vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const {
  TriangularSolve turned = *this;
  turned.transpose = !transpose;
  Arrays grads;
  grads.resize(2);
  const Array db = run(turned, {x[0], g});
  if (wanted[0]) {
    // The cotangent of op(a): -db Xᵀ, or -Xᵀ db; of a: that or its transpose.
    const Array of_a = transpose == left ? matmul(y, db, !left, left) : matmul(db, y, !left, left);
    grads[0] = triangle(-of_a, unit ? (upper ? 1 : -1) : 0, upper);
  }
  if (wanted[1]) grads[1] = db;
  return grads;
}

SamplesOf<TriangularSolve> TriangularSolve::samples() {
  return {{{.upper = false}, dominant(Shape{3, 3}, Shape{3, 2})},
          {{.upper = true}, dominant(Shape{2, 2, 2}, Shape{2, 2, 3})},
          {{.upper = true, .transpose = true}, dominant(Shape{3, 3}, Shape{3, 1})},
          {{.upper = false, .unit = true}, dominant(Shape{3, 3}, Shape{3, 2})},
          {{.upper = false, .left = false}, dominant(Shape{3, 3}, Shape{2, 3})},
          {{.upper = true, .transpose = true, .unit = true, .left = false}, dominant(Shape{3, 3}, Shape{2, 3})}};
}

Spec Solve::infer(Operands x) const { return infer_system(name(), x, -2); }

Arrays Solve::vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const {
  Arrays grads;
  grads.resize(2);
  const Array db = run(Solve{!transpose}, {x[0], g});
  if (wanted[0]) grads[0] = -(transpose ? matmul(y, db, false, true) : matmul(db, y, false, true));
  if (wanted[1]) grads[1] = db;
  return grads;
}

SamplesOf<Solve> Solve::samples() {
  return {{{false}, dominant(Shape{3, 3}, Shape{3, 2})},
          {{true}, dominant(Shape{3, 3}, Shape{3, 2})},
          {{false}, dominant(Shape{2, 2, 2}, Shape{2, 2, 1})}};
}

Spec Det::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_square(name(), a);
  return {batch_of(a.shape()), a.dtype(), a.device()};
}

Arrays Det::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  return per_matrix(g) * run(Cofactor{}, {x[0]});
}

SamplesOf<Det> Det::samples() { return {{{}, dominant(Shape{3, 3})}, {{}, dominant(Shape{2, 2, 2})}}; }

Spec Cofactor::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_square(name(), a);
  return {a.shape(), a.dtype(), a.device()};
}

Arrays Cofactor::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  const Arrays svd = run_all(Svd{}, {x[0]});
  const Array &u = svd[0], &s = svd[1], &vt = svd[2];
  const int rank = x[0].rank();
  const std::int64_t n = x[0].shape()[rank - 1];
  const Array turn = sign(run(Det{}, {u}) * run(Det{}, {vt}));
  // T [..., i, k]: the product over j of s_j, without i and k; zeros for i = k.
  const Array eye = on_diagonal(s, n, n);
  const Array skipped = logical_or(reshape(eye, Shape{n, 1, n}), reshape(eye, Shape{1, n, n}));
  const Array factors = where(skipped, 1.0, reshape(s, s.shape().inserted(rank - 2, 1).inserted(rank - 1, 1)));
  const Array pairs = where(eye, 0.0, reshape(reduce(ReduceFn::Prod, factors, -1), x[0].shape()));

  const Array h = matmul(u, matmul(g, vt, false, true), true, false);  // Uᵀ G V
  const Array diagonal = reshape(matmul(pairs, reshape(diagonal_of(h), s.shape().inserted(rank - 1, 1))), s.shape());
  const Array e = diagonal_matrix(diagonal) - transpose(pairs * h);
  return per_matrix(turn) * matmul(u, matmul(e, vt));
}

SamplesOf<Cofactor> Cofactor::samples() { return {{{}, dominant(Shape{3, 3})}, {{}, dominant(Shape{2, 2, 2})}}; }

Specs SlogDet::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_square(name(), a);
  const Spec one{batch_of(a.shape()), a.dtype(), a.device()};
  return {one, one};
}

Arrays SlogDet::vjp(const Arrays& x, std::span<const Array>, std::span<const Array> g, Wanted) const {
  if (!g[1].defined()) return zeros_like(x[0]);
  return per_matrix(g[1]) * run(Solve{true}, {x[0], identity_like(x[0])});
}

SamplesOf<SlogDet> SlogDet::samples() { return {{{}, dominant(Shape{3, 3})}, {{}, dominant(Shape{2, 2, 2})}}; }

Spec Pinv::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_matrix(name(), a);
  if (!(rcond >= 0)) throw ValueError(name(), "rcond must not be negative, got " + Scalar(rcond).str());
  return {with_matrix(a.shape(), a.shape()[a.rank() - 1], a.shape()[a.rank() - 2]), a.dtype(), a.device()};
}

Arrays Pinv::vjp(const Arrays& x, const Array& y, const Array& g, Wanted) const {
  // dP = -P dA P + P Pᵀ dAᵀ (1 - A P) + (1 - P A) dAᵀ Pᵀ P
  const Array &a = x[0], &p = y;
  const Array pg = matmul(p, g, true, false);                              // Pᵀ G
  const Array first = matmul(matmul(g, p, true, false), p, false, true);   // Gᵀ P Pᵀ
  const Array second = matmul(p, matmul(p, g, false, true), true, false);  // Pᵀ P Gᵀ
  return first - matmul(a, matmul(p, first)) + second - matmul(matmul(second, p), a) - matmul(pg, p, false, true);
}

SamplesOf<Pinv> Pinv::samples() {
  return {{{1e-6}, dominant(Shape{3, 3})}, {{1e-6}, dominant(Shape{4, 2})}, {{1e-6}, dominant(Shape{2, 2, 3})}};
}

Spec MatrixExp::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_square(name(), a);
  return {a.shape(), a.dtype(), a.device()};
}

Arrays MatrixExp::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  const Array at = transpose(x[0]);
  const int rank = at.rank();
  const std::int64_t n = at.shape()[rank - 1];
  if (at.numel() == 0) return zeros_like(g);
  // The block is linear in g. A g larger than a would be scaled down until nothing of a is left, so it becomes 1 first.
  DimSet last = DimSet::of(rank - 1);
  last.add(rank - 2);
  const Array size = reduce(ReduceFn::Max, unary(UnaryFn::Abs, g), last);
  const Array scale = where(equal(size, 0.0), 1.0, size);
  const Array above = cat({at, g / scale}, -1), below = cat({zeros_like(at), at}, -1);
  return scale * narrow(narrow(run(MatrixExp{}, {cat({above, below}, -2)}), -2, 0, n), -1, n, n);
}

SamplesOf<MatrixExp> MatrixExp::samples() {
  return {{{}, {{Shape{3, 3}, DType::F64, -1, 1}}}, {{}, {{Shape{2, 2, 2}, DType::F64, -1, 1}}}};
}

}  // namespace fornax::op
