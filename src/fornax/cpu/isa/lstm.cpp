#include <fornax/cpu/isa/lstm.hpp>

#include <algorithm>

#include <fornax/cpu/isa/panels.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

template <class T> std::int64_t packed_size(std::int64_t width) {
  return std::max(width * Panels<T>::padded(4 * width), 4 * width * Panels<T>::padded(width));
}
template <class T> std::int64_t scratch_size(std::int64_t width, std::int64_t rows) {
  return rows * (Panels<T>::padded(4 * width) + 2 * Panels<T>::padded(width));
}

template <class T> void pack_forward(const void* weight, std::int64_t width, void* packed) {
  const auto* w = static_cast<const T*>(weight);
  Panels<T>::pack(
      width, 4 * width, [&](std::int64_t k, std::int64_t j) { return w[j * width + k]; }, static_cast<T*>(packed));
}
template <class T> void pack_backward(const void* weight, std::int64_t width, void* packed) {
  const auto* w = static_cast<const T*>(weight);
  Panels<T>::pack(
      4 * width, width, [&](std::int64_t k, std::int64_t j) { return w[k * width + j]; }, static_cast<T*>(packed));
}

template <class T>
void cell_forward(std::int64_t n, const T* __restrict sums, const T* __restrict c_before, T* __restrict c,
                  T* __restrict h, T* __restrict gates) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T in = math::sigmoid(sums[j]), forget = math::sigmoid(sums[n + j]);
    const T fresh = tanh_of(sums[2 * n + j]), out = math::sigmoid(sums[3 * n + j]);
    c[j] = forget * c_before[j] + in * fresh;
    h[j] = out * tanh_of(c[j]);
    gates[j] = in, gates[n + j] = forget, gates[2 * n + j] = fresh, gates[3 * n + j] = out;
  }
}

template <class T>
void forward(const SequenceShape& s, const LstmForward& at, std::int64_t first, std::int64_t rows, void* memory) {
  const auto *x = static_cast<const T*>(at.x), *weight = static_cast<const T*>(at.weight);
  auto *h = static_cast<T*>(at.h), *c = static_cast<T*>(at.c), *gates = static_cast<T*>(at.gates);
  const std::int64_t n = s.width, step = Panels<T>::padded(4 * n);
  auto* sums = static_cast<T*>(memory);
  const T *h_before = static_cast<const T*>(at.h0) + first * n, *c_before = static_cast<const T*>(at.c0) + first * n;
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const std::int64_t row = (s.reverse ? s.steps - 1 - i : i) * s.batch + first;
    for (std::int64_t r = 0; r < rows; ++r) {
      std::copy_n(x + (row + r) * 4 * n, 4 * n, sums + r * step);
      std::fill(sums + r * step + 4 * n, sums + (r + 1) * step, T(0));
    }
    Panels<T>::add({h_before, n, 1}, weight, sums, rows, 4 * n, n);
    for (std::int64_t r = 0; r < rows; ++r)
      cell_forward<T>(n, sums + r * step, c_before + r * n, c + (row + r) * n, h + (row + r) * n,
                      gates + (row + r) * 4 * n);
    h_before = h + row * n, c_before = c + row * n;
  }
}

/// One row of one step back: from dh and dc behind the step to dx, and dc before it. gc and ggates may be null.
template <class T>
void cell_backward(std::int64_t n, const T* __restrict gates, const T* __restrict c_before, const T* __restrict c,
                   const T* __restrict gh, const T* gc, const T* ggates, const T* __restrict dh, T* __restrict dc,
                   T* __restrict dx) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T in = gates[j], fresh = gates[2 * n + j], out = gates[3 * n + j];
    const T turned = tanh_of(c[j]), h = dh[j] + gh[j];
    const T d = dc[j] + h * out * (T(1) - turned * turned);
    dx[j] = d * fresh, dx[n + j] = d * c_before[j], dx[2 * n + j] = d * in, dx[3 * n + j] = h * turned;
    dc[j] = d;
  }
  if (gc) {
    for (std::int64_t j = 0; j < n; ++j) {
      dx[j] += gc[j] * gates[2 * n + j], dx[n + j] += gc[j] * c_before[j], dx[2 * n + j] += gc[j] * gates[j];
      dc[j] += gc[j];
    }
  }
  if (ggates)
    for (std::int64_t j = 0; j < 4 * n; ++j) dx[j] += ggates[j];
  for (std::int64_t j = 0; j < n; ++j) {
    const T in = gates[j], forget = gates[n + j], fresh = gates[2 * n + j], out = gates[3 * n + j];
    dx[j] *= in * (T(1) - in), dx[n + j] *= forget * (T(1) - forget);
    dx[2 * n + j] *= T(1) - fresh * fresh, dx[3 * n + j] *= out * (T(1) - out);
    dc[j] *= forget;
  }
}

template <class T>
void backward(const SequenceShape& s, const LstmBackward& at, std::int64_t first, std::int64_t rows, void* memory) {
  const auto *c = static_cast<const T*>(at.c), *gates = static_cast<const T*>(at.gates);
  const auto *gh = static_cast<const T*>(at.gh), *gc = static_cast<const T*>(at.gc);
  const auto* ggates = static_cast<const T*>(at.ggates);
  auto* dx = static_cast<T*>(at.dx);
  const std::int64_t n = s.width, step = Panels<T>::padded(n);
  T *const dh = static_cast<T*>(memory), *const dc = static_cast<T*>(at.dc0) + first * n;
  std::fill_n(dh, rows * step, T(0));
  std::fill_n(dc, rows * n, T(0));
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const auto [row, c_before] = StepBack<T>(s, i, first, c, at.c0);
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t state = (row + r) * n, gate = 4 * state;
      cell_backward<T>(n, gates + gate, c_before + r * n, c + state, gh + state, gc ? gc + state : nullptr,
                       ggates ? ggates + gate : nullptr, dh + r * step, dc + r * n, dx + gate);
    }
    std::fill_n(dh, rows * step, T(0));
    Panels<T>::add({dx + row * 4 * n, 4 * n, 1}, static_cast<const T*>(at.weight), dh, rows, n, 4 * n);
  }
  for (std::int64_t r = 0; r < rows; ++r) std::copy_n(dh + r * step, n, static_cast<T*>(at.dh0) + (first + r) * n);
}

template <class T>
constexpr LstmKernels kLstm{packed_size<T>,   scratch_size<T>, pack_forward<T>,
                            pack_backward<T>, forward<T>,      backward<T>};

}  // namespace

const LstmKernels& lstm_kernels(DType type);
const LstmKernels& lstm_kernels(DType type) { return type == DType::F64 ? kLstm<double> : kLstm<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
