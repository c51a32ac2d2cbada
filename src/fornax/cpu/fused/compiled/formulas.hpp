#pragma once
// The functions of isa/math.hpp and isa/activations.hpp as operations on vectors: the same operations in the same order, and so
// the same bits. Tests hold the two against each other.

#include <optional>

#include <fornax/cpu/fused/compiled/vector_code.hpp>
#include <fornax/cpu/fused/plan.hpp>

namespace fornax::cpu {

/// Whether a step can be compiled: of f32 and Bool, and a function that has a formula here.
bool has_formula(const Step& step);

/// The result of such a step for these arguments. `numbers`: what of its setting a run brings along, in two numbers.
Vector formula(const Step& step, const Vector* x, const Vector* numbers);

}  // namespace fornax::cpu
