#include <fornax/ops/functions/scanning.hpp>

#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

template <class MakeOp> Array scan(std::string_view operation, Operand x, std::int64_t dim, MakeOp&& make) {
  require_defined(operation, x);
  if (x->rank() > 0) return run(make(checked_dim(operation, dim, x->rank())), {x});
  static_cast<void>(checked_dim(operation, dim, 1));
  return reshape(run(make(0), {reshape(x, Shape{1})}), Shape{});
}

ValuesAndIndices extreme(bool largest, const Array& x, std::int64_t dim) {
  const auto make = [largest](int d) { return op::ArgScan{largest, d}; };
  const Array at = scan(make(0).name(), x, dim, make);
  return {x.rank() == 0 ? x : gather(x, dim, at), at};
}

}  // namespace

Array cumsum(Operand x, std::int64_t dim, bool reverse) {
  return scan("cumsum", x, dim, [reverse](int d) { return op::CumSum{d, reverse}; });
}
Array cumprod(Operand x, std::int64_t dim) {
  return scan("cumprod", x, dim, [](int d) { return op::Scan{ScanFn::Prod, d}; });
}
Array logcumsumexp(Operand x, std::int64_t dim) {
  return scan("logcumsumexp", x, dim, [](int d) { return op::Scan{ScanFn::LogSumExp, d}; });
}
ValuesAndIndices cummax(const Array& x, std::int64_t dim) { return extreme(true, x, dim); }
ValuesAndIndices cummin(const Array& x, std::int64_t dim) { return extreme(false, x, dim); }

Array recurrence(Operand a, Operand b, std::int64_t dim, bool reverse) {
  require_defined("recurrence", a);
  require_defined("recurrence", b);
  return run(op::Recurrence{a->rank() == 0 ? 0 : checked_dim("recurrence", dim, a->rank()), reverse}, {a, b});
}

Array diff(const Array& x, std::int64_t dim, std::int64_t n) {
  require_defined("diff", x);
  if (x.rank() == 0) throw ShapeError("diff", "a tensor of rank 0 has no dim to run along; unsqueeze() adds one");
  if (n < 0) throw ValueError("diff", "the number of times is " + std::to_string(n));
  const int d = checked_dim("diff", dim, x.rank());
  if (n >= x.shape()[d]) return narrow(x, d, 0, n == 0 ? x.shape()[d] : 0);
  Array y = x;
  for (; n > 0; --n) {
    const std::int64_t size = y.shape()[d] - 1;
    const Array later = narrow(y, d, 1, size), earlier = narrow(y, d, 0, size);
    y = y.dtype() == DType::Bool ? binary(BinaryFn::Xor, later, earlier) : later - earlier;
  }
  return y;
}

Array trapezoid(const Array& y, std::int64_t dim, double dx) {
  require_defined("trapezoid", y);
  require_float("trapezoid", y);
  if (y.rank() == 0) throw ShapeError("trapezoid", "a tensor of rank 0 has no dim to sum along; unsqueeze() adds one");
  const int d = checked_dim("trapezoid", dim, y.rank());
  const std::int64_t size = std::max<std::int64_t>(y.shape()[d] - 1, 0);
  const Array pairs = narrow(y, d, y.shape()[d] - size, size) + narrow(y, d, 0, size);
  return reduce(ReduceFn::Sum, pairs, d) * (dx / 2);
}

}  // namespace fornax
