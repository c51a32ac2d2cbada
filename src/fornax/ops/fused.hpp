#pragma once
// Programs: elementwise operations in sequence, with reductions at their ends, that run as one pass over memory. What the
// decorator Fusion hands to a backend. A program is no operation of the index: whatever differentiates or batches stands
// outside of Fusion and has done its work before.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <fornax/ops/rule.hpp>
#include <fornax/ops/select.hpp>

namespace fornax::fused {

enum class Code : std::uint8_t {
  Unary,
  Slope,
  Binary,
  WithScalar,
  Where,
  Clamp,
  Cast,
  Reduce,
  // Of whole rows, which are the last dim.
  Softmax,
  Norm,            // GroupNorm with one group: rows, then weight and bias, inputs that repeat for every row
  NormGrad,        // dx of GroupNormGrad: rows, cotangent, then the weight
  NormVectorGrad,  // the gradient of the weight (fn 0) or of the bias (fn 1); its argument is a NormGrad
};

/// Whether nothing in the program reads the result, which has a shape of its own.
constexpr bool is_end(Code code) { return code == Code::Reduce || code == Code::NormVectorGrad; }
constexpr bool takes_rows(Code code) { return code >= Code::Softmax; }
/// Whether `setting` is the number of a Setting. Of Reduce it is its Walk.
constexpr bool has_setting(Code code) {
  return code == Code::WithScalar || code == Code::Clamp || code == Code::Norm || code == Code::NormGrad;
}

/// The number of an instruction, or kInput + the number of an input.
using Value = std::uint16_t;
inline constexpr Value kInput = 0x8000;

/// A result from one to three values. All but those of ends have the program's shape.
struct Instruction {
  Code code = Code::Unary;
  std::uint8_t fn = 0;  // UnaryFn (of Slope too), BinaryFn, ScalarFn or ReduceFn; log of Softmax, centred of Norm
  DType dtype = DType::F32;
  std::uint8_t count = 1;  // of the arguments
  std::array<Value, 3> arguments{};
  std::uint16_t setting = 0;
};

/// The number beside an array, the eps of a norm, or the bounds of a clamp. Not part of a program, which is the same for all numbers.
struct Setting {
  Scalar number;
  op::Clamp clamp;
};

/// How a program walks through its elements, seen as rows and columns.
enum class Walk : std::uint8_t {
  Elements,   // no reduction
  Rows,       // reductions to a result for each row
  Columns,    // reductions to a result for each column
  WholeRows,  // a row at a time, which stays in the cache while several instructions pass over it; any of the above
};

/// Instructions in an order in which each comes after its arguments.
struct Program {
  std::vector<DType> inputs;
  std::vector<Instruction> code;
  std::vector<Value> outputs;  // instructions
  Walk walk = Walk::Elements;
};

/// One run of a program.
struct Call {
  const Program& program;
  Shape shape;                    // of the elementwise values
  std::int64_t rows, columns;     // what the walk takes this shape for
  std::span<const Array> inputs;  // of that shape; an input that no instruction reads may be empty
  std::span<const Setting> settings;
  std::span<const Spec> results;  // one for each output
  bool row_major;                 // how all of these must lie in memory; else as the backend likes
};

}  // namespace fornax::fused
