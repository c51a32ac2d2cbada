#pragma once
// The vocabulary that every operation's page is written in.

#include <cstdint>
#include <string_view>
#include <vector>

#include <fornax/array/array.hpp>
#include <fornax/array/error.hpp>
#include <fornax/array/ref.hpp>
#include <fornax/ops/scalar.hpp>

namespace fornax {

/// What a shape rule promises of a result.
struct Spec {
  Shape shape;
  DType dtype;
  Device device = {};
};

/// Which inputs a gradient is wanted for.
class Wanted {
 public:
  void set(std::size_t input) { bits_ |= input < 63 ? std::uint64_t{1} << input : kRest; }
  bool operator[](std::size_t input) const { return (bits_ & (input < 63 ? std::uint64_t{1} << input : kRest)) != 0; }

 private:
  static constexpr std::uint64_t kRest = std::uint64_t{1} << 63;  // inputs from the 64th on share one bit
  std::uint64_t bits_ = 0;
};

/// What backward keeps of an operation. An input that is not kept reaches the rule as a shell (shape and dtype only)
/// if its bit is in `shells`, else as an empty Array.
struct Keep {
  // One word: as three bytes it would be put together on the stack, and every caller up the visit would wait for it.
  std::uint32_t inputs : 8 = 0;  // bit i: the value of input i
  std::uint32_t shells : 8 = 0;  // bit i: the shape and dtype of input i; bit 7 stands for every later input too
  std::uint32_t output : 1 = 0;

  static constexpr Keep nothing() { return {}; }
  static constexpr Keep only_output() { return {0, 0, true}; }
  static constexpr Keep only_shells() { return {0, 0xff, false}; }
};

/// An input for the property tests: shape, dtype, and the interval that values are drawn from. Integer intervals are
/// half-open. `apart` keeps the drawn values of one input at least that far from each other and from zero, so that no
/// tie or kink lies within a finite-difference step.
struct SampleInput {
  Shape shape;
  DType dtype = DType::F64;
  double low = -2, high = 2;
  double apart = 0;
};

template <class T>
struct SampleOf {
  T op;
  std::vector<SampleInput> inputs;
};
/// Cases on which the property tests run an operation.
template <class T>
using SamplesOf = std::vector<SampleOf<T>>;

/// Settings too bulky to travel inside an operation.
template <class T>
struct Box : Counted, T {
  explicit Box(T value) : T(std::move(value)) {}
};

[[noreturn]] void throw_undefined(std::string_view op);

// Checks shared by the shape rules; each throws an error that names the operation.
inline void require_defined(std::string_view op, const Operand& x) {
  if (!x->defined()) [[unlikely]]
    throw_undefined(op);
}
void require_inputs(std::string_view op, Operands x, std::size_t count);
void require_float(std::string_view op, const Array& x);
void require_numeric(std::string_view op, const Array& x);
void require_int(std::string_view op, const Array& x);
void require_bool(std::string_view op, const Array& x);
/// Equal dtype and device.
void require_same_type(std::string_view op, const Array& a, const Array& b);
void require_same_shape(std::string_view op, const Array& a, const Array& b);

}  // namespace fornax
