#pragma once
// The driver of all elementwise kernels. A kernel is a plain loop over adjacent elements; strided and 16-bit operands
// reach it through small chunks that are packed and converted here.

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/kernels/kernel.hpp>
#include <fornax/cpu/kernels/runs.hpp>

namespace fornax::cpu {

/// The dtype that a kernel computes a stored dtype in: 16-bit floats in f32, all others as they are.
constexpr DType compute_type(DType t) { return t == DType::F16 || t == DType::BF16 ? DType::F32 : t; }

// The kernel of a function on a dtype that kernels compute in; null if the function is not for it.
Kernel kernel_of(UnaryFn fn, DType type);
Kernel kernel_of(BinaryFn fn, DType type);
Kernel kernel_of(ScalarFn fn, DType type);
Kernel where_kernel(DType type);
Kernel clamp_kernel(DType type);  // its setting is the op::Clamp

/// n elements of `size` bytes, `step` bytes apart, to adjacent ones.
void pack(const std::byte* from, std::int64_t step, std::byte* to, std::size_t size, std::int64_t n);

/// Runs a kernel over all elements of y. Inputs have y's shape; `y` may share its buffer with an input that has the
/// same dtype and is contiguous.
void run_elementwise(Kernel kernel, const Array& y, std::span<const View> inputs, const void* setting = nullptr);

}  // namespace fornax::cpu
