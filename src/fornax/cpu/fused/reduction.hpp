#pragma once
// Reductions at the end of a fused program: they receive the elements tile by tile and join them in the order of
// kernels/fold.hpp, so that a result has the bits of a reduction of the whole array.

#include <memory>

#include <fornax/cpu/cpu.hpp>
#include <fornax/ops/fused.hpp>
#include <fornax/ops/reduce.hpp>

namespace fornax::cpu {

/// The most columns that a worker begins with.
inline constexpr std::int64_t kMostColumns = 512;

class Reduction {
 public:
  virtual ~Reduction() = default;
  /// The worker begins with columns [column, column + width), all rows of which it will bring. Columns only.
  virtual void begin(int, std::int64_t, std::int64_t) {}
  /// n elements from (row, column) on: of one row, or whole rows (of the columns that the worker began with).
  virtual void tile(int worker, const std::byte* x, std::int64_t row, std::int64_t column, std::int64_t n) = 0;
  /// The worker has brought all rows.
  virtual void end(int) {}
  /// All workers are done.
  virtual void finish() {}
};

/// A reduction into y of the rows or the columns of `call`, by that many workers.
std::unique_ptr<Reduction> make_reduction(const fused::Call& call, ReduceFn fn, fused::Walk walk, const Array& y,
                                          int workers);

/// How elements must come: tiles within a row begin at multiples of `block`, tasks at multiples of `range`; in a walk of whole
/// rows, tasks begin at rows that are multiples of `block`.
struct Grain {
  std::int64_t block, range;
};
Grain grain_of(ReduceFn fn, DType type);

}  // namespace fornax::cpu
