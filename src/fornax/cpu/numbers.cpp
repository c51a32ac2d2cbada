#include <fornax/cpu/numbers.hpp>

#include <fornax/cpu/kernels/elementwise.hpp>

namespace fornax::cpu {

namespace {

bool is_number(const Array& a) { return a.numel() == 1 && (a.dtype() == DType::F32 || a.dtype() == DType::F64); }

float as_float(const Array& a) { return *reinterpret_cast<const float*>(dense(a).data); }

Array number(float value, const Array& like) {
  Array y = cpu_number(like.shape(), DType::F32);
  *reinterpret_cast<float*>(dense(y).data) = value;
  return y;
}

// The four operations of arithmetic on f32 need not even look up a kernel. The kernels compute the same.
bool is_arithmetic(BinaryFn fn) { return fn <= BinaryFn::Div; }

float arithmetic(BinaryFn fn, float a, float b) {
  switch (fn) {
    case BinaryFn::Add: return a + b;
    case BinaryFn::Sub: return a - b;
    case BinaryFn::Mul: return a * b;
    default: return a / b;
  }
}

Array run(Kernel kernel, const std::byte* const* x, const Array& like, const void* setting) {
  if (!kernel) return Array();
  Array y = cpu_number(like.shape(), like.dtype());
  kernel(dense(y).data, x, 1, setting);
  return y;
}

}  // namespace

Array binary_on_numbers(BinaryFn fn, const Array& a, const Array& b) {
  if (!is_number(a) || !is_number(b) || a.dtype() != b.dtype() || a.rank() != b.rank()) return Array();
  if (a.dtype() == DType::F32 && is_arithmetic(fn)) return number(arithmetic(fn, as_float(a), as_float(b)), a);
  if (is_comparison(fn)) return Array();
  const std::byte* const x[] = {dense(a).data, dense(b).data};
  return run(kernel_of(fn, a.dtype()), x, a, nullptr);
}

Array execute_on_numbers(const Op& op, Operands inputs) {
  const Array& a = inputs[0].array();
  if (!is_number(a)) return Array();
  if (inputs.size() == 2) {
    const auto* binary = std::get_if<op::Binary>(&op);
    return binary ? binary_on_numbers(binary->fn, a, inputs[1].array()) : Array();
  }
  if (inputs.size() != 1) return Array();
  const std::byte* const x[] = {dense(a).data};
  if (const auto* scalar = std::get_if<op::WithScalar>(&op)) {
    if (scalar->fn >= ScalarFn::Equal) return Array();
    if (a.dtype() == DType::F32 && scalar->fn == ScalarFn::Mul)
      return number(as_float(a) * static_cast<float>(scalar->scalar.as_double()), a);
    return run(kernel_of(scalar->fn, a.dtype()), x, a, &scalar->scalar);
  }
  if (const auto* unary = std::get_if<op::Unary>(&op)) {
    if (unary->fn >= UnaryFn::LogicalNot) return Array();
    return run(kernel_of(unary->fn, a.dtype()), x, a, nullptr);
  }
  return Array();
}

}  // namespace fornax::cpu
