#include <algorithm>
#include <cmath>

#include <fornax/cpu/kernels/arithmetic.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

namespace {

template <class To, class T, auto f>
void loop(std::byte* out, const std::byte* const* in, std::int64_t n, const void*) {
  auto* y = reinterpret_cast<To*>(out);
  const auto* a = reinterpret_cast<const T*>(in[0]);
  const auto* b = reinterpret_cast<const T*>(in[1]);
  for (std::int64_t i = 0; i < n; ++i) y[i] = f(a[i], b[i]);
}

template <class T> Kernel comparison(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Equal: return loop<bool, T, [](T a, T b) { return a == b; }>;
    case BinaryFn::NotEqual: return loop<bool, T, [](T a, T b) { return a != b; }>;
    case BinaryFn::Less: return loop<bool, T, [](T a, T b) { return a < b; }>;
    case BinaryFn::LessEqual: return loop<bool, T, [](T a, T b) { return a <= b; }>;
    case BinaryFn::Greater: return loop<bool, T, [](T a, T b) { return (a > b); }>;
    case BinaryFn::GreaterEqual: return loop<bool, T, [](T a, T b) { return (a >= b); }>;
    default: return nullptr;
  }
}

template <class T> Kernel arithmetic(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Add: return loop<T, T, add<T>>;
    case BinaryFn::Sub: return loop<T, T, sub<T>>;
    case BinaryFn::Mul: return loop<T, T, mul<T>>;
    case BinaryFn::Div: return loop<T, T, div<T>>;
    case BinaryFn::Pow: return loop<T, T, power<T>>;
    case BinaryFn::Remainder: return loop<T, T, remainder<T>>;
    case BinaryFn::Fmod: return loop<T, T, fmod<T>>;
    case BinaryFn::Maximum: return loop<T, T, maximum<T>>;
    case BinaryFn::Minimum: return loop<T, T, minimum<T>>;
    case BinaryFn::FloorDiv: return loop<T, T, floor_div<T>>;
    case BinaryFn::TruncDiv: return loop<T, T, trunc_div<T>>;
    default: return comparison<T>(fn);
  }
}

template <class T> Kernel float_kernel(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Atan2: return loop<T, T, [](T a, T b) { return std::atan2(a, b); }>;
    case BinaryFn::Hypot: return loop<T, T, [](T a, T b) { return std::hypot(a, b); }>;
    case BinaryFn::Copysign: return loop<T, T, [](T a, T b) { return std::copysign(a, b); }>;
    default: return arithmetic<T>(fn);
  }
}

template <class T> Kernel int_kernel(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::And: return loop<T, T, [](T a, T b) { return static_cast<T>(a & b); }>;
    case BinaryFn::Or: return loop<T, T, [](T a, T b) { return static_cast<T>(a | b); }>;
    case BinaryFn::Xor: return loop<T, T, [](T a, T b) { return static_cast<T>(a ^ b); }>;
    case BinaryFn::ShiftLeft: return loop<T, T, shift_left<T>>;
    case BinaryFn::ShiftRight: return loop<T, T, shift_right<T>>;
    case BinaryFn::Gcd: return loop<T, T, gcd<T>>;
    default: return arithmetic<T>(fn);
  }
}

Kernel bool_kernel(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::And: return loop<bool, bool, [](bool a, bool b) { return a && b; }>;
    case BinaryFn::Or: return loop<bool, bool, [](bool a, bool b) { return a || b; }>;
    case BinaryFn::Xor: return loop<bool, bool, [](bool a, bool b) { return a != b; }>;
    default: return comparison<bool>(fn);
  }
}

bool divides(BinaryFn fn) {
  return fn == BinaryFn::Div || fn == BinaryFn::FloorDiv || fn == BinaryFn::TruncDiv || fn == BinaryFn::Remainder ||
         fn == BinaryFn::Fmod;
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
    case DType::F64: return float_kernel<double>(fn);
    case DType::F32: return float_kernel<float>(fn);
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
  const Array y = cpu_result(op.name(), spec, inputs);
  run_elementwise(kernel_of(op.fn, compute_type(x[0].dtype)), y, x);
  return y;
}

}  // namespace fornax::cpu
