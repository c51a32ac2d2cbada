#pragma once

#include <fornax/cpu/kernels/kernel.hpp>

namespace FORNAX_KERNELS {

/// y[i] = f(x[i]).
template <class To, class T, auto f>
void unary_loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* y = reinterpret_cast<To*>(out);
  const auto* x = reinterpret_cast<const T*>(in[0]);
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<To>(f(x[i]));
}

}  // namespace FORNAX_KERNELS
