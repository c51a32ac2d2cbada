#include <cmath>
#include <type_traits>

#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/special_functions.hpp>

namespace fornax::cpu {

namespace {

template <class To, class T, auto f>
void loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* y = reinterpret_cast<To*>(out);
  const auto* x = reinterpret_cast<const T*>(in[0]);
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<To>(f(x[i]));
}

template <class T> T sign_of(T x) {
  if constexpr (std::is_unsigned_v<T>) return x != 0;
  if (x != x) return x;  // NaN
  return static_cast<T>((x > T(0)) - (x < T(0)));
}

template <class T> Kernel float_kernel(UnaryFn fn) {
  switch (fn) {
    case UnaryFn::Neg: return loop<T, T, [](T x) { return -x; }>;
    case UnaryFn::Abs: return loop<T, T, [](T x) { return std::abs(x); }>;
    case UnaryFn::Sign: return loop<T, T, sign_of<T>>;
    case UnaryFn::Square: return loop<T, T, [](T x) { return x * x; }>;
    case UnaryFn::Exp: return loop<T, T, [](T x) { return std::exp(x); }>;
    case UnaryFn::Expm1: return loop<T, T, [](T x) { return std::expm1(x); }>;
    case UnaryFn::Log: return loop<T, T, [](T x) { return std::log(x); }>;
    case UnaryFn::Log1p: return loop<T, T, [](T x) { return std::log1p(x); }>;
    case UnaryFn::Log2: return loop<T, T, [](T x) { return std::log2(x); }>;
    case UnaryFn::Log10: return loop<T, T, [](T x) { return std::log10(x); }>;
    case UnaryFn::Sqrt: return loop<T, T, [](T x) { return std::sqrt(x); }>;
    case UnaryFn::Rsqrt: return loop<T, T, [](T x) { return T(1) / std::sqrt(x); }>;
    case UnaryFn::Reciprocal: return loop<T, T, [](T x) { return T(1) / x; }>;
    case UnaryFn::Sin: return loop<T, T, [](T x) { return std::sin(x); }>;
    case UnaryFn::Cos: return loop<T, T, [](T x) { return std::cos(x); }>;
    case UnaryFn::Tan: return loop<T, T, [](T x) { return std::tan(x); }>;
    case UnaryFn::Asin: return loop<T, T, [](T x) { return std::asin(x); }>;
    case UnaryFn::Acos: return loop<T, T, [](T x) { return std::acos(x); }>;
    case UnaryFn::Atan: return loop<T, T, [](T x) { return std::atan(x); }>;
    case UnaryFn::Sinh: return loop<T, T, [](T x) { return std::sinh(x); }>;
    case UnaryFn::Cosh: return loop<T, T, [](T x) { return std::cosh(x); }>;
    case UnaryFn::Tanh: return loop<T, T, [](T x) { return std::tanh(x); }>;
    case UnaryFn::Asinh: return loop<T, T, [](T x) { return std::asinh(x); }>;
    case UnaryFn::Acosh: return loop<T, T, [](T x) { return std::acosh(x); }>;
    case UnaryFn::Atanh: return loop<T, T, [](T x) { return std::atanh(x); }>;
    case UnaryFn::Erf: return loop<T, T, [](T x) { return std::erf(x); }>;
    case UnaryFn::Erfc: return loop<T, T, [](T x) { return std::erfc(x); }>;
    case UnaryFn::Erfinv: return loop<T, T, [](T x) { return static_cast<T>(erf_inverse(static_cast<double>(x))); }>;
    case UnaryFn::Exp2: return loop<T, T, [](T x) { return std::exp2(x); }>;
    case UnaryFn::Sigmoid: return loop<T, T, [](T x) { return T(1) / (T(1) + std::exp(-x)); }>;
    // Written so that NaN fails the comparison and stays.
    case UnaryFn::Relu: return loop<T, T, [](T x) { return x <= T(0) ? T(0) : x; }>;
    case UnaryFn::Floor: return loop<T, T, [](T x) { return std::floor(x); }>;
    case UnaryFn::Ceil: return loop<T, T, [](T x) { return std::ceil(x); }>;
    case UnaryFn::Round: return loop<T, T, [](T x) { return std::rint(x); }>;
    case UnaryFn::Trunc: return loop<T, T, [](T x) { return std::trunc(x); }>;
    case UnaryFn::IsNan: return loop<bool, T, [](T x) { return x != x; }>;
    case UnaryFn::IsInf: return loop<bool, T, [](T x) { return std::isinf(x); }>;
    case UnaryFn::IsFinite: return loop<bool, T, [](T x) { return std::isfinite(x); }>;
    case UnaryFn::LogicalNot:
    case UnaryFn::BitwiseNot: break;
  }
  return nullptr;
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
    case UnaryFn::Neg: return loop<T, T, negative<T>>;
    case UnaryFn::Abs: return loop<T, T, [](T x) { return x < T(0) ? negative(x) : x; }>;
    case UnaryFn::Sign: return loop<T, T, sign_of<T>>;
    case UnaryFn::Square: return loop<T, T, squared<T>>;
    case UnaryFn::BitwiseNot: return loop<T, T, [](T x) { return static_cast<T>(~x); }>;
    default: return nullptr;
  }
}

}  // namespace

Kernel kernel_of(UnaryFn fn, DType type) {
  switch (type) {
    case DType::F64: return float_kernel<double>(fn);
    case DType::F32: return float_kernel<float>(fn);
    case DType::I64: return int_kernel<std::int64_t>(fn);
    case DType::I32: return int_kernel<std::int32_t>(fn);
    case DType::I16: return int_kernel<std::int16_t>(fn);
    case DType::I8: return int_kernel<std::int8_t>(fn);
    case DType::U8: return int_kernel<std::uint8_t>(fn);
    case DType::Bool: return loop<bool, bool, [](bool x) { return !x; }>;
    default: return nullptr;
  }
}

Array execute(const op::Unary& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  const Array y = cpu_result(op.name(), spec, inputs);
  run_elementwise(kernel_of(op.fn, compute_type(x.dtype)), y, {&x, 1});
  return y;
}

}  // namespace fornax::cpu
