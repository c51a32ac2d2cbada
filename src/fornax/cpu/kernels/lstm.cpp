#include <fornax/cpu/isa/lstm.hpp>

#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/sequence.hpp>

namespace fornax::cpu {

Arrays execute(const op::Lstm& op, const Specs& specs, Operands inputs) {
  const LstmKernels& k = lstm_kernels(compute_type(specs[0].dtype), isa());
  return over_sequence(
      op, specs[0].shape, specs, inputs, 1, k, k.pack_forward, k.forward,
      [&](const auto& x, const auto& y) { return LstmForward{x[0], x[1], x[2], x[3], y[0], y[1], y[2]}; });
}

Arrays execute(const op::LstmGrad& op, const Specs& specs, Operands inputs) {
  const LstmKernels& k = lstm_kernels(compute_type(specs[0].dtype), isa());
  return over_sequence(
      op, inputs[2]->shape(), specs, inputs, 0, k, k.pack_backward, k.backward, [&](const auto& x, const auto& y) {
        return LstmBackward{
            x[0], x[1], x[2], x[3], x[4], op.of_cells ? x[5] : nullptr, op.of_gates ? x[inputs.size() - 1] : nullptr,
            y[0], y[1], y[2]};
      });
}

}  // namespace fornax::cpu
