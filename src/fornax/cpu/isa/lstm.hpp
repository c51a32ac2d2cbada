#pragma once
// An LSTM over a sequence.

#include <fornax/cpu/isa/sequence.hpp>

namespace fornax::cpu {

struct LstmForward {
  const void *x, *weight, *h0, *c0;  // weight as pack_forward wrote it
  void *h, *c, *gates;
};
struct LstmBackward {
  const void *weight, *c0, *c, *gates, *gh, *gc,
      *ggates;  // weight as pack_backward wrote it; gc and ggates may be null
  void *dx, *dh0, *dc0;
};

using LstmKernels = SequenceKernels<LstmForward, LstmBackward>;

/// For f32 or f64.
const LstmKernels& lstm_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
