#pragma once
// What a compiled program does to 16 elements: operations on vectors of f32 and on masks, each with one result, in an order
// in which every one comes after its operands. What is computed twice is there once.

#include <bit>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace fornax::cpu {

enum class VectorFn : std::uint8_t {
  // What can stand as an operand in memory: the bits of an element, and a number that each run brings along.
  Constant,
  Number,
  // From and to places, by their position among those of the segment. Stream goes past the caches; Expect asks for what lies
  // further on there.
  Load,
  LoadBool,
  Store,
  StoreBool,
  Stream,
  Expect,
  // Vectors. Min and Max give the second operand if one is NaN or both are equal, as the instructions do.
  Add,
  Sub,
  Mul,
  Div,
  Min,
  Max,
  And,
  Or,
  Xor,
  AddInt,
  SubInt,
  Scale,   // a 2^b
  Fma,     // a b + c
  NegFma,  // c - a b
  Sqrt,
  Round,       // immediate: 0 to even, 1 down, 2 up, 3 toward zero
  ShiftLeft,   // by the immediate
  ShiftRight,  // of signed integers
  FromInt,
  Choose,  // where mask a, b; else c
  // Masks.
  HasSign,
  Compare,  // immediate: the predicate of vcmpps
  MaskAnd,
  MaskOr,
  MaskXor,
};

constexpr bool is_leaf(VectorFn fn) { return fn <= VectorFn::Number; }
constexpr bool is_load(VectorFn fn) { return fn == VectorFn::Load || fn == VectorFn::LoadBool; }
/// What is there for more than its result.
constexpr bool is_store(VectorFn fn) { return fn >= VectorFn::Store && fn <= VectorFn::Expect; }
constexpr bool gives_mask(VectorFn fn) { return fn >= VectorFn::HasSign || fn == VectorFn::LoadBool; }
constexpr int operands_of(VectorFn fn) {
  if (is_leaf(fn) || is_load(fn) || fn == VectorFn::Expect) return 0;
  if (fn == VectorFn::Fma || fn == VectorFn::NegFma || fn == VectorFn::Choose) return 3;
  const bool of_one = (fn >= VectorFn::Sqrt && fn <= VectorFn::FromInt) || fn == VectorFn::HasSign;
  return is_store(fn) || of_one ? 1 : 2;
}

/// The number of an operation, which stands for its result.
using VectorId = std::uint16_t;

struct VectorOp {
  VectorFn fn;
  VectorId x[3];
  std::uint32_t immediate;  // bits, a place, the number's index, or as said above
};

class VectorCode {
 public:
  VectorId add(VectorFn fn, std::uint32_t immediate, VectorId a = 0, VectorId b = 0, VectorId c = 0) {
    const auto next = static_cast<VectorId>(ops_.size());
    if (!is_store(fn)) {
      const auto [at, fresh] = known_.try_emplace({fn, immediate, a, b, c}, next);
      if (!fresh) return at->second;
    }
    ops_.push_back({fn, {a, b, c}, immediate});
    return next;
  }
  const std::vector<VectorOp>& ops() const { return ops_; }

 private:
  std::vector<VectorOp> ops_;
  std::map<std::tuple<VectorFn, std::uint32_t, VectorId, VectorId, VectorId>, VectorId> known_;
};

/// A result in formulas, which are written as those of isa/math.hpp are.
struct Vector {
  static constexpr std::uint32_t kSign = 0x80000000U;

  VectorCode* code;
  VectorId id;

  Vector with(VectorFn fn, Vector b, std::uint32_t immediate = 0) const {
    return {code, code->add(fn, immediate, id, b.id)};
  }
  Vector of(VectorFn fn, std::uint32_t immediate = 0) const { return {code, code->add(fn, immediate, id)}; }
  Vector number(float value) const { return bits(std::bit_cast<std::uint32_t>(value)); }
  Vector bits(std::uint32_t value) const { return {code, code->add(VectorFn::Constant, value)}; }

  friend Vector operator+(Vector a, Vector b) { return a.with(VectorFn::Add, b); }
  friend Vector operator-(Vector a, Vector b) { return a.with(VectorFn::Sub, b); }
  friend Vector operator*(Vector a, Vector b) { return a.with(VectorFn::Mul, b); }
  friend Vector operator/(Vector a, Vector b) { return a.with(VectorFn::Div, b); }
  friend Vector operator+(Vector a, float b) { return a + a.number(b); }
  friend Vector operator-(Vector a, float b) { return a - a.number(b); }
  friend Vector operator*(Vector a, float b) { return a * a.number(b); }
  friend Vector operator+(float a, Vector b) { return b.number(a) + b; }
  friend Vector operator-(float a, Vector b) { return b.number(a) - b; }
  friend Vector operator*(float a, Vector b) { return b.number(a) * b; }
  friend Vector operator/(float a, Vector b) { return b.number(a) / b; }
  friend Vector operator-(Vector a) { return a ^ kSign; }
  friend Vector operator&(Vector a, std::uint32_t b) { return a.with(VectorFn::And, a.bits(b)); }
  friend Vector operator^(Vector a, std::uint32_t b) { return a.with(VectorFn::Xor, a.bits(b)); }
  friend Vector operator|(Vector a, Vector b) { return a.with(VectorFn::Or, b); }

  // Comparisons give masks; false with a NaN, but for `!=`.
  friend Vector operator==(Vector a, Vector b) { return a.with(VectorFn::Compare, b, 0); }
  friend Vector operator<(Vector a, Vector b) { return a.with(VectorFn::Compare, b, 17); }
  friend Vector operator<=(Vector a, Vector b) { return a.with(VectorFn::Compare, b, 18); }
  friend Vector operator!=(Vector a, Vector b) { return a.with(VectorFn::Compare, b, 4); }
  friend Vector operator>=(Vector a, Vector b) { return a.with(VectorFn::Compare, b, 29); }
  friend Vector operator>(Vector a, Vector b) { return a.with(VectorFn::Compare, b, 30); }
  friend Vector operator<(Vector a, float b) { return a < a.number(b); }
  friend Vector operator<=(Vector a, float b) { return a <= a.number(b); }
  friend Vector operator!=(Vector a, float b) { return a != a.number(b); }
  friend Vector operator>=(Vector a, float b) { return a >= a.number(b); }
  friend Vector operator>(Vector a, float b) { return a > a.number(b); }
};

inline Vector choose(Vector mask, Vector a, Vector b) {
  return {a.code, a.code->add(VectorFn::Choose, 0, mask.id, a.id, b.id)};
}
inline Vector choose(Vector mask, Vector a, float b) { return choose(mask, a, a.number(b)); }
inline Vector fma(Vector a, Vector b, Vector c) { return {a.code, a.code->add(VectorFn::Fma, 0, a.id, b.id, c.id)}; }
inline Vector fma(Vector a, Vector b, float c) { return fma(a, b, a.number(c)); }
inline Vector fma(Vector a, float b, Vector c) { return fma(a, a.number(b), c); }
inline Vector fma(Vector a, float b, float c) { return fma(a, a.number(b), a.number(c)); }
inline Vector negative_fma(Vector a, Vector b, Vector c) {
  return {a.code, a.code->add(VectorFn::NegFma, 0, a.id, b.id, c.id)};
}
inline Vector rounding_of(Vector product, Vector a, Vector b) { return negative_fma(a, b, product); }
inline Vector rounding_of(Vector product, Vector a, float b) { return rounding_of(product, a, a.number(b)); }
inline Vector magnitude(Vector x) { return x & ~Vector::kSign; }
/// Of an x that is not negative.
inline Vector with_sign_of(Vector x, Vector sign) { return x | (sign & Vector::kSign); }
inline Vector has_sign(Vector x) { return x.of(VectorFn::HasSign); }
/// A NaN stays.
inline Vector at_least(Vector x, Vector low) { return low.with(VectorFn::Max, x); }
inline Vector at_most(Vector x, Vector high) { return high.with(VectorFn::Min, x); }
inline Vector at_least(Vector x, float low) { return at_least(x, x.number(low)); }
inline Vector at_most(Vector x, float high) { return at_most(x, x.number(high)); }

}  // namespace fornax::cpu
