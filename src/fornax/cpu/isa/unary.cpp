#include <cmath>

#include <fornax/cpu/isa/activations.hpp>
#include <fornax/cpu/isa/vec.hpp>
#include <fornax/cpu/kernels/special_functions.hpp>
#include <fornax/cpu/kernels/unary_loop.hpp>
#include <fornax/ops/unary.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

/// y[i] = f(x[i]), with a formula for vectors.
template <class T, auto f> void vector_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  map_over<T>(n, reinterpret_cast<T*>(out), f, reinterpret_cast<const T*>(in[0]));
}

// f of elements small enough to be reduced, the C library's function of others: a choice that the compiler would not
// vectorise, so it is made only in blocks that have such an element.
template <auto f, auto exact>
void turning_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* y = reinterpret_cast<float*>(out);
  const auto* x = reinterpret_cast<const float*>(in[0]);
  constexpr std::int64_t kBlock = 256;
  for (std::int64_t start = 0; start < n; start += kBlock) {
    const std::int64_t end = start + kBlock < n ? start + kBlock : n;
    std::int32_t large = 0;
    for (std::int64_t i = start; i < end; ++i) large |= !(std::abs(x[i]) <= math::kMostTurned);
    if (large) {
      for (std::int64_t i = start; i < end; ++i) y[i] = std::abs(x[i]) <= math::kMostTurned ? f(x[i]) : exact(x[i]);
    } else {
      for (std::int64_t i = start; i < end; ++i) y[i] = f(x[i]);
    }
  }
}

// The functions that both types have.
template <class T> Kernel common(UnaryFn fn) {
  switch (fn) {
    case UnaryFn::Neg: return unary_loop<T, T, [](T x) { return -x; }>;
    case UnaryFn::Abs: return unary_loop<T, T, [](T x) { return std::abs(x); }>;
    case UnaryFn::Sign:
      return unary_loop<T, T, [](T x) { return x != x ? x : static_cast<T>(T(x > T(0)) - T(x < T(0))); }>;
    case UnaryFn::Square: return unary_loop<T, T, [](T x) { return x * x; }>;
    case UnaryFn::Exp: return vector_loop<T, [](auto x) { return exp(x); }>;
    case UnaryFn::Log: return unary_loop<T, T, [](T x) { return math::log(x); }>;
    case UnaryFn::Sqrt: return unary_loop<T, T, [](T x) { return std::sqrt(x); }>;
    case UnaryFn::Rsqrt: return unary_loop<T, T, [](T x) { return T(1) / std::sqrt(x); }>;
    case UnaryFn::Reciprocal: return unary_loop<T, T, [](T x) { return T(1) / x; }>;
    case UnaryFn::Erfinv:
      return unary_loop<T, T, [](T x) { return static_cast<T>(erf_inverse(static_cast<double>(x))); }>;
    case UnaryFn::Sigmoid: return unary_loop<T, T, [](T x) { return math::sigmoid(x); }>;
    // Written so that NaN fails the comparison and stays.
    case UnaryFn::Relu: return unary_loop<T, T, [](T x) { return x <= T(0) ? T(0) : x; }>;
    case UnaryFn::Silu: return unary_loop<T, T, [](T x) { return math::silu(x).product; }>;
    case UnaryFn::Softplus: return unary_loop<T, T, [](T x) { return math::softplus(x); }>;
    case UnaryFn::Mish: return unary_loop<T, T, [](T x) { return math::mish_parts(x).mish; }>;
    case UnaryFn::GeluTanh: return unary_loop<T, T, [](T x) { return math::gelu_tanh(x).product; }>;
    case UnaryFn::Floor: return unary_loop<T, T, [](T x) { return std::floor(x); }>;
    case UnaryFn::Ceil: return unary_loop<T, T, [](T x) { return std::ceil(x); }>;
    case UnaryFn::Round: return unary_loop<T, T, [](T x) { return std::rint(x); }>;
    case UnaryFn::Trunc: return unary_loop<T, T, [](T x) { return std::trunc(x); }>;
    case UnaryFn::IsNan: return unary_loop<bool, T, [](T x) { return x != x; }>;
    case UnaryFn::IsInf: return unary_loop<bool, T, [](T x) { return std::abs(x) == math::kInf<T>; }>;
    case UnaryFn::IsFinite: return unary_loop<bool, T, [](T x) { return std::abs(x) < math::kInf<T>; }>;
    default: return nullptr;
  }
}

Kernel single(UnaryFn fn) {
  switch (fn) {
    case UnaryFn::Expm1: return unary_loop<float, float, [](float x) { return math::expm1(x); }>;
    case UnaryFn::Exp2: return unary_loop<float, float, [](float x) { return math::exp2(x); }>;
    case UnaryFn::Log1p: return unary_loop<float, float, [](float x) { return math::log1p(x); }>;
    case UnaryFn::Log2: return unary_loop<float, float, [](float x) { return math::log2(x); }>;
    case UnaryFn::Log10: return unary_loop<float, float, [](float x) { return math::log10(x); }>;
    case UnaryFn::Sin: return turning_loop<[](float x) { return math::sin(x); }, [](float x) { return std::sin(x); }>;
    case UnaryFn::Cos: return turning_loop<[](float x) { return math::cos(x); }, [](float x) { return std::cos(x); }>;
    case UnaryFn::Tan: return turning_loop<[](float x) { return math::tan(x); }, [](float x) { return std::tan(x); }>;
    case UnaryFn::Asin: return unary_loop<float, float, [](float x) { return math::asin(x); }>;
    case UnaryFn::Acos: return unary_loop<float, float, [](float x) { return math::acos(x); }>;
    case UnaryFn::Atan: return unary_loop<float, float, [](float x) { return math::atan(x); }>;
    case UnaryFn::Sinh: return unary_loop<float, float, [](float x) { return math::sinh(x); }>;
    case UnaryFn::Cosh: return unary_loop<float, float, [](float x) { return math::cosh(x); }>;
    case UnaryFn::Tanh: return unary_loop<float, float, [](float x) { return math::tanh(x); }>;
    case UnaryFn::Asinh: return unary_loop<float, float, [](float x) { return math::asinh(x); }>;
    case UnaryFn::Acosh: return unary_loop<float, float, [](float x) { return math::acosh(x); }>;
    case UnaryFn::Atanh: return unary_loop<float, float, [](float x) { return math::atanh(x); }>;
    case UnaryFn::Erf: return unary_loop<float, float, [](float x) { return math::erf(x); }>;
    case UnaryFn::Erfc: return unary_loop<float, float, [](float x) { return math::erfc(x); }>;
    case UnaryFn::Gelu: return unary_loop<float, float, [](float x) { return math::normal(x).gelu; }>;
    default: return common<float>(fn);
  }
}

Kernel full(UnaryFn fn) {
  switch (fn) {
    case UnaryFn::Expm1: return unary_loop<double, double, [](double x) { return std::expm1(x); }>;
    case UnaryFn::Exp2: return unary_loop<double, double, [](double x) { return std::exp2(x); }>;
    case UnaryFn::Log1p: return unary_loop<double, double, [](double x) { return std::log1p(x); }>;
    case UnaryFn::Log2: return unary_loop<double, double, [](double x) { return std::log2(x); }>;
    case UnaryFn::Log10: return unary_loop<double, double, [](double x) { return std::log10(x); }>;
    case UnaryFn::Sin: return unary_loop<double, double, [](double x) { return std::sin(x); }>;
    case UnaryFn::Cos: return unary_loop<double, double, [](double x) { return std::cos(x); }>;
    case UnaryFn::Tan: return unary_loop<double, double, [](double x) { return std::tan(x); }>;
    case UnaryFn::Asin: return unary_loop<double, double, [](double x) { return std::asin(x); }>;
    case UnaryFn::Acos: return unary_loop<double, double, [](double x) { return std::acos(x); }>;
    case UnaryFn::Atan: return unary_loop<double, double, [](double x) { return std::atan(x); }>;
    case UnaryFn::Sinh: return unary_loop<double, double, [](double x) { return std::sinh(x); }>;
    case UnaryFn::Cosh: return unary_loop<double, double, [](double x) { return std::cosh(x); }>;
    case UnaryFn::Tanh: return unary_loop<double, double, [](double x) { return std::tanh(x); }>;
    case UnaryFn::Asinh: return unary_loop<double, double, [](double x) { return std::asinh(x); }>;
    case UnaryFn::Acosh: return unary_loop<double, double, [](double x) { return std::acosh(x); }>;
    case UnaryFn::Atanh: return unary_loop<double, double, [](double x) { return std::atanh(x); }>;
    case UnaryFn::Erf: return unary_loop<double, double, [](double x) { return std::erf(x); }>;
    case UnaryFn::Erfc: return unary_loop<double, double, [](double x) { return std::erfc(x); }>;
    case UnaryFn::Gelu: return unary_loop<double, double, [](double x) { return math::normal(x).gelu; }>;
    default: return common<double>(fn);
  }
}

}  // namespace

Kernel float_kernel(UnaryFn fn, DType type);
Kernel float_kernel(UnaryFn fn, DType type) { return type == DType::F64 ? full(fn) : single(fn); }

}  // namespace fornax::cpu::FORNAX_ISA
