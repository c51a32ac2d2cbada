#pragma once
// From operations on vectors to instructions: which operands stay in memory, and which register each result lives in.

#include <cstddef>
#include <optional>
#include <vector>

#include <fornax/cpu/fused/compiled/vector_code.hpp>

namespace fornax::cpu {

/// An operand of an instruction: the result of another one, or a leaf that it reads from memory.
struct MachineOperand {
  bool in_memory = false;
  VectorFn leaf = VectorFn::Constant;
  std::uint32_t immediate = 0;  // of a leaf
  std::uint16_t from = 0;       // the instruction that gives it
  std::uint16_t register_ = 0;  // where
};

/// Fn, with registers. A leaf as an instruction loads it into a register.
struct MachineOp {
  VectorFn fn;
  MachineOperand x[3];
  std::uint32_t immediate;
  std::uint16_t register_ = 0;  // of a mask for those that give masks
  VectorId origin;              // the operation that it was made for
};

/// The instructions for all that is stored; nothing else.
std::vector<MachineOp> select_instructions(const VectorCode& code);

/// The same, each shortly before its result is wanted, so that independent chains run side by side: a processor looks only so
/// far ahead for what it can begin. All loads come before all stores, which may go to the same memory.
std::vector<MachineOp> interleaved(const std::vector<MachineOp>& ops);

/// Gives each instruction its registers. If these do not suffice: the operation at which they ran out.
std::optional<VectorId> assign_registers(std::vector<MachineOp>& ops, std::size_t vectors, std::size_t masks);

/// A leaf that stays in a register throughout.
struct ResidentLeaf {
  VectorFn fn;
  std::uint32_t immediate;
  std::uint16_t register_;
};

/// The leaves that instructions read from memory most often, as many as the registers from `first` to `end` hold: each read of
/// memory takes a turn of its own beside the arithmetic.
std::vector<ResidentLeaf> resident_leaves(const std::vector<MachineOp>& ops, std::size_t first, std::size_t end);

}  // namespace fornax::cpu
