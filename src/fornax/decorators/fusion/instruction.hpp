#pragma once
// Operations as instructions.

#include <optional>

#include <fornax/ops/fused.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::fusion {

/// An operation on x, and on others, as an instruction without its arguments and dtype; none if it cannot wait. Divisions of Int
/// look for zeros among their divisors, so that they must run at the call.
std::optional<fused::Instruction> instruction_of(const Op& op, const Array& x, fused::Setting& setting);

/// The longest rows of which a program may hold whole ones: some of their values have to stay in the second cache.
inline constexpr std::int64_t kLongestRow = 1 << 14;

/// x as rows and columns of which one is reduced. False if it is not the last dims or the first ones that are reduced.
bool walk_of(const Shape& x, DimSet dims, fused::Walk& walk, std::int64_t& rows, std::int64_t& columns);

/// How long the instruction takes in the cache, beside an addition. Up to kMostCost, to compute a result again costs no more than to
/// write it to memory: a vectorised function with a little arithmetic around it.
int cost_of(const fused::Instruction& instruction);
inline constexpr int kMostCost = 15;

}  // namespace fornax::fusion
