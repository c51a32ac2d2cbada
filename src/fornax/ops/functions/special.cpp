#include <fornax/ops/functions/special.hpp>

#include <algorithm>

#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

// An order outside the range of the shape rules stays outside when it is made an int.
int order(std::int64_t n) { return static_cast<int>(std::clamp<std::int64_t>(n, -2, 1000)); }

}  // namespace

Array erfinv(Operand x) { return unary(UnaryFn::Erfinv, x); }
Array lgamma(Operand x) { return run(op::NthDerivative{SmoothFn::Lgamma, 0}, {x}); }
Array digamma(Operand x) { return run(op::NthDerivative{SmoothFn::Lgamma, 1}, {x}); }
Array polygamma(std::int64_t n, Operand x) {
  if (n < 0 || n >= kMaxOrder)
    throw ValueError("polygamma",
                     "order " + std::to_string(n) + " is outside [0, " + std::to_string(kMaxOrder - 1) + "]");
  return run(op::NthDerivative{SmoothFn::Lgamma, order(n) + 1}, {x});
}
Array sinc(Operand x) { return run(op::NthDerivative{SmoothFn::Sinc, 0}, {x}); }
Array i0(Operand x) { return bessel_i(0, x); }
Array i0e(Operand x) { return bessel_i(0, x, true); }
Array i1(Operand x) { return bessel_i(1, x); }
Array i1e(Operand x) { return bessel_i(1, x, true); }
Array bessel_i(std::int64_t n, Operand x, bool scaled) { return run(op::BesselI{order(n), scaled}, {x}); }

}  // namespace fornax
