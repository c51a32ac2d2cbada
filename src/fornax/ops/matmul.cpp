#include <fornax/ops/matmul.hpp>

#include <fornax/ops/functions.hpp>

namespace fornax::op {

namespace {

Shape transposed(const Shape& s) { return s.with(s.rank() - 2, s[s.rank() - 1]).with(s.rank() - 1, s[s.rank() - 2]); }

}  // namespace

Spec MatMul::infer(Operands x) const {
  require_inputs(name(), x, 2);
  const Array &a = x[0].array(), &b = x[1].array();
  require_same_type(name(), a, b);
  require_numeric(name(), a);
  const int rank = a.rank();
  if (rank < 2 || b.rank() < 2)
    throw ShapeError(
        name(), "needs rank >= 2: lhs " + a.shape().str() + ", rhs " + b.shape().str() + "; unsqueeze() adds a dim");
  bool batch_equal = rank == b.rank();
  for (int d = 0; batch_equal && d < rank - 2; ++d) batch_equal = a.shape()[d] == b.shape()[d];
  if (!batch_equal) throw ShapeError(name(), "batch dims differ: lhs " + a.shape().str() + ", rhs " + b.shape().str());
  const std::int64_t m = a.shape()[rank - (transpose_lhs ? 1 : 2)], ka = a.shape()[rank - (transpose_lhs ? 2 : 1)];
  const std::int64_t kb = b.shape()[rank - (transpose_rhs ? 1 : 2)], n = b.shape()[rank - (transpose_rhs ? 2 : 1)];
  if (ka != kb) {
    const Shape lhs = transpose_lhs ? transposed(a.shape()) : a.shape();
    const Shape rhs = transpose_rhs ? transposed(b.shape()) : b.shape();
    std::string hint;
    if (n == ka) hint = "; rhs.transpose() has shape " + transposed(rhs).str();
    throw ShapeError(name(), "inner dimensions differ: lhs " + lhs.str() + ", rhs " + rhs.str() + hint);
  }
  return {a.shape().with(rank - 2, m).with(rank - 1, n), a.dtype(), a.device()};
}

Keep MatMul::keep(Wanted wanted) const {
  return {.inputs = static_cast<std::uint8_t>((wanted[0] ? 2 : 0) | (wanted[1] ? 1 : 0))};
}

Arrays MatMul::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  Arrays grads;
  grads.resize(2);
  if (wanted[0])
    grads[0] = transpose_lhs ? matmul(x[1], g, transpose_rhs, true) : matmul(g, x[1], false, !transpose_rhs);
  if (wanted[1])
    grads[1] = transpose_rhs ? matmul(g, x[0], true, transpose_lhs) : matmul(x[0], g, !transpose_lhs, false);
  return grads;
}

SamplesOf<MatMul> MatMul::samples() {
  return {{{false, false}, {{Shape{2, 3}}, {Shape{3, 4}}}},
          {{true, false}, {{Shape{3, 2}}, {Shape{3, 4}}}},
          {{false, true}, {{Shape{2, 3}}, {Shape{4, 3}}}},
          {{true, true}, {{Shape{3, 2}}, {Shape{4, 3}}}},
          {{false, false}, {{Shape{2, 2, 3}}, {Shape{2, 3, 1}}}},
          {{false, true}, {{Shape{2, 1, 2, 3}}, {Shape{2, 1, 4, 3}}}}};
}

}  // namespace fornax::op
