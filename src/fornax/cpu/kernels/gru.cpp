#include <fornax/cpu/isa/gru.hpp>

#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/sequence.hpp>

namespace fornax::cpu {

Arrays execute(const op::Gru& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  const GruKernels& kernels = gru_kernels(type, isa());
  const Shape& states = specs[0].shape;
  const SequenceShape shape{states[0], states[1], states[2], op.reverse};
  const Array weight = packed(op.name(), inputs[1].array(), type, kernels, true);
  Array x[4];
  for (const std::size_t i : {0, 2, 3}) x[i] = as_contiguous(op.name(), inputs[i].array(), type);
  const Arrays y = results_for(op.name(), specs, type);
  const GruForward at{bytes(x[0]), bytes(weight), bytes(x[2]), bytes(x[3]), bytes(y[0]), bytes(y[1]), op.reset_after};
  for_rows(op.name(), shape, kernels, type, [&](std::int64_t first, std::int64_t rows, std::byte* scratch) {
    kernels.forward(shape, at, first, rows, scratch);
  });
  return as_promised(op.name(), y, specs);
}

Arrays execute(const op::GruGrad& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  const GruKernels& kernels = gru_kernels(type, isa());
  const Shape& states = inputs[2]->shape();
  const SequenceShape shape{states[0], states[1], states[2], op.reverse};
  const Array weight = packed(op.name(), inputs[0].array(), type, kernels, false);
  Array x[6];
  for (std::size_t i = 1; i < inputs.size(); ++i) x[i] = as_contiguous(op.name(), inputs[i].array(), type);
  const Arrays y = results_for(op.name(), specs, type);
  const GruBackward at{bytes(weight), bytes(x[1]), bytes(x[2]),
                       bytes(x[3]),   bytes(x[4]), op.of_gates ? bytes(x[5]) : nullptr,
                       bytes(y[0]),   bytes(y[1]), bytes(y[op.reset_after ? 2 : 0]),
                       op.reset_after};
  for_rows(op.name(), shape, kernels, type, [&](std::int64_t first, std::int64_t rows, std::byte* scratch) {
    kernels.backward(shape, at, first, rows, scratch);
  });
  return as_promised(op.name(), y, specs);
}

}  // namespace fornax::cpu
