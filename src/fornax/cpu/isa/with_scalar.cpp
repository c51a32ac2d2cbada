#include <fornax/cpu/isa/math.hpp>
#include <fornax/cpu/kernels/with_scalar_loops.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

Kernel single(ScalarFn fn) {
  switch (fn) {
    case ScalarFn::Pow: return power_loop<float, [](float x, float s) { return math::pow(x, s); }>;
    case ScalarFn::Rpow: return number_loop<float, float, [](float x, float s) { return math::pow(s, x); }>;
    default: return number_kernel<float>(fn);
  }
}

}  // namespace

Kernel float_kernel(ScalarFn fn, DType type);
Kernel float_kernel(ScalarFn fn, DType type) { return type == DType::F64 ? number_kernel<double>(fn) : single(fn); }

}  // namespace fornax::cpu::FORNAX_ISA
