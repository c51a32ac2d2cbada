#include <fornax/ops/factor.hpp>

#include <algorithm>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/matrix.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

constexpr bool kLeft = true, kRight = false;

/// X with op(a) X = b, or X op(a) = b.
Array solve_triangle(const Array& a, const Array& b, bool upper, bool transposed, bool left, bool unit = false) {
  return run(TriangularSolve{.upper = upper, .transpose = transposed, .unit = unit, .left = left}, {a, b});
}

Array columns(const Array& x, std::int64_t start, std::int64_t n) { return narrow(x, -1, start, n); }
Array rows(const Array& x, std::int64_t start, std::int64_t n) { return narrow(x, -2, start, n); }

}  // namespace

Spec Cholesky::infer(Operands x) const {
  require_inputs(name(), x, 1);
  require_square(name(), x[0].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays Cholesky::vjp(const Arrays&, const Array& y, const Array& g, Wanted) const {
  const Array l = upper ? transpose(y) : y, lbar = upper ? transpose(g) : g;
  // P = Phi(Lᵀ Lbar): the lower triangle with its diagonal halved. Then dA = sym(L⁻ᵀ P L⁻¹).
  const Array product = matmul(l, lbar, true, false);
  const Array p = 0.5 * (triangle(product, 0, false) + triangle(product, -1, false));
  return symmetric_part(solve_triangle(l, solve_triangle(l, p, false, true, kLeft), false, false, kRight));
}

SamplesOf<Cholesky> Cholesky::samples() {
  const auto positive = [](const Shape& shape) {
    return std::vector<SampleInput>{{shape, DType::F64, -0.5, 0.5, 0, Structure::Symmetric}};
  };
  return {{{false}, positive(Shape{3, 3})}, {{true}, positive(Shape{2, 2, 2})}};
}

Specs Lu::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_matrix(name(), a);
  return {Spec{a.shape(), a.dtype(), a.device()}, Spec{a.shape().without(a.rank() - 1), DType::I64, a.device()}};
}

Arrays Lu::vjp(const Arrays&, std::span<const Array> y, std::span<const Array> g, Wanted) const {
  const Array &factors = y[0], &permutation = y[1];
  const int rank = factors.rank();
  const std::int64_t m = factors.shape()[rank - 2], n = factors.shape()[rank - 1], k = std::min(m, n);
  if (!g[0].defined() || k == 0) return zeros_like(factors);
  // The square block: B = L U with B = a[p].
  const Array square = rows(columns(factors, 0, k), 0, k);
  const Array l = triangle(square, -1, false) + identity_like(square), u = triangle(square, 0, true);
  const Array gsquare = rows(columns(g[0], 0, k), 0, k);
  Array lbar = triangle(gsquare, -1, false), ubar = triangle(gsquare, 0, true);
  Array rest;
  if (n > k) {  // U2 = L⁻¹ B2
    rest = solve_triangle(l, columns(g[0], k, n - k), false, true, kLeft, true);
    lbar = lbar - matmul(rest, columns(factors, k, n - k), false, true);
  } else if (m > k) {  // L2 = B2 U⁻¹
    rest = solve_triangle(u, rows(g[0], k, m - k), true, true, kRight);
    ubar = ubar - matmul(rows(factors, k, m - k), rest, true, false);
  }
  // dB = L⁻ᵀ (strict lower triangle of Lᵀ Lbar + upper triangle of Ubar Uᵀ) U⁻ᵀ.
  const Array inside =
      triangle(matmul(l, lbar, true, false), -1, false) + triangle(matmul(ubar, u, false, true), 0, true);
  Array b = solve_triangle(u, solve_triangle(l, inside, false, true, kLeft, true), true, true, kRight);
  if (n > k) b = cat({b, rest}, -1);
  if (m > k) b = cat({b, rest}, -2);
  // Row i of B is row p[i] of a.
  const Array to = broadcast_to(reshape(permutation, permutation.shape().inserted(rank - 1, 1)), b.shape());
  return scatter(zeros_like(b), rank - 2, to, b, Update::Assign);
}

SamplesOf<Lu> Lu::samples() {
  SamplesOf<Lu> all;
  for (const Shape& shape : {Shape{3, 3}, Shape{4, 2}, Shape{2, 2, 3}})
    all.push_back({{}, {{shape, DType::F64, -1, 1, 0, Structure::Dominant}}});
  return all;
}

Specs Qr::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  require_matrix(name(), a);
  const std::int64_t m = a.shape()[a.rank() - 2], n = a.shape()[a.rank() - 1], k = complete ? m : std::min(m, n);
  return {Spec{with_matrix(a.shape(), m, k), a.dtype(), a.device()},
          Spec{with_matrix(a.shape(), k, n), a.dtype(), a.device()}};
}

Arrays Qr::vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) const {
  const Array &q = y[0], &r = y[1];
  const std::int64_t k = r.shape()[r.rank() - 2], n = r.shape()[r.rank() - 1];
  if (complete && k > n) {
    if (n == 0) return zeros_like(r);
    if (g[0].defined())
      throw ValueError(name(), "the complete Q of a matrix with more rows than columns, here " + r.shape().str() +
                                   ", has no gradient: its last columns are not unique; the reduced one has");
    // R beside a complete Q is the reduced one above zeros.
    const Arrays reduced = run_all(Qr{}, {x[0]});
    const Array cotangents[] = {Array(), rows(g[1], 0, n)};
    return Qr{}.vjp(x, {reduced.data(), reduced.size()}, cotangents, wanted);
  }
  Array qbar = or_zeros(g[0], q), rbar = or_zeros(g[1], r), rest;
  Array square = r;
  if (n > k) {  // a = [X Y], R = [U V], X = Q U and V = Qᵀ Y, where Y = Q V
    const Array vbar = columns(rbar, k, n - k), v = columns(r, k, n - k);
    rest = matmul(q, vbar);
    qbar = qbar + matmul(q, matmul(v, vbar, false, true));
    square = columns(r, 0, k);
    rbar = columns(rbar, 0, k);
  }
  // dX = (Qbar + Q copyltu(M)) U⁻ᵀ with M = U Ubarᵀ - Qbarᵀ Q; copyltu mirrors the lower triangle.
  const Array m = matmul(square, rbar, false, true) - matmul(qbar, q, true, false);
  const Array lower = triangle(m, -1, false);
  const Array mirrored = triangle(m, 0, false) + transpose(lower);
  const Array xbar = solve_triangle(square, qbar + matmul(q, mirrored), true, true, kRight);
  return n > k ? cat({xbar, rest}, -1) : xbar;
}

SamplesOf<Qr> Qr::samples() {
  SamplesOf<Qr> all;
  for (const Shape& shape : {Shape{3, 3}, Shape{4, 2}, Shape{2, 2, 3}})
    all.push_back({{}, {{shape, DType::F64, -1, 1, 0, Structure::Dominant}}});
  all.push_back({{true}, {{Shape{2, 2, 3}, DType::F64, -1, 1, 0, Structure::Dominant}}});
  return all;
}

}  // namespace fornax::op
