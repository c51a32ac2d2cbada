#include <fornax/cpu/isa/gru.hpp>

#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/sequence.hpp>

namespace fornax::cpu {

Arrays execute(const op::Gru& op, const Specs& specs, Operands inputs) {
  const GruKernels& k = gru_kernels(compute_type(specs[0].dtype), isa());
  return over_sequence(
      op, specs[0].shape, specs, inputs, 1, k, k.pack_forward, k.forward,
      [&](const auto& x, const auto& y) { return GruForward{x[0], x[1], x[2], x[3], y[0], y[1], op.reset_after}; });
}

Arrays execute(const op::GruGrad& op, const Specs& specs, Operands inputs) {
  const GruKernels& k = gru_kernels(compute_type(specs[0].dtype), isa());
  return over_sequence(
      op, inputs[2]->shape(), specs, inputs, 0, k, k.pack_backward, k.backward, [&](const auto& x, const auto& y) {
        return GruBackward{x[0], x[1], x[2], x[3], x[4], x[5], y[0], y[1], y[op.reset_after ? 2 : 0], op.reset_after};
      });
}

}  // namespace fornax::cpu
