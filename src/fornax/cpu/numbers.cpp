#include <fornax/cpu/numbers.hpp>

#include <fornax/cpu/kernels/elementwise.hpp>

namespace fornax::cpu {

namespace {

bool is_number(const Array& a) { return a.numel() == 1 && (a.dtype() == DType::F32 || a.dtype() == DType::F64); }

Array run(Kernel kernel, const std::byte* const* x, const Array& like, const void* setting) {
  if (!kernel) return Array();
  Array y = cpu_number(like.shape(), like.dtype());
  kernel(dense(y).data, x, 1, setting);
  return y;
}

}  // namespace

Array execute_on_numbers(const Op& op, Operands inputs) {
  const Array& a = inputs[0].array();
  if (!is_number(a)) return Array();
  if (inputs.size() == 2) {
    const auto* binary = std::get_if<op::Binary>(&op);
    const Array& b = inputs[1].array();
    if (!binary || is_comparison(binary->fn) || !is_number(b) || a.dtype() != b.dtype() || a.rank() != b.rank())
      return Array();
    const std::byte* const x[] = {dense(a).data, dense(b).data};
    return run(kernel_of(binary->fn, a.dtype()), x, a, nullptr);
  }
  if (inputs.size() != 1) return Array();
  const std::byte* const x[] = {dense(a).data};
  if (const auto* scalar = std::get_if<op::WithScalar>(&op)) {
    if (scalar->fn >= ScalarFn::Equal) return Array();
    return run(kernel_of(scalar->fn, a.dtype()), x, a, &scalar->scalar);
  }
  if (const auto* unary = std::get_if<op::Unary>(&op)) {
    if (unary->fn >= UnaryFn::LogicalNot) return Array();
    return run(kernel_of(unary->fn, a.dtype()), x, a, nullptr);
  }
  return Array();
}

}  // namespace fornax::cpu
