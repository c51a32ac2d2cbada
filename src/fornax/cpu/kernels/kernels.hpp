#pragma once
// One `execute` for each operation. The shape rule has already run: `spec` is what it promised (Specs of an operation
// with several results), the inputs fit.

#include <fornax/cpu/cpu.hpp>

namespace fornax::cpu {

#define FORNAX_OP(name) ResultOf<op::name> execute(const op::name& op, const SpecOf<op::name>& spec, Operands inputs);
#include <fornax/ops/ops.def>
#undef FORNAX_OP

/// Writes x's elements to memory that is read with x's shape and dtype and these strides.
void copy(const Array& x, std::byte* to, const Strides& strides);

}  // namespace fornax::cpu
