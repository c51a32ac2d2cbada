#pragma once
// The vocabulary that every operation's page is written in.

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
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

/// What the shape rule of an operation with several results promises, one Spec for each.
using Specs = SmallVector<Spec, 3>;

/// Spec, or Specs if the operation T has several results: `infer` decides.
template <class T> using SpecOf = decltype(std::declval<const T&>().infer(Operands()));
/// Such an operation's `vjp` takes all results, and a cotangent for each, empty where none reached that result.
template <class T> inline constexpr bool has_many_results = std::is_same_v<SpecOf<T>, Specs>;
/// What a backend's `execute` returns for the operation T.
template <class T> using ResultOf = std::conditional_t<has_many_results<T>, Arrays, Array>;

/// Which inputs a gradient is wanted for.
class Wanted {
 public:
  void set(std::size_t input) { bits_ |= input < 63 ? std::uint64_t{1} << input : kRest; }
  static constexpr Wanted all() {
    Wanted w;
    w.bits_ = ~std::uint64_t{0};
    return w;
  }
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
  std::uint32_t output : 1 = 0;  // every result

  static constexpr Keep nothing() { return {}; }
  static constexpr Keep only_output() { return {0, 0, true}; }
  static constexpr Keep only_shells() { return {0, 0xff, false}; }
};

/// What the matrices in the last two dims of a property test's input are, beyond the interval of their elements.
enum class Structure : std::uint8_t {
  None,
  Dominant,   // 2 + 1.5 i is added to the i-th diagonal element: well conditioned, singular values apart
  Symmetric,  // the same, made symmetric: eigenvalues apart, and positive if the elements are small
};

/// How an operation runs on inputs that carry a batch dim in front.
enum class Batching : std::uint8_t {
  Leading,  // as it is, once all inputs have the batch dim: it takes any leading dims, or works elementwise
  NextDim,  // likewise, with its setting `dim` moved one on
};

/// What an operation does with the dtypes of its Float inputs while an Autocast lives. Without the setting `casting`, or the
/// function, it takes them as they are.
enum class Casting : std::uint8_t {
  AsGiven,
  Low,     // f32 is cast to the Autocast's dtype: the operation takes its time from products
  Full,    // 16 bits are cast to f32: the result would suffer
  Widest,  // all are cast to the widest of them
};

/// What a batching rule receives. The batch dim of inputs that have one is dim 0; its result has one too.
struct BatchedInputs {
  Arrays x;
  Wanted batched;     // inputs that have the batch dim
  std::int64_t size;  // of the batch dim

  /// Input i with a batch dim: a repeating view if it had none.
  Array all(std::size_t i) const;
  /// The rank of input i without the batch dim.
  int rank(std::size_t i) const { return x[i].rank() - (batched[i] ? 1 : 0); }
};

/// An input for the property tests: shape, dtype, and the interval that values are drawn from. Integer intervals are
/// half-open. `apart` keeps the drawn values of one input at least that far from each other and from zero, so that no
/// tie or kink lies within a finite-difference step.
struct SampleInput {
  Shape shape;
  DType dtype = DType::F64;
  double low = -2, high = 2;
  double apart = 0;
  Structure structure = Structure::None;
  bool wide = false;  // f32 beside inputs of 16 bits
};

template <class T> struct SampleOf {
  T op;
  std::vector<SampleInput> inputs;
};
/// Cases on which the property tests run an operation.
template <class T> using SamplesOf = std::vector<SampleOf<T>>;

/// Settings too bulky to travel inside an operation.
template <class T> struct Box : Counted, T {
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
