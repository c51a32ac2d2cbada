#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/special_functions.hpp>

namespace fornax::cpu {

namespace {

template <class T, auto f> void loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void* setting) {
  auto* y = reinterpret_cast<T*>(out);
  const auto* x = reinterpret_cast<const T*>(in[0]);
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(f(setting, static_cast<double>(x[i])));
}

double nth_derivative(const void* setting, double x) {
  const auto& op = *static_cast<const op::NthDerivative*>(setting);
  return op.fn == SmoothFn::Lgamma ? lgamma_derivative(op.order, x) : sinc_derivative(op.order, x);
}

double bessel(const void* setting, double x) {
  const auto& op = *static_cast<const op::BesselI*>(setting);
  return bessel_i(op.order, x, op.scaled);
}

template <auto f> Array elementwise(const auto& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  const Array y = elementwise_result(op.name(), spec, inputs);
  run_elementwise(compute_type(x.dtype) == DType::F64 ? loop<double, f> : loop<float, f>, y, {&x, 1}, &op);
  return y;
}

}  // namespace

Array execute(const op::NthDerivative& op, const Spec& spec, Operands inputs) {
  return elementwise<nth_derivative>(op, spec, inputs);
}

Array execute(const op::BesselI& op, const Spec& spec, Operands inputs) {
  return elementwise<bessel>(op, spec, inputs);
}

}  // namespace fornax::cpu
