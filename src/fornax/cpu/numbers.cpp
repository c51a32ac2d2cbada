#include <fornax/cpu/numbers.hpp>

#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

bool is_number(const Array& a) { return a.numel() == 1 && (a.dtype() == DType::F32 || a.dtype() == DType::F64); }

/// Side by side, and too few for a second thread.
bool are_few(const Array& a) {
  return a.numel() > 0 && a.numel() <= kLeastElements && (a.dtype() == DType::F32 || a.dtype() == DType::F64) &&
         has_contiguous_strides(a);
}

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

Array few(BinaryFn fn, const Array& a, const Array& b, Operands lent = {}) {
  if (is_comparison(fn) || a.dtype() != b.dtype()) return Array();
  if (!(is_number(a) && is_number(b)) && !(are_few(a) && are_few(b) && a.shape() == b.shape())) return Array();
  const std::byte* const x[] = {dense(a).data, dense(b).data};
  return run(name(fn), kernel_of(fn, a.dtype()), x, a, lent);
}

}  // namespace

Array binary_on_few(BinaryFn fn, const Array& a, const Array& b) {
  if (a.rank() != b.rank()) return Array();
  if (is_number(a) && is_number(b) && a.dtype() == DType::F32 && b.dtype() == DType::F32 && is_arithmetic(fn))
    return number(arithmetic(fn, as_float(a), as_float(b)), a);
  return few(fn, a, b);
}

Array execute_on_few(const Op& op, Operands inputs) {
  const Array& a = inputs[0].array();
  if (!is_number(a) && !are_few(a)) return Array();
  if (inputs.size() == 2) {
    const auto* binary = std::get_if<op::Binary>(&op);
    if (!binary) return Array();
    return a.numel() == 1 ? binary_on_few(binary->fn, a, inputs[1].array())
                          : few(binary->fn, a, inputs[1].array(), inputs);
  }
  if (inputs.size() != 1) return Array();
  const std::byte* const x[] = {dense(a).data};
  if (const auto* scalar = std::get_if<op::WithScalar>(&op)) {
    if (scalar->fn >= ScalarFn::Equal) return Array();
    if (a.numel() == 1 && a.dtype() == DType::F32 && scalar->fn == ScalarFn::Mul)
      return number(as_float(a) * static_cast<float>(scalar->scalar.as_double()), a);
    return run(scalar->name(), kernel_of(scalar->fn, a.dtype()), x, a, inputs, &scalar->scalar);
  }
  if (const auto* unary = std::get_if<op::Unary>(&op)) {
    if (unary->fn >= UnaryFn::LogicalNot) return Array();
    return run(unary->name(), kernel_of(unary->fn, a.dtype()), x, a, inputs);
  }
  return Array();
}

}  // namespace fornax::cpu
