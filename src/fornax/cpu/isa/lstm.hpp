#pragma once
// An LSTM over a sequence, for some rows of the batch: rows do not see each other, so threads share them out.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

struct LstmShape {
  std::int64_t steps, batch, width;
  bool reverse;
};

struct LstmForward {
  const void *x, *weight, *h0, *c0;  // weight as pack_forward wrote it
  void *h, *c, *gates;
};
struct LstmBackward {
  const void *weight, *c0, *c, *gates, *gh, *gc,
      *ggates;  // weight as pack_backward wrote it; gc and ggates may be null
  void *dx, *dh0, *dc0;
};

struct LstmKernels {
  /// Elements that a weight [4H, H] takes when packed, and that `forward` or `backward` need as scratch for `rows` rows.
  std::int64_t (*packed_size)(std::int64_t width);
  std::int64_t (*scratch_size)(std::int64_t width, std::int64_t rows);
  void (*pack_forward)(const void* weight, std::int64_t width, void* packed);
  void (*pack_backward)(const void* weight, std::int64_t width, void* packed);
  /// For the rows [first, first + rows) of the batch.
  void (*forward)(const LstmShape&, const LstmForward&, std::int64_t first, std::int64_t rows, void* scratch);
  void (*backward)(const LstmShape&, const LstmBackward&, std::int64_t first, std::int64_t rows, void* scratch);
};

/// For f32 or f64.
const LstmKernels& lstm_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
