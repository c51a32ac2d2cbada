#include <cmath>

#include <fornax/cpu/isa/math.hpp>
#include <fornax/cpu/kernels/binary_loops.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

Kernel single(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Pow: return pair_loop<float, float, [](float a, float b) { return math::pow(a, b); }>;
    case BinaryFn::Hypot: return pair_loop<float, float, [](float a, float b) { return math::hypot(a, b); }>;
    case BinaryFn::Atan2: return pair_loop<float, float, [](float a, float b) { return std::atan2(a, b); }>;
    case BinaryFn::Copysign: return pair_loop<float, float, [](float a, float b) { return std::copysign(a, b); }>;
    default: return arithmetic<float>(fn);
  }
}

Kernel full(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Hypot: return pair_loop<double, double, [](double a, double b) { return std::hypot(a, b); }>;
    case BinaryFn::Atan2: return pair_loop<double, double, [](double a, double b) { return std::atan2(a, b); }>;
    case BinaryFn::Copysign: return pair_loop<double, double, [](double a, double b) { return std::copysign(a, b); }>;
    default: return arithmetic<double>(fn);
  }
}

}  // namespace

Kernel float_kernel(BinaryFn fn, DType type);
Kernel float_kernel(BinaryFn fn, DType type) { return type == DType::F64 ? full(fn) : single(fn); }

}  // namespace fornax::cpu::FORNAX_ISA
