#include <fornax/cpu/isa/rows.hpp>

#include <cmath>
#include <cstddef>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include <fornax/cpu/isa/vec.hpp>
#include <fornax/cpu/kernels/fold.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

template <ReduceFn fn, class T> double fold(const void* x, std::int64_t n) {
  return static_cast<double>(fold_row<Fold<fn, T>>(static_cast<const T*>(x), n));
}

// The sum of fold.hpp: the lanes of a block are so many vectors here.
template <class T> inline constexpr std::int64_t kSumVectors = Fold<ReduceFn::Sum, T>::lanes / kLanes<T>;

template <class T> FORNAX_INLINE T sum_of_vectors(Vec<T>* sums) {
  for (std::int64_t half = kSumVectors<T> / 2; half > 0; half /= 2)
    for (std::int64_t v = 0; v < half; ++v) sums[v] += sums[v + half];
  return sum_of_lanes<T>(sums[0]);
}

/// Of at most a block.
template <class T> FORNAX_INLINE T sum_of_block(const T* x, std::int64_t n) {
  constexpr std::int64_t vectors = kSumVectors<T>, lanes = kLanes<T>;
  Vec<T> sums[vectors] = {};
  std::int64_t i = 0;
  for (; i + vectors * lanes <= n; i += vectors * lanes)
    for (std::int64_t v = 0; v < vectors; ++v) sums[v] += load(x + i + v * lanes);
  for (std::int64_t v = 0; v < vectors && i < n; ++v, i += lanes)
    sums[v] += n - i < lanes ? load_first(x + i, n - i) : load(x + i);
  return sum_of_vectors<T>(sums);
}

/// total + a block + the block after it. Side by side, because each addition to a lane waits for the one before; to ask for elements
/// ahead of time costs more than it gains then.
template <class T> FORNAX_INLINE double add_two_blocks(double total, const T* x) {
  constexpr std::int64_t vectors = kSumVectors<T>, lanes = kLanes<T>, block = Fold<ReduceFn::Sum, T>::block;
  Vec<T> first[vectors] = {}, second[vectors] = {};
  for (std::int64_t i = 0; i < block; i += vectors * lanes)
    for (std::int64_t v = 0; v < vectors; ++v) {
      first[v] += load(x + i + v * lanes);
      second[v] += load(x + block + i + v * lanes);
    }
  total += static_cast<double>(sum_of_vectors<T>(first));
  return total + static_cast<double>(sum_of_vectors<T>(second));
}

template <class T> double add_blocks(double total, const void* from, std::int64_t n) {
  constexpr std::int64_t block = Fold<ReduceFn::Sum, T>::block;
  const auto* x = static_cast<const T*>(from);
  for (; n >= 2 * block; n -= 2 * block, x += 2 * block) total = add_two_blocks(total, x);
  if (n >= block) {
    total += static_cast<double>(sum_of_block(x, block));
    n -= block, x += block;
  }
  return n > 0 ? total + static_cast<double>(sum_of_block(x, n)) : total;
}

template <class T> double sum(const void* from, std::int64_t n) {
  constexpr std::int64_t range = Fold<ReduceFn::Sum, T>::range;
  const auto* x = static_cast<const T*>(from);
  double total = 0;
  for (; n > range; n -= range, x += range) total += add_blocks<T>(0, x, range);
  return n > 0 ? total + add_blocks<T>(0, x, n) : total;
}

template <class T>
void sum_each(const void* from, std::int64_t step, std::int64_t rows, std::int64_t n, double divisor, void* to) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  for (std::int64_t r = 0; r < rows; ++r, x += step) {
    const double total = sum<T>(x, n);
    y[r] = static_cast<T>(divisor == 1 ? total : total / divisor);
  }
}

template <class T> void add_row(void* sums, const void* x, std::int64_t n) {
  auto* to = static_cast<T*>(sums);
  map_over<T>(
      n, to, [](auto sum, auto v) { return sum + v; }, to, static_cast<const T*>(x));
}

// A prefetcher that a processor has follows rows one after the other, not a column down its rows: the ones that come are asked for.
constexpr std::int64_t kLanesOfSum = Fold<ReduceFn::Sum, float>::lanes, kRowsAhead = 4;

template <int V, class T> FORNAX_INLINE void sum_strip(T* to, const T* x, std::int64_t step, std::int64_t rows) {
  const std::int64_t apart = kLanesOfSum * step, in_lane = kRowsAhead * apart, in_next = in_lane - rows * apart + step;
  Vec<T> sums[V] = {};
  for (std::int64_t r = 0; r < rows; ++r, x += apart) {
    const std::int64_t ahead = r + kRowsAhead < rows ? in_lane : in_next;
    for (int v = 0; v < V; ++v) {
      expect(x, ahead + v * kLanes<T>);
      sums[v] += load(x + v * kLanes<T>);
    }
  }
  for (int v = 0; v < V; ++v) store<T>(to + v * kLanes<T>, sums[v]);
}

/// Columns i to n in strips of V vectors and less; one may begin among columns that are summed up already.
template <int V, class T>
FORNAX_INLINE void sum_strips(T* to, const T* x, std::int64_t step, std::int64_t rows, std::int64_t i, std::int64_t n) {
  constexpr std::int64_t width = V * kLanes<T>;
  for (; i + width <= n; i += width) sum_strip<V>(to + i, x + i, step, rows);
  if (i == n) return;
  if (n - i > width / 2 && n >= width) return sum_strip<V>(to + n - width, x + n - width, step, rows);
  if constexpr (V > 1) return sum_strips<V / 2>(to, x, step, rows, i, n);
  Vec<T> rest{};
  for (std::int64_t r = 0; r < rows; ++r) rest += load_first(x + r * kLanesOfSum * step + i, n - i);
  store_first<T>(to + i, rest, n - i);
}

template <class T>
void sum_lanes(void* sums, std::int64_t to_step, const void* from, std::int64_t step, std::int64_t rows,
               std::int64_t n) {
  auto* to = static_cast<T*>(sums);
  const auto* x = static_cast<const T*>(from);
  // As wide as registers allow: a memory gives more of a row at once.
  constexpr int kWide = kVectorBytes == 64 ? 16 : 8;
  const std::int64_t lanes = rows < kLanesOfSum ? rows : kLanesOfSum;
  for (std::int64_t l = 0; l < lanes; ++l, x += step, to += to_step)
    sum_strips<kWide>(to, x, step, (rows - l + kLanesOfSum - 1) / kLanesOfSum, 0, n);
}

/// Of kLanes<T> columns: to[c] += at(0) + at(1) + ..., in a tree.
template <class T, class At> FORNAX_INLINE void join_columns(At at, std::int64_t columns, double* to) {
  Vec<T> sums[kLanesOfSum];
#pragma GCC unroll 16
  for (std::int64_t l = 0; l < kLanesOfSum; ++l) sums[l] = at(l);
#pragma GCC unroll 4
  for (std::int64_t half = kLanesOfSum / 2; half > 0; half /= 2)
#pragma GCC unroll 8
    for (std::int64_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  T joined[kLanes<T>];
  store<T>(joined, sums[0]);
  for (std::int64_t c = 0; c < columns; ++c) to[c] += static_cast<double>(joined[c]);
}

template <class T>
void join_lanes(const void* lanes, std::int64_t step, std::int64_t used, std::int64_t n, double* to) {
  const auto* x = static_cast<const T*>(lanes);
  std::int64_t i = 0;
  if (used == kLanesOfSum)
    for (; i + kLanes<T> <= n; i += kLanes<T>)
      join_columns<T>([&](std::int64_t l) { return load(x + l * step + i); }, kLanes<T>, to + i);
  for (; i < n; i += kLanes<T>) {
    const std::int64_t left = n - i < kLanes<T> ? n - i : kLanes<T>;
    const auto at = [&](std::int64_t l) {
      if (l >= used) return Vec<T>{};
      return left < kLanes<T> ? load_first(x + l * step + i, left) : load(x + l * step + i);
    };
    join_columns<T>(at, left, to + i);
  }
}

// The largest element is subtracted before exp(), which overflows f32 above 88.7: softmax is shift-invariant. A NaN, which
// it skips, makes the sum one.

/// exp of x <= 0 or NaN: with log(2) in one part, which is off by 0.04 n units in the last place where the result is about
/// 2^-n. Beside the largest term, which is 1, that is nothing, and it saves a tenth of the time.
template <class V> FORNAX_INLINE V exp_below(V x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(x[0]) == 4) {
    constexpr __mmask16 all = 0xffff;
    const __m512 c = _mm512_maskz_max_ps(all, _mm512_set1_ps(-104.0F), x), round = _mm512_set1_ps(math::kRound);
    const __m512 n = _mm512_sub_ps(_mm512_fmadd_ps(c, _mm512_set1_ps(1.44269504F), round), round);
    const __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0.693147182F), c);
    return _mm512_maskz_scalef_ps(all, math::exp_of_rest(Singles{r}).v, n);
  }
#endif
  return exp(x);
}

/// y = exp(x - top), and its sum; y may be x.
template <class T> double exp_row(const T* x, T top, T* y, std::int64_t n) {
  return map_and_sum_over<T>(n, y, expecting(x, [top](auto v) { return exp_below(v - top); }), x);
}

/// The sum alone.
template <class T> double sum_of_exp(const T* x, T top, std::int64_t n) {
  return sum_over<T>(n, expecting(x, [top](auto v) { return exp_below(v - top); }), x);
}

template <class T> void scale_row(T* y, T factor, std::int64_t n) {
  map_over<T>(
      n, y, [factor](auto v) { return v * factor; }, y);
}

template <class T>
void keep_larger(const void* from, void* so_far, std::int32_t* __restrict at, std::int32_t place, std::int64_t n) {
  const auto* x = static_cast<const T*>(from);
  auto* __restrict best = static_cast<T*>(so_far);
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = x[i], before = best[i];
    const bool larger = (value > before) | (value != value);
    best[i] = larger ? value : before;
    at[i] = larger ? place : at[i];
  }
}

// `before`, or what is larger or NaN.
template <class V> FORNAX_INLINE auto wins(V value, V before) { return (value > before) | (value != value); }

template <class T> void largest(void* to, const void* const* rows, std::int64_t count, std::int64_t n) {
  const auto row = [=](std::int64_t k) { return static_cast<const T*>(rows[k]); };
  auto* y = static_cast<T*>(to);
  const auto best_of = [=](auto read) {
    auto best = read(row(0));
    for (std::int64_t k = 1; k < count; ++k) {
      const auto value = read(row(k));
      best = wins(value, best) ? value : best;
    }
    return best;
  };
  std::int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) store<T>(y + i, best_of([=](const T* x) { return load(x + i); }));
  if (i < n) store_first<T>(y + i, best_of([=](const T* x) { return load_first(x + i, n - i); }), n - i);
}

template <class T>
void to_largest(void* const* to, const void* const* rows, const void* cotangent, std::int64_t count, std::int64_t n,
                bool add) {
  using Place = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  const auto* g = static_cast<const T*>(cotangent);
  // `read` and `write` take whole vectors, or the end of a row.
  const auto spread = [=](auto read, auto write) {
    Vec<T> best = read(static_cast<const T*>(rows[0]));
    Vec<Place> place{};
    for (std::int64_t k = 1; k < count; ++k) {
      const auto value = read(static_cast<const T*>(rows[k]));
      const auto better = wins(value, best);
      best = better ? value : best;
      place = better ? Vec<Place>{} + static_cast<Place>(k) : place;
    }
    const auto share = read(g);
    for (std::int64_t k = 0; k < count; ++k) {
      auto* const x = static_cast<T*>(to[k]);
      const auto part = place == Vec<Place>{} + static_cast<Place>(k) ? share : Vec<T>{};
      write(x, add ? part + read(x) : part);
    }
  };
  std::int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>)
    spread([=](const T* x) { return load(x + i); }, [=](T* x, Vec<T> v) { store<T>(x + i, v); });
  if (i < n)
    spread([=](const T* x) { return load_first(x + i, n - i); },
           [=](T* x, Vec<T> v) { store_first<T>(x + i, v, n - i); });
}

template <class T> void softmax(const void* from, void* to, std::int64_t n, bool log) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  const T top = largest_of(x, n);
  if (log) {
    const T log_total = static_cast<T>(math::log(sum_of_exp(x, top, n)));
    map_over<T>(
        n, y, [=](auto v) { return v - top - log_total; }, x);
  } else {
    scale_row(y, static_cast<T>(1 / exp_row(x, top, y, n)), n);
  }
}

template <class T> LogSumExp log_sum_exp(const void* from, std::int64_t n) {
  const auto* x = static_cast<const T*>(from);
  const T top = largest_of(x, n);
  return {static_cast<double>(top), math::log(sum_of_exp(x, top, n))};
}

// A plain store of a result that no cache holds would first read what it overwrites. `to` lies at a multiple of a vector.
template <class T> FORNAX_INLINE void stream_vector(T* to, Vec<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    _mm512_stream_ps(to, v);
  else
    _mm512_stream_pd(to, v);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    _mm256_stream_ps(to, v);
  else
    _mm256_stream_pd(to, v);
#elif defined(__SSE2__)
  if constexpr (sizeof(T) == 4)
    _mm_stream_ps(to, v);
  else
    _mm_stream_pd(to, v);
#else
  store<T>(to, v);
#endif
}
/// Bytes up to the next multiple of a vector.
std::size_t before_vector(const void* to) {
  return (kVectorBytes - reinterpret_cast<std::uintptr_t>(to) % kVectorBytes) % kVectorBytes;
}

/// y = f(x), whole vectors as they lie in memory past the caches. What is stored plainly, a line that two rows share, is asked for,
/// because what comes after waits for it.
template <class T, class F> FORNAX_INLINE void stream_map(std::int64_t n, T* y, F f, const T* x) {
  constexpr std::int64_t lanes = kLanes<T>;
  const auto head = static_cast<std::int64_t>(before_vector(y) / sizeof(T)), begin = head < n ? head : n,
             end = begin + (n - begin) / lanes * lanes;
  if (end < n) __builtin_prefetch(y + end, 1);
  map_over<T>(begin, y, f, x);
  for (std::int64_t i = begin; i < end; i += lanes) stream_vector<T>(y + i, f(load(x + i)));
  map_over<T>(n - end, y + end, f, x + end);
}

template <class T>
LogSumExp softmax_slope(const void* from, void* to, std::int64_t n, double factor, std::int64_t at, void* room) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  auto* terms = room ? static_cast<T*>(room) : y;
  const T top = largest_of(x, n);
  const double sum = exp_row(x, top, terms, n);
  terms[at] = static_cast<T>(static_cast<double>(terms[at]) - sum);
  const T by = static_cast<T>(factor / sum);
  if (room)
    stream_map(
        n, y, [by](auto v) { return v * by; }, static_cast<const T*>(terms));
  else
    scale_row(y, by, n);
  return {static_cast<double>(top), math::log(sum)};
}

template <class T>
void softmax_less_one(const void* from, void* to, std::int64_t n, LogSumExp less, double factor, std::int64_t at,
                      bool streamed) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  const T top = static_cast<T>(less.top), by = static_cast<T>(factor * math::exp(-less.rest));
  const auto f = [=](auto v) { return exp_below(v - top) * by; };
  const T one = static_cast<T>(factor);
  if (!streamed) {
    map_over<T>(n, y, expecting(x, f), x);
    y[at] -= one;
    return;
  }
  // Whole vectors as they lie in memory; the one with the place in it is made ready before. What is stored plainly, a line that
  // two rows share, is asked for, because what comes after waits for it.
  constexpr std::int64_t lanes = kLanes<T>;
  const auto head = static_cast<std::int64_t>(before_vector(to) / sizeof(T)), begin = head < n ? head : n,
             end = begin + (n - begin) / lanes * lanes;
  if (end < n) __builtin_prefetch(y + end, 1);
  map_over<T>(begin, y, f, x);
  const auto vectors = [&](std::int64_t i, std::int64_t until) {
    for (; i < until; i += lanes) {
      expect(x + i);
      stream_vector<T>(y + i, f(load(x + i)));
    }
  };
  const bool within = begin <= at && at < end;
  const std::int64_t here = within ? at - (at - begin) % lanes : end;
  vectors(begin, here);
  if (within) {
    T changed[lanes];
    store<T>(changed, f(load(x + here)));
    changed[at - here] -= one;
    stream_vector<T>(y + here, load(changed));
    vectors(here + lanes, end);
  }
  map_over<T>(n - end, y + end, f, x + end);
  if (!within) y[at] -= one;
}

void stream(std::byte* to, const std::byte* from, std::size_t bytes) {
  const std::size_t head = before_vector(to);
  if (head < bytes) {
    __builtin_memcpy(to, from, head);
    to += head, from += head, bytes -= head;
    for (; bytes >= kVectorBytes; bytes -= kVectorBytes, to += kVectorBytes, from += kVectorBytes)
      stream_vector(reinterpret_cast<float*>(to), load(reinterpret_cast<const float*>(from)));
  }
  __builtin_memcpy(to, from, bytes);
}

template <class T>
constexpr RowKernels kRows{
    sum<T>,         add_blocks<T>,       fold<ReduceFn::Max, T>, fold<ReduceFn::Min, T>,
    add_row<T>,     sum_lanes<T>,        join_lanes<T>,          sum_each<T>,
    largest<T>,     to_largest<T>,       keep_larger<T>,         softmax<T>,
    log_sum_exp<T>, softmax_less_one<T>, softmax_slope<T>,       stream,
};

}  // namespace

const RowKernels& row_kernels(DType type);
const RowKernels& row_kernels(DType type) { return type == DType::F64 ? kRows<double> : kRows<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
