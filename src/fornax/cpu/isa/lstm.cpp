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
  Panels<T>::pack(static_cast<const T*>(weight), 1, width, width, 4 * width, static_cast<T*>(packed));
}
template <class T> void pack_backward(const void* weight, std::int64_t width, void* packed) {
  Panels<T>::pack(static_cast<const T*>(weight), width, 1, 4 * width, width, static_cast<T*>(packed));
}

/// One row of one step: what the gates see is the sum of x and of what they recall.
template <class T>
void cell_forward(std::int64_t n, const T* __restrict x, const T* __restrict recalled, const T* __restrict c_before,
                  T* __restrict c, T* __restrict h, T* __restrict gates) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T in = math::sigmoid(x[j] + recalled[j]), forget = math::sigmoid(x[n + j] + recalled[n + j]);
    const T fresh = tanh_of(x[2 * n + j] + recalled[2 * n + j]),
            out = math::sigmoid(x[3 * n + j] + recalled[3 * n + j]);
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
  auto* recalled = static_cast<T*>(memory);
  const T *h_before = static_cast<const T*>(at.h0) + first * n, *c_before = static_cast<const T*>(at.c0) + first * n;
  for (std::int64_t i = 0; i < s.steps; ++i) {
    const std::int64_t row = (s.reverse ? s.steps - 1 - i : i) * s.batch + first;
    Panels<T>::add({h_before, n, 1}, weight, recalled, rows, 4 * n, n, true);
    for (std::int64_t r = 0; r < rows; ++r)
      cell_forward<T>(n, x + (row + r) * 4 * n, recalled + r * step, c_before + r * n, c + (row + r) * n,
                      h + (row + r) * n, gates + (row + r) * 4 * n);
    h_before = h + row * n, c_before = c + row * n;
  }
}

/// One row of one step back: from dh and dc behind the step to dx, and dc before it. Only with `of_gates` are there ggates.
template <bool of_gates, class T>
void cell_backward(std::int64_t n, const T* __restrict gates, const T* __restrict c_before, const T* __restrict c,
                   const T* __restrict gh, const T* __restrict ggates, const T* __restrict dh, T* __restrict dc,
                   T* __restrict dx) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T in = gates[j], forget = gates[n + j], fresh = gates[2 * n + j], out = gates[3 * n + j];
    const T turned = tanh_of(c[j]), h = dh[j] + gh[j];
    const T d = dc[j] + h * out * (T(1) - turned * turned);
    T slopes[] = {d * fresh, d * c_before[j], d * in, h * turned};
    if constexpr (of_gates)
      for (int i = 0; i < 4; ++i) slopes[i] += ggates[i * n + j];
    dx[j] = slopes[0] * (in * (T(1) - in)), dx[n + j] = slopes[1] * (forget * (T(1) - forget));
    dx[2 * n + j] = slopes[2] * (T(1) - fresh * fresh), dx[3 * n + j] = slopes[3] * (out * (T(1) - out));
    dc[j] = d * forget;
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
      T* const of_c = dc + r * n;
      for (std::int64_t j = 0; gc && j < n; ++j) of_c[j] += gc[state + j];
      const auto cell = ggates ? cell_backward<true, T> : cell_backward<false, T>;
      cell(n, gates + gate, c_before + r * n, c + state, gh + state, ggates + (ggates ? gate : 0), dh + r * step, of_c,
           dx + gate);
    }
    Panels<T>::add({dx + row * 4 * n, 4 * n, 1}, static_cast<const T*>(at.weight), dh, rows, n, 4 * n, true);
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
