#pragma once
// The form of all elementwise kernels, and the namespace of what they share.

#include <cstddef>
#include <cstdint>

// Sources that are compiled once for each instruction set (isa/) have their own copy of every template that they use:
// otherwise the linker would take one of them for all, in instructions that the machine need not have.
#ifdef FORNAX_ISA
#define FORNAX_KERNELS fornax::cpu::FORNAX_ISA
#else
#define FORNAX_KERNELS fornax::cpu
#endif

namespace fornax::cpu {

/// y[i] = f(x[0][i], x[1][i], ...) for i < n, over adjacent elements. `setting` is whatever else f needs.
using Kernel = void (*)(std::byte* y, const std::byte* const* x, std::int64_t n, const void* setting);

}  // namespace fornax::cpu
