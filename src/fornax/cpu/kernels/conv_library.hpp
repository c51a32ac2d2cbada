#pragma once

#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

/// The convolution by oneDNN, or an empty array if it is not for it: another dtype than f32, little work, or sizes for
/// which the library has no fast kernel. x, y and their gradients have their channels adjacent in memory, behind the
/// usual shapes: what comes otherwise is turned once, and what goes out stays so through elementwise operations. `x` is
/// the shape of the picture's side, `w` of the weight, `y` of the result's side.
Array convolve_by_library(const op::Conv& op, const Spec& spec, Operands inputs, const Shape& x, const Shape& w,
                          const Shape& y);

}  // namespace fornax::cpu
