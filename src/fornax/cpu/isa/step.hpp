#pragma once
// Steps of optimizers on adjacent f32 or f64 elements, in place. The same bits as the separate operations give.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/ops/step.hpp>

namespace fornax::cpu {

struct StepKernels {
  void (*sgd)(const op::SgdStep&, void* w, const void* g, void* v, std::int64_t n);  // v is null without momentum
  void (*adam)(const op::AdamStep&, void* w, const void* g, void* m, void* v, std::int64_t n);
};

/// For f32 or f64.
const StepKernels& step_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
