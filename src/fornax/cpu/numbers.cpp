#include <fornax/cpu/numbers.hpp>

#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

bool is_number(const Array& a) { return a.numel() == 1 && (a.dtype() == DType::F32 || a.dtype() == DType::F64); }

bool is_f32_number(const Array& a) { return a.numel() == 1 && a.dtype() == DType::F32; }

/// Side by side, and too few for a second thread.
bool are_few(const Array& a) {
  return a.numel() > 0 && a.numel() <= kLeastElements && (a.dtype() == DType::F32 || a.dtype() == DType::F64) &&
         has_contiguous_strides(a);
}

float as_float(const Array& a) { return *reinterpret_cast<const float*>(dense(a).data); }

[[gnu::always_inline]] inline Array number(float value, const Array& like) {
  Array y = cpu_number(static_cast<CpuBackend&>(*like.interpreter()), like.shape(), DType::F32);
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

// The result takes the place of one of `lent`, the inputs, if it may.
Array run(std::string_view operation, Kernel kernel, const std::byte* const* x, const Array& like, Operands lent = {},
          const void* setting = nullptr) {
  if (!kernel) return Array();
  const std::int64_t n = like.numel();
  Array y;
  if (static_cast<std::size_t>(n) * size_of(like.dtype()) <= DenseBody::kInline) {
    y = cpu_number(like.shape(), like.dtype());
    dense(y).strides = dense(like).strides;
  } else {
    y = cpu_result(operation, {like.shape(), like.dtype()}, lent);
  }
  kernel(dense(y).data, x, n, setting);
  return y;
}

// Out of line, so that the way of single f32 numbers is the shorter.
[[gnu::noinline]] Array by_kernel(const op::Binary& op, OperandsOf<2> inputs) {
  const Array &a = inputs[0].array(), &b = inputs[1].array();
  if (is_comparison(op.fn) || a.dtype() != b.dtype() || a.rank() != b.rank()) return Array();
  if (!(is_number(a) && is_number(b)) && !(are_few(a) && are_few(b) && a.shape() == b.shape())) return Array();
  const std::byte* const x[] = {dense(a).data, dense(b).data};
  return run(op.name(), kernel_of(op.fn, a.dtype()), x, a, inputs);
}

[[gnu::noinline]] Array by_kernel(const op::WithScalar& op, OperandsOf<1> inputs) {
  const Array& a = inputs[0].array();
  if (op.fn >= ScalarFn::Equal || !(is_number(a) || are_few(a))) return Array();
  const std::byte* const x[] = {dense(a).data};
  return run(op.name(), kernel_of(op.fn, a.dtype()), x, a, inputs, &op.scalar);
}

}  // namespace

Array execute_on_few(const Op& op, Operands inputs) {
  if (const auto* binary = std::get_if<op::Binary>(&op); binary && inputs.size() == 2)
    return CpuBackend::instance().shortcut(*binary, inputs.first<2>());
  if (inputs.size() != 1) return Array();
  if (const auto* scalar = std::get_if<op::WithScalar>(&op))
    return CpuBackend::instance().shortcut(*scalar, inputs.first<1>());
  const auto* unary = std::get_if<op::Unary>(&op);
  const Array& a = inputs[0].array();
  if (!unary || unary->fn >= UnaryFn::LogicalNot || !(is_number(a) || are_few(a))) return Array();
  const std::byte* const x[] = {dense(a).data};
  return run(unary->name(), kernel_of(unary->fn, a.dtype()), x, a, inputs);
}

}  // namespace fornax::cpu

namespace fornax {

Array CpuBackend::shortcut(const op::Binary& op, OperandsOf<2> inputs) {
  using namespace cpu;
  const Array &a = inputs[0].array(), &b = inputs[1].array();
  if (is_arithmetic(op.fn) && is_f32_number(a) && is_f32_number(b) && a.rank() == b.rank())
    return number(arithmetic(op.fn, as_float(a), as_float(b)), a);
  return by_kernel(op, inputs);
}

Array CpuBackend::shortcut(const op::WithScalar& op, OperandsOf<1> inputs) {
  using namespace cpu;
  const Array& a = inputs[0].array();
  if (op.fn == ScalarFn::Mul && is_f32_number(a))
    return number(as_float(a) * static_cast<float>(op.scalar.as_double()), a);
  return by_kernel(op, inputs);
}

}  // namespace fornax
