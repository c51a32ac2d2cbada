#include <fornax/cpu/isa/columns.hpp>

#include <fornax/cpu/isa/vec.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

using Size = std::int64_t;

// Elements are read as vectors, or one by one at the end of a row.
template <class T> struct Wide {
  static constexpr Size step = kLanes<T>;
  using Value = Vec<T>;
  static Value at(const T* p) { return load(p); }
  static void put(T* p, Value v) { store<T>(p, v); }
  static void add_to(double* sums, Value v) {
    T lanes[step];
    store<T>(lanes, v);
    for (Size i = 0; i < step; ++i) sums[i] += static_cast<double>(lanes[i]);
  }
};
template <class T> struct Single {
  static constexpr Size step = 1;
  using Value = T;
  static Value at(const T* p) { return *p; }
  static void put(T* p, Value v) { *p = v; }
  static void add_to(double* sums, Value v) { *sums += static_cast<double>(v); }
};

constexpr Size kRows = 64;  // that are summed up in T before they join the total in double

/// f(reader, offset of an element, its channel, sums of this channel) for each element of a strip of columns.
template <class Reader, int Outputs, int Strip, class F>
FORNAX_INLINE void sum_strip(Size rows, Size channels, Size c, double* const* totals, const F& f) {
  for (Size start = 0; start < rows; start += kRows) {
    const Size end = start + kRows < rows ? start + kRows : rows;
    typename Reader::Value sums[Strip][Outputs] = {};
    for (Size r = start; r < end; ++r)
      for (int k = 0; k < Strip; ++k) f(Reader(), r * channels + c + k * Reader::step, c + k * Reader::step, sums[k]);
    for (int k = 0; k < Strip; ++k)
      for (int o = 0; o < Outputs; ++o) Reader::add_to(totals[o] + c + k * Reader::step, sums[k][o]);
  }
}

template <class T, int Outputs, class F>
FORNAX_INLINE void sum_columns(Size rows, Size channels, double* const* totals, const F& f) {
  constexpr Size lanes = kLanes<T>;
  Size c = 0;
  for (; c + 4 * lanes <= channels; c += 4 * lanes) sum_strip<Wide<T>, Outputs, 4>(rows, channels, c, totals, f);
  for (; c + lanes <= channels; c += lanes) sum_strip<Wide<T>, Outputs, 1>(rows, channels, c, totals, f);
  for (; c < channels; ++c) sum_strip<Single<T>, Outputs, 1>(rows, channels, c, totals, f);
}

template <class T> void sums(Size rows, Size channels, const void* from, const void* means, double* totals) {
  const auto *x = static_cast<const T*>(from), *mean = static_cast<const T*>(means);
  if (mean) {
    sum_columns<T, 1>(rows, channels, &totals, [=](auto reader, Size i, Size c, auto* sum) {
      const auto d = reader.at(x + i) - reader.at(mean + c);
      sum[0] += d * d;
    });
  } else {
    sum_columns<T, 1>(rows, channels, &totals,
                      [=](auto reader, Size i, Size, auto* sum) { sum[0] += reader.at(x + i); });
  }
}

template <class T>
void products(Size rows, Size channels, const void* from, const void* means, const void* cotangent, double* plain,
              double* along) {
  const auto *x = static_cast<const T*>(from), *mean = static_cast<const T*>(means),
             *g = static_cast<const T*>(cotangent);
  double* const totals[] = {plain, along};
  sum_columns<T, 2>(rows, channels, totals, [=](auto reader, Size i, Size c, auto* sum) {
    const auto u = reader.at(g + i);
    sum[0] += u;
    sum[1] += u * (reader.at(x + i) - reader.at(mean + c));
  });
}

template <class T>
void gate(Size rows, Size channels, const void* cotangent, const void* result, void* out, double* totals) {
  const auto *g = static_cast<const T*>(cotangent), *y = static_cast<const T*>(result);
  auto* to = static_cast<T*>(out);
  sum_columns<T, 1>(rows, channels, &totals, [=](auto reader, Size i, Size, auto* sum) {
    const typename decltype(reader)::Value zero{}, v = reader.at(y + i) > zero ? reader.at(g + i) : zero;
    reader.put(to + i, v);
    sum[0] += v;
  });
}

template <class T>
void forward(Size rows, Size channels, const void* from, const void* means, const void* scales, const void* biases,
             void* to) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  for (Size r = 0; r < rows; ++r, x += channels, y += channels)
    map_over<T>(
        channels, y, [](auto v, auto m, auto s, auto b) { return (v - m) * s + b; }, x, static_cast<const T*>(means),
        static_cast<const T*>(scales), static_cast<const T*>(biases));
}

template <class T>
void backward(Size rows, Size channels, const void* from, const void* means, const void* cotangent, const void* plain,
              const void* along, const void* scales, void* to) {
  const auto *x = static_cast<const T*>(from), *g = static_cast<const T*>(cotangent);
  auto* dx = static_cast<T*>(to);
  for (Size r = 0; r < rows; ++r, x += channels, g += channels, dx += channels)
    map_over<T>(
        channels, dx, [](auto u, auto v, auto m, auto p, auto a, auto s) { return (u - p - (v - m) * a) * s; }, g, x,
        static_cast<const T*>(means), static_cast<const T*>(plain), static_cast<const T*>(along),
        static_cast<const T*>(scales));
}

template <class T> constexpr ColumnKernels kColumns{sums<T>, products<T>, gate<T>, forward<T>, backward<T>};

}  // namespace

const ColumnKernels& column_kernels(DType type);
const ColumnKernels& column_kernels(DType type) { return type == DType::F64 ? kColumns<double> : kColumns<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
