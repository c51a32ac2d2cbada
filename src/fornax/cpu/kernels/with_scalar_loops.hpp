#pragma once
// Loops over an array beside a number, for any type of elements.

#include <fornax/cpu/kernels/arithmetic.hpp>
#include <fornax/ops/with_scalar.hpp>

namespace FORNAX_KERNELS {

// S is the type that the number is read as.
template <class To, class T, auto f, class S = T>
void number_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void* setting) {
  auto* y = reinterpret_cast<To*>(out);
  const auto* x = reinterpret_cast<const T*>(in[0]);
  const auto& scalar = *static_cast<const Scalar*>(setting);
  const S s = is_real<S> ? static_cast<S>(scalar.as_double()) : static_cast<S>(scalar.as_int());
  for (std::int64_t i = 0; i < n; ++i) y[i] = f(x[i], s);
}

// Small whole powers are products: exact where std::pow need not be, and many times faster.
template <class T, auto f>
void power_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void* setting) {
  const double s = static_cast<const Scalar*>(setting)->as_double();
  if (s == 2) return number_loop<T, T, [](T x, T) { return mul(x, x); }>(out, in, n, setting);
  if (s == 3) return number_loop<T, T, [](T x, T) { return mul(mul(x, x), x); }>(out, in, n, setting);
  if (s == 1) return number_loop<T, T, [](T x, T) { return x; }>(out, in, n, setting);
  number_loop<T, T, f>(out, in, n, setting);
}

// Whole numbers compare in 64 bits: -1 is below every u8, though it has no u8 of its own.
template <class T> Kernel comparison(ScalarFn fn) {
  using S = std::conditional_t<is_real<T>, T, std::int64_t>;
  switch (fn) {
    case ScalarFn::Equal: return number_loop<bool, T, [](S x, S s) { return x == s; }, S>;
    case ScalarFn::NotEqual: return number_loop<bool, T, [](S x, S s) { return x != s; }, S>;
    case ScalarFn::Less: return number_loop<bool, T, [](S x, S s) { return x < s; }, S>;
    case ScalarFn::LessEqual: return number_loop<bool, T, [](S x, S s) { return x <= s; }, S>;
    case ScalarFn::Greater: return number_loop<bool, T, [](S x, S s) { return (x > s); }, S>;
    case ScalarFn::GreaterEqual: return number_loop<bool, T, [](S x, S s) { return (x >= s); }, S>;
    default: return nullptr;
  }
}

template <class T> Kernel number_kernel(ScalarFn fn) {
  switch (fn) {
    case ScalarFn::Add: return number_loop<T, T, add<T>>;
    case ScalarFn::Rsub: return number_loop<T, T, [](T x, T s) { return sub(s, x); }>;
    case ScalarFn::Mul: return number_loop<T, T, mul<T>>;
    case ScalarFn::Div: return number_loop<T, T, div<T>>;
    case ScalarFn::Rdiv: return number_loop<T, T, [](T x, T s) { return div(s, x); }>;
    case ScalarFn::Pow: return power_loop<T, power<T>>;
    case ScalarFn::Rpow: return number_loop<T, T, [](T x, T s) { return power(s, x); }>;
    case ScalarFn::Remainder: return number_loop<T, T, remainder<T>>;
    case ScalarFn::Fmod: return number_loop<T, T, fmod<T>>;
    default: return comparison<T>(fn);
  }
}

}  // namespace FORNAX_KERNELS
