#pragma once
// A program made ready for this machine: kernels chosen, registers given out. The same for all sizes and numbers.

#include <cstdint>
#include <string>
#include <vector>

#include <fornax/array/ref.hpp>
#include <fornax/cpu/fused/compiled/compiled.hpp>
#include <fornax/cpu/kernels/kernel.hpp>
#include <fornax/ops/fused.hpp>
#include <fornax/ops/reduce.hpp>

namespace fornax::cpu {

/// How a program reads an input.
enum class Source : std::uint8_t {
  Unused,
  Adjacent,  // where it lies
  Repeated,  // one element for all: a tile is filled with it once
  Gathered,  // through strides, into a tile
};

/// A place that tiles lie in: an input's (0, 1, ...), then an output's, then a register.
using Place = std::uint16_t;
inline constexpr Place kNowhere = 0xffff;

struct Step {
  fused::Code code;
  std::uint8_t fn;  // as the instruction has it
  ReduceFn reduce;
  fused::Walk walk;  // of a reduction
  Kernel kernel;     // null for Cast, reductions and what takes rows
  std::uint8_t count;
  DType from[3];   // as what the arguments are stored
  DType dtype;     // as what the result is
  bool widens;     // 16-bit floats are computed in f32
  Place x[3];      // arguments
  Place y;         // result
  Place streamed;  // the output that the result is then written to, past the caches; else kNowhere
  std::uint16_t setting;
  std::uint16_t output;      // of a reduction
  std::uint16_t vectors[2];  // of NormGrad: the outputs that are the gradients of weight and bias, or kNowhere
};

struct Plan : Counted {
  std::vector<Step> steps;
  std::size_t inputs = 0, outputs = 0, registers = 0;
  std::vector<bool> expected;  // inputs to ask for ahead of time
  std::size_t width = 1;       // bytes of a register's element
  bool widens = false;         // some step does
  std::int64_t tile = 0;       // elements; a multiple of every reduction's block
  std::int64_t rows = 1;       // of whole rows: a task begins at multiples of so many
  std::int64_t range = 0;      // elements that one task has at least; a multiple of every reduction's range
  CompiledOnDemand compiled;
};

/// The kernel of an elementwise instruction on arguments of this dtype; null for casts and for all others.
Kernel kernel_for(const fused::Instruction& i, DType argument);

/// The plan for a program, from a cache of the latest ones, or made.
Ref<const Plan> plan_for(const fused::Program& program, const std::vector<Source>& sources,
                         const std::vector<bool>& streamed);

/// How many plans the cache holds, and how many it holds at most.
std::size_t cached_plans();
inline constexpr std::size_t kMostPlans = 256;

}  // namespace fornax::cpu
