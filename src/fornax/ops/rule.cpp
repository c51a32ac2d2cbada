#include <fornax/ops/rule.hpp>

#include <cstdio>

#include <fornax/array/autocast.hpp>
#include <fornax/ops/functions.hpp>

namespace fornax {

namespace {

[[noreturn]] void wrong_dtype(std::string_view op, const Array& x, std::string_view wanted) {
  throw DTypeError(op, std::string("takes ").append(wanted).append(" elements, got ").append(name(x.dtype())));
}

}  // namespace

std::string Scalar::str() const {
  if (kind == Kind::Bool) return integer ? "true" : "false";
  if (kind == Kind::Int) return std::to_string(integer);
  char text[40];
  std::snprintf(text, sizeof text, "%g", real);
  return text;
}

void throw_undefined(std::string_view op) {
  throw ValueError(op, "an operand is empty: it was moved from, or never given a value");
}

void require_inputs(std::string_view op, Operands x, std::size_t count) {
  if (x.size() != count)
    throw ValueError(op, "needs " + std::to_string(count) + " inputs, got " + std::to_string(x.size()));
}
void require_float(std::string_view op, const Array& x) {
  if (!is_float(x.dtype())) wrong_dtype(op, x, "float");
}
void require_numeric(std::string_view op, const Array& x) {
  if (x.dtype() == DType::Bool) wrong_dtype(op, x, "float or int");
}
void require_int(std::string_view op, const Array& x) {
  if (!is_int(x.dtype())) wrong_dtype(op, x, "int");
}
void require_bool(std::string_view op, const Array& x) {
  if (x.dtype() != DType::Bool) wrong_dtype(op, x, "bool");
}
void require_same_type(std::string_view op, const Array& a, const Array& b) {
  // Before an operation runs, an Autocast may still make the dtypes one.
  const bool settled = a.dtype() == b.dtype() || (detail::autocasts() && is_float(a.dtype()) && is_float(b.dtype()));
  if (!settled)
    throw DTypeError(op, std::string("dtypes differ: lhs ")
                             .append(name(a.dtype()))
                             .append(", rhs ")
                             .append(name(b.dtype()))
                             .append("; cast() one of them"));
  if (!(a.device() == b.device())) throw DeviceError(op, "operands live on different devices; to_device() moves one");
}
void require_same_shape(std::string_view op, const Array& a, const Array& b) {
  if (!(a.shape() == b.shape())) throw ShapeError(op, "shapes differ: " + a.shape().str() + " and " + b.shape().str());
}

Array BatchedInputs::all(std::size_t i) const {
  return batched[i] ? x[i] : broadcast_to(x[i], x[i].shape().inserted(0, size));
}

}  // namespace fornax
