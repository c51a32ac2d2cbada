#pragma once
// Instruction sets. The sources of this folder are compiled once for each of them, in a namespace of its own, and one
// binary chooses between them when it starts.

#include <cstddef>
#include <cstdint>

#include <fornax/array/dtype.hpp>
#include <fornax/cpu/kernels/kernel.hpp>

namespace fornax {

enum class UnaryFn : std::uint8_t;
enum class BinaryFn : std::uint8_t;
enum class ScalarFn : std::uint8_t;

namespace cpu {

/// Portable: what every machine of the architecture runs. Avx2: with FMA and F16C (x86-64-v3). Avx512: F, VL, BW, DQ
/// (x86-64-v4).
enum class Isa : std::uint8_t { Portable, Avx2, Avx512 };

/// The best that the machine, the build and the environment variable FORNAX_ISA (portable, avx2 or avx512) allow.
Isa isa();
/// True if the machine and the build have it.
bool has_isa(Isa isa);

// The kernels of a Float function on f32 or f64, for an instruction set that the machine has; null if the function is
// not for Float.
Kernel float_kernel(UnaryFn fn, DType type, Isa isa);
Kernel float_kernel(BinaryFn fn, DType type, Isa isa);
Kernel float_kernel(ScalarFn fn, DType type, Isa isa);
/// Of op::Slope.
Kernel slope_kernel(UnaryFn fn, DType type, Isa isa);

/// Chooses between elements of so many bytes.
Kernel where_kernel(std::size_t bytes, Isa isa);
/// For every dtype that kernels compute in but Bool; its setting is an op::Clamp.
Kernel clamp_kernel(DType type, Isa isa);

}  // namespace cpu

}  // namespace fornax
