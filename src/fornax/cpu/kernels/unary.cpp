#include <type_traits>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/unary_loop.hpp>

namespace fornax::cpu {

namespace {

template <class T> T sign_of(T x) {
  if constexpr (std::is_unsigned_v<T>) return x != 0;
  return static_cast<T>((x > T(0)) - (x < T(0)));
}

// In unsigned arithmetic: the negative of the smallest integer wraps to itself.
template <class T> T negative(T x) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(U(0) - static_cast<U>(x)));
}
template <class T> T squared(T x) {
  const auto wide = static_cast<std::uint64_t>(x);
  return static_cast<T>(wide * wide);
}

template <class T> Kernel int_kernel(UnaryFn fn) {
  switch (fn) {
    case UnaryFn::Neg: return unary_loop<T, T, negative<T>>;
    case UnaryFn::Abs: return unary_loop<T, T, [](T x) { return x < T(0) ? negative(x) : x; }>;
    case UnaryFn::Sign: return unary_loop<T, T, sign_of<T>>;
    case UnaryFn::Square: return unary_loop<T, T, squared<T>>;
    case UnaryFn::BitwiseNot: return unary_loop<T, T, [](T x) { return static_cast<T>(~x); }>;
    default: return nullptr;
  }
}

}  // namespace

Kernel kernel_of(UnaryFn fn, DType type) {
  switch (type) {
    case DType::F64:
    case DType::F32: return float_kernel(fn, type, isa());
    case DType::I64: return int_kernel<std::int64_t>(fn);
    case DType::I32: return int_kernel<std::int32_t>(fn);
    case DType::I16: return int_kernel<std::int16_t>(fn);
    case DType::I8: return int_kernel<std::int8_t>(fn);
    case DType::U8: return int_kernel<std::uint8_t>(fn);
    case DType::Bool: return unary_loop<bool, bool, [](bool x) { return !x; }>;
    default: return nullptr;
  }
}

Array execute(const op::Unary& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  const Array y = elementwise_result(op.name(), spec, inputs);
  run_elementwise(kernel_of(op.fn, compute_type(x.dtype)), y, {&x, 1});
  return y;
}

Array execute(const op::Slope& op, const Spec& spec, Operands inputs) {
  const View x[] = {View(inputs[0].array()), View(inputs[1].array())};
  const Array y = elementwise_result(op.name(), spec, inputs);
  run_elementwise(slope_kernel(op.fn, compute_type(spec.dtype), isa()), y, x);
  return y;
}

}  // namespace fornax::cpu
