#pragma once

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

/// Converts n adjacent elements; x[0] and y do not overlap.
/// f32 to or from a 16-bit float, the bits of Half and BFloat16 on every instruction set; null for other pairs.
Kernel half_kernel(DType from, DType to, Isa isa);

}  // namespace fornax::cpu
