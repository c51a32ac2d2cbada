#include <fornax/cpu/isa/step.hpp>

#include <cmath>

namespace fornax::cpu::FORNAX_ISA {

namespace {

/// f(gradient, weight), functions that take weight decay into account; most often there is none.
template <class T, class F> void with_decay(double l2, double shrink, const F& f) {
  const T more = static_cast<T>(l2), factor = static_cast<T>(shrink);
  if (l2 == 0 && shrink == 1) return f([](T g, T) { return g; }, [](T w) { return w; });
  if (l2 == 0) return f([](T g, T) { return g; }, [=](T w) { return w * factor; });
  f([=](T g, T w) { return g + w * more; }, [=](T w) { return w * factor; });
}

template <class T> void sgd(const op::SgdStep& op, void* ws, const void* gs, void* vs, std::int64_t n) {
  T* __restrict const w = static_cast<T*>(ws);
  const T* __restrict const g = static_cast<const T*>(gs);
  T* __restrict const v = static_cast<T*>(vs);
  const T rate = static_cast<T>(-op.rate), momentum = static_cast<T>(op.momentum), share = static_cast<T>(op.share);
  with_decay<T>(op.l2, op.shrink, [&](auto gradient, auto weight) {
    if (!v) {
      for (std::int64_t i = 0; i < n; ++i) w[i] = weight(w[i]) + gradient(g[i], w[i]) * rate;
    } else if (op.nesterov) {
      for (std::int64_t i = 0; i < n; ++i) {
        const T down = gradient(g[i], w[i]);
        v[i] = v[i] * momentum + down * share;
        w[i] = weight(w[i]) + (down + v[i] * momentum) * rate;
      }
    } else {
      for (std::int64_t i = 0; i < n; ++i) {
        v[i] = v[i] * momentum + gradient(g[i], w[i]) * share;
        w[i] = weight(w[i]) + v[i] * rate;
      }
    }
  });
}

template <class T> void adam(const op::AdamStep& op, void* ws, const void* gs, void* ms, void* vs, std::int64_t n) {
  T* __restrict const w = static_cast<T*>(ws);
  const T* __restrict const g = static_cast<const T*>(gs);
  T* __restrict const m = static_cast<T*>(ms);
  T* __restrict const v = static_cast<T*>(vs);
  const T rate = static_cast<T>(-op.rate), eps = static_cast<T>(op.eps);
  const T keep1 = static_cast<T>(op.beta1), share1 = static_cast<T>(1 - op.beta1);
  const T keep2 = static_cast<T>(op.beta2), share2 = static_cast<T>(1 - op.beta2);
  with_decay<T>(op.l2, op.shrink, [&](auto gradient, auto weight) {
    for (std::int64_t i = 0; i < n; ++i) {
      const T down = gradient(g[i], w[i]);
      m[i] = m[i] * keep1 + down * share1;
      v[i] = v[i] * keep2 + down * down * share2;
      w[i] = weight(w[i]) + m[i] / (std::sqrt(v[i]) + eps) * rate;
    }
  });
}

template <class T> constexpr StepKernels kSteps{sgd<T>, adam<T>};

}  // namespace

const StepKernels& step_kernels(DType type);
const StepKernels& step_kernels(DType type) { return type == DType::F64 ? kSteps<double> : kSteps<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
