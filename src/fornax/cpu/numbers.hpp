#pragma once
// Operations on single numbers and few: the arithmetic takes nanoseconds, so everything around it must be short. Those
// with a shortcut are in numbers.cpp too.

#include <fornax/cpu/cpu.hpp>

namespace fornax::cpu {

/// The result of an elementwise operation on arrays of equal shape and few f32 or f64 elements side by side; empty if op or inputs
/// are anything else, and for whatever the shape rules would refuse.
Array execute_on_few(const Op& op, Operands inputs);

}  // namespace fornax::cpu
