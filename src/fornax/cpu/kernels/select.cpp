#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

Array execute(const op::Where& op, const Spec& spec, Operands inputs) {
  const View x[3] = {View(inputs[0].array()), View(inputs[1].array()), View(inputs[2].array())};
  const Array y = elementwise_result(op.name(), spec, inputs);
  run_elementwise(where_kernel(size_of(compute_type(spec.dtype)), isa()), y, x);
  return y;
}

Array execute(const op::Clamp& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  const Array y = elementwise_result(op.name(), spec, inputs);
  run_elementwise(clamp_kernel(compute_type(x.dtype), isa()), y, {&x, 1}, &op);
  return y;
}

Array execute(const op::Cast& op, const Spec& spec, Operands inputs) {
  return converted(op.name(), inputs[0].array(), spec.dtype);
}

}  // namespace fornax::cpu
