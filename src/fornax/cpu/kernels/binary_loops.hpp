#pragma once
// Loops over two arrays, for any type of elements.

#include <fornax/cpu/kernels/arithmetic.hpp>
#include <fornax/ops/binary.hpp>

namespace FORNAX_KERNELS {

template <class To, class T, auto f>
void pair_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* y = reinterpret_cast<To*>(out);
  const auto* a = reinterpret_cast<const T*>(in[0]);
  const auto* b = reinterpret_cast<const T*>(in[1]);
  for (std::int64_t i = 0; i < n; ++i) y[i] = f(a[i], b[i]);
}

template <class T> Kernel comparison(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Equal: return pair_loop<bool, T, [](T a, T b) { return a == b; }>;
    case BinaryFn::NotEqual: return pair_loop<bool, T, [](T a, T b) { return a != b; }>;
    case BinaryFn::Less: return pair_loop<bool, T, [](T a, T b) { return a < b; }>;
    case BinaryFn::LessEqual: return pair_loop<bool, T, [](T a, T b) { return a <= b; }>;
    case BinaryFn::Greater: return pair_loop<bool, T, [](T a, T b) { return (a > b); }>;
    case BinaryFn::GreaterEqual: return pair_loop<bool, T, [](T a, T b) { return (a >= b); }>;
    default: return nullptr;
  }
}

template <class T> Kernel arithmetic(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Add: return pair_loop<T, T, add<T>>;
    case BinaryFn::Sub: return pair_loop<T, T, sub<T>>;
    case BinaryFn::Mul: return pair_loop<T, T, mul<T>>;
    case BinaryFn::Div: return pair_loop<T, T, div<T>>;
    case BinaryFn::Pow: return pair_loop<T, T, power<T>>;
    case BinaryFn::Remainder: return pair_loop<T, T, remainder<T>>;
    case BinaryFn::Fmod: return pair_loop<T, T, fmod<T>>;
    case BinaryFn::Maximum: return pair_loop<T, T, maximum<T>>;
    case BinaryFn::Minimum: return pair_loop<T, T, minimum<T>>;
    case BinaryFn::Gate: return pair_loop<T, T, [](T a, T b) { return T(0) < b ? a : T(0); }>;
    case BinaryFn::FloorDiv: return pair_loop<T, T, floor_div<T>>;
    case BinaryFn::TruncDiv: return pair_loop<T, T, trunc_div<T>>;
    default: return comparison<T>(fn);
  }
}

}  // namespace FORNAX_KERNELS
