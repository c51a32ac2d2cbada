#pragma once
// Steps of a program that take whole rows: softmax and norms, by the kernels of the operations themselves.

#include <memory>
#include <vector>

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/fused/plan.hpp>
#include <fornax/cpu/kernels/norm_sums.hpp>

namespace fornax::cpu {

class RowStep {
 public:
  virtual ~RowStep() = default;
  /// y of `count` rows from `row` on; x as the instruction's arguments, of which vectors are there once for the first row.
  virtual void tile(int worker, std::byte* y, const std::byte* const* x, std::int64_t row, std::int64_t count) = 0;
  /// The numbers of one row, at most kNumbers, where the rest of the step is compiled (row_formula).
  virtual void numbers(int, float*, const std::byte* const*, std::int64_t) {}
  /// All workers are done.
  virtual void finish() {}
};

/// Those of a plan in order, for one run by that many workers, of whose tiles none has more than that many rows; results that
/// are not rows go to `results`.
std::vector<std::unique_ptr<RowStep>> make_row_steps(const fused::Call& call, const Plan& plan, const Arrays& results,
                                                     int workers, std::int64_t rows_of_tile);

}  // namespace fornax::cpu
