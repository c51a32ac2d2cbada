#pragma once
// Gated recurrent units over a sequence.

#include <fornax/cpu/isa/sequence.hpp>

namespace fornax::cpu {

struct GruForward {
  const void *x, *weight, *bias, *h0;  // weight as pack_forward wrote it
  void *h, *gates;
  bool reset_after;
};
struct GruBackward {
  const void *weight, *h0, *h, *gates, *gh, *ggates;  // weight as pack_backward wrote it; ggates may be null
  void *dx, *dh0, *ds;                                // ds is dx unless reset_after
  bool reset_after;
};

using GruKernels = SequenceKernels<GruForward, GruBackward>;

/// For f32 or f64.
const GruKernels& gru_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
