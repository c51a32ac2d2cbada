#pragma once
// Operations on single numbers: the arithmetic takes a nanosecond, so everything around it must be short.

#include <fornax/cpu/cpu.hpp>

namespace fornax::cpu {

/// The result of an elementwise operation on arrays of one f32 or f64 element and equal rank; empty if op or inputs are
/// anything else, and for whatever the shape rules would refuse.
Array binary_on_numbers(BinaryFn fn, const Array& a, const Array& b);
Array execute_on_numbers(const Op& op, Operands inputs);

}  // namespace fornax::cpu
