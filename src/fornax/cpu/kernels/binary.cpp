#include <algorithm>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/binary_loops.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

namespace {

template <class T> Kernel int_kernel(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::And: return pair_loop<T, T, [](T a, T b) { return static_cast<T>(a & b); }>;
    case BinaryFn::Or: return pair_loop<T, T, [](T a, T b) { return static_cast<T>(a | b); }>;
    case BinaryFn::Xor: return pair_loop<T, T, [](T a, T b) { return static_cast<T>(a ^ b); }>;
    case BinaryFn::ShiftLeft: return pair_loop<T, T, shift_left<T>>;
    case BinaryFn::ShiftRight: return pair_loop<T, T, shift_right<T>>;
    case BinaryFn::Gcd: return pair_loop<T, T, gcd<T>>;
    default: return arithmetic<T>(fn);
  }
}

Kernel bool_kernel(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::And: return pair_loop<bool, bool, [](bool a, bool b) { return a && b; }>;
    case BinaryFn::Or: return pair_loop<bool, bool, [](bool a, bool b) { return a || b; }>;
    case BinaryFn::Xor: return pair_loop<bool, bool, [](bool a, bool b) { return a != b; }>;
    default: return comparison<bool>(fn);
  }
}

void refuse_zero_divisors(std::string_view operation, const Array& b) {
  const std::size_t size = size_of(b.dtype());
  for_each_run<1>(b.shape(), {dense(b).data}, {&dense(b).strides}, {size},
                  [&](const auto& at, const auto& step, std::int64_t n) {
                    constexpr std::byte zero[8] = {};
                    for (std::int64_t i = 0; i < n; ++i)
                      if (std::equal(zero, zero + size, at[0] + i * step[0]))
                        throw ValueError(operation, "integer division by zero");
                  });
}

}  // namespace

Kernel kernel_of(BinaryFn fn, DType type) {
  switch (type) {
    case DType::F64:
    case DType::F32: return float_kernel(fn, type, isa());
    case DType::I64: return int_kernel<std::int64_t>(fn);
    case DType::I32: return int_kernel<std::int32_t>(fn);
    case DType::I16: return int_kernel<std::int16_t>(fn);
    case DType::I8: return int_kernel<std::int8_t>(fn);
    case DType::U8: return int_kernel<std::uint8_t>(fn);
    case DType::Bool: return bool_kernel(fn);
    default: return nullptr;
  }
}

Array execute(const op::Binary& op, const Spec& spec, Operands inputs) {
  if (divides(op.fn) && is_int(inputs[1]->dtype())) refuse_zero_divisors(op.name(), inputs[1].array());
  const View x[2] = {View(inputs[0].array()), View(inputs[1].array())};
  const Array y = elementwise_result(op.name(), spec, inputs);
  run_elementwise(kernel_of(op.fn, compute_type(x[0].dtype)), y, x);
  return y;
}

}  // namespace fornax::cpu
