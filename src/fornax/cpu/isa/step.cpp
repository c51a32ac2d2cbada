#include <fornax/cpu/isa/step.hpp>

#include <cmath>

namespace fornax::cpu::FORNAX_ISA {

namespace {

template <class T> void sgd(const op::SgdStep& op, void* ws, const void* gs, void* vs, std::int64_t n) {
  T* __restrict const w = static_cast<T*>(ws);
  const T* __restrict const g = static_cast<const T*>(gs);
  T* __restrict const v = static_cast<T*>(vs);
  const T rate = static_cast<T>(-op.rate), momentum = static_cast<T>(op.momentum), share = static_cast<T>(op.share);
  if (op.nesterov) {
    for (std::int64_t i = 0; i < n; ++i) {
      v[i] = v[i] * momentum + g[i] * share;
      w[i] += (g[i] + v[i] * momentum) * rate;
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      v[i] = v[i] * momentum + g[i] * share;
      w[i] += v[i] * rate;
    }
  }
}

template <class T> void adam(const op::AdamStep& op, void* ws, const void* gs, void* ms, void* vs, std::int64_t n) {
  T* __restrict const w = static_cast<T*>(ws);
  const T* __restrict const g = static_cast<const T*>(gs);
  T* __restrict const m = static_cast<T*>(ms);
  T* __restrict const v = static_cast<T*>(vs);
  const T rate = static_cast<T>(-op.rate), eps = static_cast<T>(op.eps);
  const T keep1 = static_cast<T>(op.beta1), share1 = static_cast<T>(1 - op.beta1);
  const T keep2 = static_cast<T>(op.beta2), share2 = static_cast<T>(1 - op.beta2);
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] = m[i] * keep1 + g[i] * share1;
    v[i] = v[i] * keep2 + g[i] * g[i] * share2;
    w[i] += m[i] / (std::sqrt(v[i]) + eps) * rate;
  }
}

template <class T> constexpr StepKernels kSteps{sgd<T>, adam<T>};

}  // namespace

const StepKernels& step_kernels(DType type);
const StepKernels& step_kernels(DType type) { return type == DType::F64 ? kSteps<double> : kSteps<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
