#include <cmath>

#include <fornax/array/convert.hpp>
#include <fornax/cpu/kernels/arithmetic.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

namespace {

// S is the type that the number is read as.
template <class To, class T, auto f, class S = T>
void loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void* setting) {
  auto* y = reinterpret_cast<To*>(out);
  const auto* x = reinterpret_cast<const T*>(in[0]);
  const auto& scalar = *static_cast<const Scalar*>(setting);
  const S s = is_real<S> ? static_cast<S>(scalar.as_double()) : static_cast<S>(scalar.as_int());
  for (std::int64_t i = 0; i < n; ++i) y[i] = f(x[i], s);
}

// Small whole powers are products: exact where std::pow need not be, and many times faster.
template <class T> void power_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void* setting) {
  const double s = static_cast<const Scalar*>(setting)->as_double();
  if (s == 2) return loop<T, T, [](T x, T) { return mul(x, x); }>(out, in, n, setting);
  if (s == 3) return loop<T, T, [](T x, T) { return mul(mul(x, x), x); }>(out, in, n, setting);
  if (s == 1) return loop<T, T, [](T x, T) { return x; }>(out, in, n, setting);
  loop<T, T, power<T>>(out, in, n, setting);
}

// Whole numbers compare in 64 bits: -1 is below every u8, though it has no u8 of its own.
template <class T> Kernel comparison(ScalarFn fn) {
  using S = std::conditional_t<is_real<T>, T, std::int64_t>;
  switch (fn) {
    case ScalarFn::Equal: return loop<bool, T, [](S x, S s) { return x == s; }, S>;
    case ScalarFn::NotEqual: return loop<bool, T, [](S x, S s) { return x != s; }, S>;
    case ScalarFn::Less: return loop<bool, T, [](S x, S s) { return x < s; }, S>;
    case ScalarFn::LessEqual: return loop<bool, T, [](S x, S s) { return x <= s; }, S>;
    case ScalarFn::Greater: return loop<bool, T, [](S x, S s) { return (x > s); }, S>;
    case ScalarFn::GreaterEqual: return loop<bool, T, [](S x, S s) { return (x >= s); }, S>;
    default: return nullptr;
  }
}

template <class T> Kernel number_kernel(ScalarFn fn) {
  switch (fn) {
    case ScalarFn::Add: return loop<T, T, add<T>>;
    case ScalarFn::Rsub: return loop<T, T, [](T x, T s) { return sub(s, x); }>;
    case ScalarFn::Mul: return loop<T, T, mul<T>>;
    case ScalarFn::Div: return loop<T, T, div<T>>;
    case ScalarFn::Rdiv: return loop<T, T, [](T x, T s) { return div(s, x); }>;
    case ScalarFn::Pow: return power_loop<T>;
    case ScalarFn::Rpow: return loop<T, T, [](T x, T s) { return power(s, x); }>;
    case ScalarFn::Remainder: return loop<T, T, remainder<T>>;
    case ScalarFn::Fmod: return loop<T, T, fmod<T>>;
    default: return comparison<T>(fn);
  }
}

}  // namespace

Kernel kernel_of(ScalarFn fn, DType type) {
  switch (type) {
    case DType::F64: return number_kernel<double>(fn);
    case DType::F32: return number_kernel<float>(fn);
    case DType::I64: return number_kernel<std::int64_t>(fn);
    case DType::I32: return number_kernel<std::int32_t>(fn);
    case DType::I16: return number_kernel<std::int16_t>(fn);
    case DType::I8: return number_kernel<std::int8_t>(fn);
    case DType::U8: return number_kernel<std::uint8_t>(fn);
    case DType::Bool: return comparison<bool>(fn);
    default: return nullptr;
  }
}

Array execute(const op::WithScalar& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  if (op.fn == ScalarFn::Rdiv && is_int(x.dtype)) {
    // A number over an Int tensor needs the check of the divisors that Binary has.
    const Array number = cpu_empty(op.name(), Shape{}, x.dtype);
    const std::int64_t value = op.scalar.as_int();
    convert_elements(reinterpret_cast<const std::byte*>(&value), DType::I64, dense(number).data, x.dtype, 1);
    const op::Broadcast expand{spec.shape};
    const Operand all[] = {number};
    const Array numbers = execute(expand, expand.infer(all), all);
    const Operand both[] = {numbers, inputs[0].array()};
    return execute(op::Binary{BinaryFn::Div}, spec, both);
  }
  const Array y = cpu_result(op.name(), spec, inputs);
  run_elementwise(kernel_of(op.fn, compute_type(x.dtype)), y, {&x, 1}, &op.scalar);
  return y;
}

}  // namespace fornax::cpu
