#pragma once
// Recurrent networks over a sequence, for some rows of the batch: rows do not see each other, so threads share them out.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

struct SequenceShape {
  std::int64_t steps, batch, width;
  bool reverse;
};

template <class Forward, class Backward> struct SequenceKernels {
  /// Elements that a weight takes when packed, and that `forward` or `backward` need as scratch for `rows` rows.
  std::int64_t (*packed_size)(std::int64_t width);
  std::int64_t (*scratch_size)(std::int64_t width, std::int64_t rows);
  void (*pack_forward)(const void* weight, std::int64_t width, void* packed);
  void (*pack_backward)(const void* weight, std::int64_t width, void* packed);
  /// For the rows [first, first + rows) of the batch.
  void (*forward)(const SequenceShape&, const Forward&, std::int64_t first, std::int64_t rows, void* scratch);
  void (*backward)(const SequenceShape&, const Backward&, std::int64_t first, std::int64_t rows, void* scratch);
};

}  // namespace fornax::cpu
