#pragma once
// Steps as operations on vectors: those of the kernels in the same order, and so the same bits. The elementary functions are
// those of isa/math.hpp and isa/activations.hpp; tests hold all against the kernels.

#include <optional>

#include <fornax/cpu/fused/compiled/vector_code.hpp>
#include <fornax/cpu/fused/plan.hpp>

namespace fornax::cpu {

/// Whether a step can be compiled: of f32 and Bool, and a function that has a formula here.
bool has_formula(const Step& step);

/// The result of such a step for these arguments. `numbers`: what of its setting a run brings along, kNumbers of them.
Vector formula(const Step& step, const Vector* x, const Vector* numbers);

/// Of a step that takes rows, once the numbers of its row are known (RowStep::numbers): the result for these arguments.
std::optional<Vector> row_formula(const Step& step, const Vector* x, const Vector* numbers);
bool has_row_formula(const Step& step);

/// Whether a step multiplies by the slope of its function at the function's own argument.
bool slope_is_of_argument(const Step& step);
/// That slope: what such a step, or one that takes the same function of x, has in common with the other.
Vector slope_factor(const Step& step, Vector x);

}  // namespace fornax::cpu
