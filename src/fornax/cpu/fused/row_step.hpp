#pragma once
// Steps of a program that take whole rows: softmax and norms, by the kernels of the operations themselves.

#include <memory>

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/fused/plan.hpp>
#include <fornax/cpu/kernels/norm_sums.hpp>

namespace fornax::cpu {

class RowStep {
 public:
  virtual ~RowStep() = default;
  /// y of `count` rows from `row` on; x as the instruction's arguments, of which vectors are there once for the first row.
  virtual void tile(int worker, std::byte* y, const std::byte* const* x, std::int64_t row, std::int64_t count) = 0;
  /// All workers are done.
  virtual void finish() {}
};

/// For one run, by that many workers; results that are not rows go to `results`.
std::unique_ptr<RowStep> make_row_step(const fused::Call& call, const Step& step, const Arrays& results, int workers);

}  // namespace fornax::cpu
