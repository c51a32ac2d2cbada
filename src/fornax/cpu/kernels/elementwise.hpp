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

/// Where the result of an elementwise operation goes: the buffer of the first input that may be written to and has this
/// dtype, else a new one. It lies in memory as the first input does that has no gaps; if there are pictures with
/// adjacent channels among the inputs, as these do, so that they stay so.
Array elementwise_result(std::string_view operation, const Spec& spec, Operands inputs);

/// Runs a kernel over all elements of y, which has no gaps. Inputs have y's shape; `y` may share its buffer with an input
/// that has the same dtype and the same strides.
void run_elementwise(Kernel kernel, const Array& y, std::span<const View> inputs, const void* setting = nullptr);

}  // namespace fornax::cpu
