// Kernels of op::Slope: g f'(v), where v is x or, for tanh and sigmoid, f(x).

#include <cmath>

#include <fornax/cpu/isa/activations.hpp>
#include <fornax/cpu/kernels/binary_loops.hpp>
#include <fornax/ops/unary.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

template <class T> FORNAX_INLINE T gelu(T g, T x) {
  const math::Normal<T> n = math::normal(x);
  return g * math::fma(x, n.density, n.below);
}

template <class T> FORNAX_INLINE T gelu_tanh(T g, T x) {
  const math::Turn<T> u = math::gelu_tanh(x);
  return g * math::fma(u.at * (u.gate * (T(1) - u.gate)), u.slope, u.gate);
}

template <class T> FORNAX_INLINE T silu(T g, T x) {
  const T s = math::silu(x).gate;
  return g * math::fma(x, s * (T(1) - s), s);
}

template <class T> FORNAX_INLINE T mish(T g, T x) {
  const math::MishParts<T> m = math::mish_parts(x);
  return g * math::fma(x, m.slope, m.tanh);
}

template <class T> Kernel slope(UnaryFn fn) {
  switch (fn) {
    case UnaryFn::Tanh: return pair_loop<T, T, [](T g, T y) { return g * (T(1) - y * y); }>;
    case UnaryFn::Sigmoid: return pair_loop<T, T, [](T g, T y) { return g * (y * (T(1) - y)); }>;
    case UnaryFn::Gelu: return pair_loop<T, T, gelu<T>>;
    case UnaryFn::GeluTanh: return pair_loop<T, T, gelu_tanh<T>>;
    case UnaryFn::Silu: return pair_loop<T, T, silu<T>>;
    case UnaryFn::Softplus: return pair_loop<T, T, [](T g, T x) { return g * math::sigmoid(x); }>;
    case UnaryFn::Mish: return pair_loop<T, T, mish<T>>;
    default: return nullptr;
  }
}

}  // namespace

Kernel slope_kernel(UnaryFn fn, DType type);
Kernel slope_kernel(UnaryFn fn, DType type) { return type == DType::F64 ? slope<double>(fn) : slope<float>(fn); }

}  // namespace fornax::cpu::FORNAX_ISA
