#include <fornax/decorators/fusion/instruction.hpp>

namespace fornax::fusion {

using fused::Code;
using fused::Instruction;
using fused::Setting;
using fused::Walk;

std::optional<Instruction> instruction_of(const Op& op, const Array& x, Setting& setting) {
  const auto made = [](Code code, auto fn, std::uint8_t count) {
    return Instruction{.code = code, .fn = static_cast<std::uint8_t>(fn), .count = count};
  };
  if (const auto* binary = std::get_if<op::Binary>(&op)) {
    if (is_int(x.dtype()) && divides(binary->fn)) return {};
    return made(Code::Binary, binary->fn, 2);
  }
  if (const auto* unary = std::get_if<op::Unary>(&op)) return made(Code::Unary, unary->fn, 1);
  if (const auto* slope = std::get_if<op::Slope>(&op)) return made(Code::Slope, slope->fn, 2);
  if (const auto* scalar = std::get_if<op::WithScalar>(&op)) {
    if (is_int(x.dtype()) && scalar->fn == ScalarFn::Rdiv) return {};
    setting.number = scalar->scalar;
    return made(Code::WithScalar, scalar->fn, 1);
  }
  if (std::holds_alternative<op::Where>(op)) return made(Code::Where, 0, 3);
  if (const auto* clamp = std::get_if<op::Clamp>(&op)) {
    setting.clamp = *clamp;
    return made(Code::Clamp, 0, 1);
  }
  if (std::holds_alternative<op::Cast>(op)) return made(Code::Cast, 0, 1);
  if (const auto* reduce = std::get_if<op::Reduce>(&op)) return made(Code::Reduce, reduce->fn, 1);
  // Of rows, in the type that they are computed in.
  if (x.rank() == 0 || (x.dtype() != DType::F32 && x.dtype() != DType::F64)) return {};
  if (x.shape()[x.rank() - 1] > kLongestRow) return {};
  if (const auto* softmax = std::get_if<op::Softmax>(&op)) {
    if (softmax->dim != x.rank() - 1 && softmax->dim != -1) return {};
    return made(Code::Softmax, softmax->log, 1);
  }
  if (const auto* norm = std::get_if<op::GroupNorm>(&op)) {
    if (norm->groups != 1 || x.rank() != 2) return {};
    setting.number = norm->eps;
    return made(Code::Norm, norm->centred, static_cast<std::uint8_t>(1 + norm->vectors));
  }
  if (const auto* grad = std::get_if<op::GroupNormGrad>(&op)) {
    if (grad->groups != 1 || x.rank() != 2) return {};
    setting.number = grad->eps;
    return made(Code::NormGrad, grad->centred, grad->affine ? 3 : 2);
  }
  return {};
}

int cost_of(const Instruction& i) {
  constexpr int kSimple = 1, kFunction = 8, kDear = kMostCost + 1;
  switch (i.code) {
    case Code::Binary: return static_cast<BinaryFn>(i.fn) == BinaryFn::Pow ? kDear : kSimple;
    case Code::WithScalar: return kSimple;
    case Code::Where:
    case Code::Clamp:
    case Code::Cast: return kSimple;
    case Code::Unary:
    case Code::Slope: break;
    default: return kDear;
  }
  switch (static_cast<UnaryFn>(i.fn)) {
    case UnaryFn::Neg:
    case UnaryFn::Abs:
    case UnaryFn::Sign:
    case UnaryFn::Square:
    case UnaryFn::Sqrt:
    case UnaryFn::Rsqrt:
    case UnaryFn::Reciprocal:
    case UnaryFn::Relu:
    case UnaryFn::Floor:
    case UnaryFn::Ceil:
    case UnaryFn::Round:
    case UnaryFn::Trunc:
    case UnaryFn::LogicalNot:
    case UnaryFn::BitwiseNot: return kSimple;
    case UnaryFn::Exp:
    case UnaryFn::Log:
    case UnaryFn::Tanh:
    case UnaryFn::Erf:
    case UnaryFn::Sigmoid:
    case UnaryFn::Gelu:
    case UnaryFn::GeluTanh:
    case UnaryFn::Silu:
    case UnaryFn::Softplus: return i.dtype == DType::F32 ? kFunction : kDear;
    default: return kDear;
  }
}

bool walk_of(const Shape& x, DimSet dims, Walk& walk, std::int64_t& rows, std::int64_t& columns) {
  std::int64_t reduced = 1, kept = 1;
  int changes = 0;
  bool last = false, any = false;
  for (int d = 0; d < x.rank(); ++d) {
    if (x[d] == 1) continue;
    const bool here = dims.has(d);
    changes += any && here != last;
    any = true;
    last = here;
    (here ? reduced : kept) *= x[d];
  }
  if (reduced == 1 || changes > 1) return false;
  walk = last ? Walk::Rows : Walk::Columns;
  rows = last ? kept : reduced;
  columns = last ? reduced : kept;
  return true;
}

}  // namespace fornax::fusion
