#include <fornax/ops/scan.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

void require_dim(std::string_view operation, int dim, const Array& x) {
  if (x.rank() == 0) throw ShapeError(operation, "a tensor of rank 0 has no dim to run along; unsqueeze() adds one");
  static_cast<void>(checked_dim(operation, dim, x.rank()));
}

// x moved by one place along a dim, towards its end or its start; `fill` comes in, the element at the other end is lost.
Array shifted(const Array& x, int dim, bool to_end, double fill) {
  const std::int64_t n = x.shape()[dim];
  if (n == 0) return x;
  const Array in = broadcast_to(full_like(zeros_like(x, Shape{}), fill), x.shape().with(dim, 1));
  return to_end ? cat({in, narrow(x, dim, 0, n - 1)}, dim) : cat({narrow(x, dim, 1, n - 1), in}, dim);
}

// a - b, and 0 where both are the same infinity.
Array difference(const Array& a, const Array& b) {
  const Array same = logical_and(unary(UnaryFn::IsInf, a), equal(a, b));
  return where(same, 0.0, a) - where(same, 0.0, b);
}

}  // namespace

Spec CumSum::infer(Operands x) const {
  require_inputs(name(), x, 1);
  require_numeric(name(), x[0].array());
  require_dim(name(), dim, x[0].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays CumSum::vjp(const Arrays&, const Array&, const Array& g, Wanted) const {
  return run(CumSum{dim, !reverse}, {g});
}

SamplesOf<CumSum> CumSum::samples() {
  return {{{0}, {{Shape{3, 4}}}}, {{1, true}, {{Shape{2, 5}}}}, {{1}, {{Shape{2, 3, 2}}}}};
}

Spec Scan::infer(Operands x) const {
  require_inputs(name(), x, 1);
  if (fn == ScanFn::Prod)
    require_numeric(name(), x[0].array());
  else
    require_float(name(), x[0].array());
  require_dim(name(), dim, x[0].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays Scan::vjp(const Arrays& x, const Array& y, const Array& g, Wanted) const {
  if (fn == ScanFn::Prod) {
    // y is the recurrence y_i = x_i y_{i-1} begun at 1.
    const Array behind = run(Recurrence{dim, true}, {shifted(x[0], dim, false, 0), g});
    return behind * shifted(y, dim, true, 1);
  }
  // The sum over j >= i of g_j exp(x_i - y_j), as exp(x_i - y_i) s_i with s_i = g_i + exp(y_i - y_{i+1}) s_{i+1}.
  const Array decay = exp(difference(y, shifted(y, dim, false, 0)));
  return exp(difference(x[0], y)) * run(Recurrence{dim, true}, {decay, g});
}

SamplesOf<Scan> Scan::samples() {
  SamplesOf<Scan> all;
  for (const ScanFn fn : {ScanFn::Prod, ScanFn::LogSumExp}) {
    all.push_back({{fn, 0}, {{Shape{3, 4}}}});
    all.push_back({{fn, 1}, {{Shape{2, 5}}}});
    all.push_back({{fn, 1}, {{Shape{2, 3, 2}}}});
  }
  return all;
}

Spec Recurrence::infer(Operands x) const {
  require_inputs(name(), x, 2);
  require_float(name(), x[0].array());
  require_same_type(name(), x[0].array(), x[1].array());
  require_same_shape(name(), x[0].array(), x[1].array());
  require_dim(name(), dim, x[0].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays Recurrence::vjp(const Arrays& x, const Array& y, const Array& g, Wanted wanted) const {
  const Array behind = run(Recurrence{dim, !reverse}, {shifted(x[0], dim, reverse, 0), g});
  Arrays grads;
  grads.resize(2);
  if (wanted[0]) grads[0] = behind * shifted(y, dim, !reverse, 0);
  if (wanted[1]) grads[1] = behind;
  return grads;
}

SamplesOf<Recurrence> Recurrence::samples() {
  return {{{0}, {{Shape{3, 4}}, {Shape{3, 4}}}},
          {{1, true}, {{Shape{2, 5}, DType::F64, -1, 1}, {Shape{2, 5}}}},
          {{1}, {{Shape{2, 3, 2}}, {Shape{2, 3, 2}}}}};
}

Spec ArgScan::infer(Operands x) const {
  require_inputs(name(), x, 1);
  require_numeric(name(), x[0].array());
  require_dim(name(), dim, x[0].array());
  return {x[0]->shape(), DType::I64, x[0]->device()};
}

SamplesOf<ArgScan> ArgScan::samples() {
  return {
      {{true, 0}, {{Shape{3, 4}}}}, {{false, 1}, {{Shape{2, 5}}}}, {{true, 1}, {{Shape{2, 3, 2}, DType::I64, -2, 2}}}};
}

}  // namespace fornax::op
