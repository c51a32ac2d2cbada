#include <fornax/cpu/isa/gru.hpp>

#include <fornax/cpu/isa/panels.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

// The weight is packed in two parts, that of the gates r and z and that of the new state, which may see another factor.

template <class T> std::int64_t packed_size(std::int64_t n) {
  return n * std::max(Panels<T>::padded(2 * n) + Panels<T>::padded(n), 3 * Panels<T>::padded(n));
}
template <class T> std::int64_t scratch_size(std::int64_t n, std::int64_t rows) {
  return rows * (Panels<T>::padded(2 * n) + Panels<T>::padded(n) + n);
}

template <class T> void pack_forward(const void* weight, std::int64_t n, void* packed) {
  const auto* w = static_cast<const T*>(weight);
  auto* to = static_cast<T*>(packed);
  Panels<T>::pack(w, 1, n, n, 2 * n, to);
  Panels<T>::pack(w + 2 * n * n, 1, n, n, n, to + n * Panels<T>::padded(2 * n));
}
template <class T> void pack_backward(const void* weight, std::int64_t n, void* packed) {
  const auto* w = static_cast<const T*>(weight);
  auto* to = static_cast<T*>(packed);
  Panels<T>::pack(w, n, 1, 2 * n, n, to);
  Panels<T>::pack(w + 2 * n * n, n, 1, n, n, to + 2 * n * Panels<T>::padded(n));
}

/// A part of one row of one step: sums become the gates r and z, and `recalled` what of h the new state sees.
template <class T>
void gates_forward(std::int64_t n, const T* __restrict sums, const T* __restrict h, T* __restrict gates,
                   T* __restrict recalled) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T r = math::sigmoid(sums[j]);
    gates[j] = r, gates[n + j] = math::sigmoid(sums[n + j]);
    recalled[j] = r * h[j];
  }
}

/// The rest of the row, for the mapped state s of the new state.
template <class T>
void state_forward(std::int64_t n, const T* __restrict x, const T* __restrict s, const T* __restrict h_before,
                   T* __restrict gates, T* __restrict h, bool reset_after) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T z = gates[n + j], fresh = tanh_of(x[j] + (reset_after ? gates[j] * s[j] : s[j]));
    gates[2 * n + j] = fresh;
    h[j] = (T(1) - z) * fresh + z * h_before[j];
  }
  if (reset_after) std::copy_n(s, n, gates + 3 * n);
}

template <class T>
void forward(const SequenceShape& s, const GruForward& at, std::int64_t first, std::int64_t rows, void* memory) {
  const std::int64_t n = s.width, kept = at.reset_after ? 4 * n : 3 * n;
  const std::int64_t gate_step = Panels<T>::padded(2 * n), state_step = Panels<T>::padded(n);
  const auto *x = static_cast<const T*>(at.x), *bias = static_cast<const T*>(at.bias);
  const auto *of_gates = static_cast<const T*>(at.weight), *of_state = of_gates + n * gate_step;
  auto *h = static_cast<T*>(at.h), *gates = static_cast<T*>(at.gates);
  auto* sums = static_cast<T*>(memory);
  T *const mapped = sums + rows * gate_step, *const recalled = mapped + rows * state_step;
  const T* h_before = static_cast<const T*>(at.h0) + first * n;
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const std::int64_t row = (s.reverse ? s.steps - 1 - i : i) * s.batch + first;
    for (std::int64_t r = 0; r < rows; ++r) {
      T *const sum = sums + r * gate_step, *const state = mapped + r * state_step;
      const T* const of_x = x + (row + r) * 3 * n;
      for (std::int64_t j = 0; j < 2 * n; ++j) sum[j] = of_x[j] + bias[j];
      std::fill(sum + 2 * n, sum + gate_step, T(0));
      std::copy_n(bias + 2 * n, n, state);
      std::fill(state + n, state + state_step, T(0));
    }
    Panels<T>::add({h_before, n, 1}, of_gates, sums, rows, 2 * n, n);
    for (std::int64_t r = 0; r < rows; ++r)
      gates_forward<T>(n, sums + r * gate_step, h_before + r * n, gates + (row + r) * kept, recalled + r * n);
    Panels<T>::add({at.reset_after ? h_before : recalled, n, 1}, of_state, mapped, rows, n, n);
    for (std::int64_t r = 0; r < rows; ++r)
      state_forward<T>(n, x + (row + r) * 3 * n + 2 * n, mapped + r * state_step, h_before + r * n,
                       gates + (row + r) * kept, h + (row + r) * n, at.reset_after);
    h_before = h + row * n;
  }
}

/// One row of one step: from dh behind the step to the slopes of z and n and, if reset_after, of r and s_n; dh becomes what
/// reaches the state before directly.
template <class T>
void slopes_of_state(std::int64_t n, const T* __restrict gates, const T* __restrict h_before, const T* __restrict gh,
                     const T* ggates, T* __restrict dh, T* __restrict dx, T* ds, bool reset_after) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T z = gates[n + j], fresh = gates[2 * n + j], d = dh[j] + gh[j];
    dx[n + j] = d * (h_before[j] - fresh), dx[2 * n + j] = d * (T(1) - z);
    dh[j] = d * z;
  }
  if (ggates)
    for (std::int64_t j = n; j < 3 * n; ++j) dx[j] += ggates[j];
  for (std::int64_t j = 0; j < n; ++j) {
    const T z = gates[n + j], fresh = gates[2 * n + j];
    dx[n + j] *= z * (T(1) - z), dx[2 * n + j] *= T(1) - fresh * fresh;
  }
  if (!reset_after) return;
  for (std::int64_t j = 0; j < n; ++j) {
    const T r = gates[j], fresh = dx[2 * n + j];
    ds[2 * n + j] = fresh * r + (ggates ? ggates[3 * n + j] : T(0));
    dx[j] = (fresh * gates[3 * n + j] + (ggates ? ggates[j] : T(0))) * (r * (T(1) - r));
  }
  std::copy_n(dx, 2 * n, ds);
}

/// For the gate that acts on the state itself: `back` is the slope of r h.
template <class T>
void slopes_of_reset(std::int64_t n, const T* __restrict gates, const T* __restrict h_before, const T* ggates,
                     const T* __restrict back, T* __restrict dh, T* __restrict dx) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T r = gates[j];
    dx[j] = (back[j] * h_before[j] + (ggates ? ggates[j] : T(0))) * (r * (T(1) - r));
    dh[j] += back[j] * r;
  }
}

template <class T>
void backward(const SequenceShape& s, const GruBackward& at, std::int64_t first, std::int64_t rows, void* memory) {
  const std::int64_t n = s.width, kept = at.reset_after ? 4 * n : 3 * n, step = Panels<T>::padded(n);
  const auto *h = static_cast<const T*>(at.h), *gates = static_cast<const T*>(at.gates);
  const auto *gh = static_cast<const T*>(at.gh), *ggates = static_cast<const T*>(at.ggates);
  const auto *of_gates = static_cast<const T*>(at.weight), *of_state = of_gates + 2 * n * step;
  auto *dx = static_cast<T*>(at.dx), *ds = static_cast<T*>(at.ds);
  T *const dh = static_cast<T*>(memory), *const back = dh + rows * step;
  std::fill_n(dh, rows * step, T(0));
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const auto [row, h_before] = StepBack<T>(s, i, first, h, at.h0);
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t part = (row + r) * 3 * n;
      slopes_of_state<T>(n, gates + (row + r) * kept, h_before + r * n, gh + (row + r) * n,
                         ggates ? ggates + (row + r) * kept : nullptr, dh + r * step, dx + part, ds + part,
                         at.reset_after);
    }
    const T* const slopes = ds + row * 3 * n;
    if (at.reset_after) {
      Panels<T>::add({slopes + 2 * n, 3 * n, 1}, of_state, dh, rows, n, n);
    } else {
      Panels<T>::add({slopes + 2 * n, 3 * n, 1}, of_state, back, rows, n, n, true);
      for (std::int64_t r = 0; r < rows; ++r)
        slopes_of_reset<T>(n, gates + (row + r) * kept, h_before + r * n, ggates ? ggates + (row + r) * kept : nullptr,
                           back + r * step, dh + r * step, dx + (row + r) * 3 * n);
    }
    Panels<T>::add({slopes, 3 * n, 1}, of_gates, dh, rows, n, 2 * n);
  }
  for (std::int64_t r = 0; r < rows; ++r) std::copy_n(dh + r * step, n, static_cast<T*>(at.dh0) + (first + r) * n);
}

template <class T>
constexpr GruKernels kGru{packed_size<T>, scratch_size<T>, pack_forward<T>, pack_backward<T>, forward<T>, backward<T>};

}  // namespace

const GruKernels& gru_kernels(DType type);
const GruKernels& gru_kernels(DType type) { return type == DType::F64 ? kGru<double> : kGru<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
