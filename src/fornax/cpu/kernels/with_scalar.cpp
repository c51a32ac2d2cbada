#include <fornax/array/convert.hpp>
#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/with_scalar_loops.hpp>

namespace fornax::cpu {

Kernel kernel_of(ScalarFn fn, DType type) {
  switch (type) {
    case DType::F64:
    case DType::F32: return float_kernel(fn, type, isa());
    case DType::I64: return number_kernel<std::int64_t>(fn);
    case DType::I32: return number_kernel<std::int32_t>(fn);
    case DType::I16: return number_kernel<std::int16_t>(fn);
    case DType::I8: return number_kernel<std::int8_t>(fn);
    case DType::U8: return number_kernel<std::uint8_t>(fn);
    case DType::Bool: return comparison<bool>(fn);
    default: return nullptr;
  }
}

Array execute(const op::WithScalar& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  if (op.fn == ScalarFn::Rdiv && is_int(x.dtype)) {
    // A number over an Int tensor needs the check of the divisors that Binary has.
    const Array number = cpu_empty(op.name(), Shape{}, x.dtype);
    const std::int64_t value = op.scalar.as_int();
    convert_elements(reinterpret_cast<const std::byte*>(&value), DType::I64, dense(number).data, x.dtype, 1);
    const op::Broadcast expand{spec.shape};
    const Operand all[] = {number};
    const Array numbers = execute(expand, expand.infer(all), all);
    const Operand both[] = {numbers, inputs[0].array()};
    return execute(op::Binary{BinaryFn::Div}, spec, both);
  }
  const Array y = elementwise_result(op.name(), spec, inputs);
  run_elementwise(kernel_of(op.fn, compute_type(x.dtype)), y, {&x, 1}, &op.scalar);
  return y;
}

}  // namespace fornax::cpu
