#pragma once
// The inputs of one run of a program: in which order it walks through them, and how it reads each.

#include <cstddef>
#include <vector>

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/fused/plan.hpp>

namespace fornax::cpu {

/// An input, its dims in the order in which the program walks through them.
struct Input {
  const std::byte* data = nullptr;
  Strides strides{};
  Source source = Source::Unused;
  bool same_rows = false;  // of a walk through whole rows: all of them are one
};

/// The order of the dims in which a program without reductions walks: that in which an operation's result would lie in
/// memory (elementwise_result), so that pictures with adjacent channels stay so.
DimOrder order_of(const fused::Call& call);

Input input_of(const fused::Call& call, const Array& x, const DimOrder& order);

/// Which input's buffer each result may take: one that nobody else holds and that no later instruction reads.
std::vector<std::size_t> reused_inputs(const fused::Call& call, const std::vector<Source>& sources);

}  // namespace fornax::cpu
