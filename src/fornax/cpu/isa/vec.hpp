// Loops over adjacent elements in whole vectors, written so that they need no proof that arrays do not overlap, and so that
// sums have an order of their own: fixed for each instruction set, and several at a time. For the sources of this folder.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#include <fornax/cpu/isa/math.hpp>

namespace fornax::cpu::FORNAX_ISA {

#if defined(__AVX512F__)
inline constexpr std::int64_t kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr std::int64_t kVectorBytes = 32;
#else
inline constexpr std::int64_t kVectorBytes = 16;
#endif

template <class T> struct VectorOf { using type [[gnu::vector_size(kVectorBytes)]] = T; };
template <class T> using Vec = typename VectorOf<T>::type;
template <class T> inline constexpr std::int64_t kLanes = kVectorBytes / static_cast<std::int64_t>(sizeof(T));

template <class T> FORNAX_INLINE Vec<T> load(const T* from) {
  Vec<T> v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <class T> FORNAX_INLINE void store(T* to, Vec<T> v) { __builtin_memcpy(to, &v, sizeof v); }

// The first n < kLanes<T> lanes alone: the end of a row.
/// Their elements, 0 in the other lanes.
template <class T> FORNAX_INLINE Vec<T> load_first(const T* from, std::int64_t n) {
#if defined(__AVX512F__)
  const unsigned lanes = (1U << n) - 1;
  if constexpr (sizeof(T) == 4) return _mm512_maskz_loadu_ps(static_cast<__mmask16>(lanes), from);
  if constexpr (sizeof(T) == 8) return _mm512_maskz_loadu_pd(static_cast<__mmask8>(lanes), from);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes));
  }
  if constexpr (sizeof(T) == 8)
    return _mm256_maskload_pd(from, _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3)));
#else
  T lanes[kLanes<T>] = {};
  for (std::int64_t i = 0; i < n; ++i) lanes[i] = from[i];
  return load(lanes);
#endif
}
template <class T> FORNAX_INLINE void store_first(T* to, Vec<T> v, std::int64_t n) {
#if defined(__AVX512F__)
  const unsigned lanes = (1U << n) - 1;
  if constexpr (sizeof(T) == 4) _mm512_mask_storeu_ps(to, static_cast<__mmask16>(lanes), v);
  if constexpr (sizeof(T) == 8) _mm512_mask_storeu_pd(to, static_cast<__mmask8>(lanes), v);
#else
  T lanes[kLanes<T>];
  store<T>(lanes, v);
  for (std::int64_t i = 0; i < n; ++i) to[i] = lanes[i];
#endif
}
/// v with 0 in the other lanes.
template <class T> FORNAX_INLINE Vec<T> keep_first(Vec<T> v, std::int64_t n) {
#if defined(__AVX512F__)
  const unsigned lanes = (1U << n) - 1;
  if constexpr (sizeof(T) == 4) return _mm512_maskz_mov_ps(static_cast<__mmask16>(lanes), v);
  if constexpr (sizeof(T) == 8) return _mm512_maskz_mov_pd(static_cast<__mmask8>(lanes), v);
#else
  T lanes[kLanes<T>];
  store<T>(lanes, v);
  return load_first<T>(lanes, n);
#endif
}

#if defined(__AVX512F__)
/// Operations on vectors by name, as formulas take them.
struct Singles {
  __m512 v;
};
FORNAX_INLINE Singles fma(Singles a, float b, float c) {
  return {_mm512_fmadd_ps(a.v, _mm512_set1_ps(b), _mm512_set1_ps(c))};
}
FORNAX_INLINE Singles fma(Singles a, Singles b, float c) { return {_mm512_fmadd_ps(a.v, b.v, _mm512_set1_ps(c))}; }
#endif

/// exp of each lane, the bits of math::exp.
template <class T> FORNAX_INLINE T exp(T x) requires(std::is_floating_point_v<T>) { return math::exp(x); }
template <class V> FORNAX_INLINE V exp(V x) requires(!std::is_floating_point_v<V>) {
  using T = std::remove_cvref_t<decltype(x[0])>;
#if defined(__AVX512F__)
  // An instruction multiplies by 2^n, whatever n is, with one rounding: most of what math::exp must do by hand.
  if constexpr (sizeof(T) == 4) {
    constexpr __mmask16 all = 0xffff;  // with a mask, because g++ 12 warns of its own header without
    const __m512 c = _mm512_maskz_max_ps(all, _mm512_set1_ps(-104.0F), x);  // NaN, the second operand, stays
    const __m512 round = _mm512_set1_ps(math::kRound);
    const __m512 n = _mm512_sub_ps(_mm512_fmadd_ps(c, _mm512_set1_ps(1.44269504F), round), round);
    __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0.693359375F), c);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(2.12194440e-4F), r);
    const __m512 p = math::exp_of_rest(Singles{r}).v;
    return _mm512_maskz_scalef_ps(all, p, n);
  }
#endif
  T lanes[sizeof(V) / sizeof(T)];
  store(lanes, x);
  for (T& lane : lanes) lane = math::exp(lane);
  return load(lanes);
}

/// Or g++ reads v from memory at each of its uses.
template <class V> FORNAX_INLINE void keep_in_register([[maybe_unused]] V& v) {
#ifdef __x86_64__
  asm("" : "+v"(v));
#endif
}

/// join(lane 0, lane n/2) and so on, in a tree.
template <class V, class F, int... I> FORNAX_INLINE auto join_halves(V v, F join, std::integer_sequence<int, I...>) {
  constexpr int half = sizeof...(I);
  if constexpr (half == 1) {
    return join(v[0], v[1]);
  } else {
    return join_halves(join(__builtin_shufflevector(v, v, I...), __builtin_shufflevector(v, v, (I + half)...)), join,
                       std::make_integer_sequence<int, half / 2>());
  }
}
template <class T, class F> FORNAX_INLINE T join_lanes(Vec<T> v, F join) {
  return join_halves(v, join, std::make_integer_sequence<int, kLanes<T> / 2>());
}
template <class T> FORNAX_INLINE T sum_of_lanes(Vec<T> v) {
  return join_lanes<T>(v, [](auto a, auto b) { return a + b; });
}

/// Of rows lower and upper, `half` apart, the lanes that a transposition leaves in the one, and those that it brings there.
template <int half, class V, int... I>
FORNAX_INLINE void swap_corners(V& lower, V& upper, std::integer_sequence<int, I...>) {
  constexpr int lanes = sizeof...(I);
  const V l = lower, u = upper;
  lower = __builtin_shufflevector(l, u, (I & half ? lanes + I - half : I)...);
  upper = __builtin_shufflevector(l, u, (I & half ? lanes + I : I + half)...);
}
/// The transpose of as many rows as a vector has lanes.
template <int half, class V> FORNAX_INLINE void transpose(V* rows) {
  constexpr int lanes = sizeof(V) / sizeof(rows[0][0]);
#pragma GCC unroll 16
  for (int i = 0; i < lanes; ++i)
    if (!(i & half)) swap_corners<half>(rows[i], rows[i + half], std::make_integer_sequence<int, lanes>());
  if constexpr (half > 1) transpose<half / 2>(rows);
}

/// Asks for the cache line of x[ahead], which may lie behind the end of an array.
template <class T> FORNAX_INLINE void expect(const T* x, std::int64_t ahead) {
  const auto bytes = static_cast<std::uintptr_t>(ahead) * sizeof(T);
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(x) + bytes));
}
/// The vector that is as far ahead as a memory takes to answer. For rows over which several passes go, so that the processor does
/// not see by itself what is read next.
template <class T> FORNAX_INLINE void expect(const T* x) {
  expect(x, (12 << 10) / static_cast<std::int64_t>(sizeof(T)));
}

/// The same into the second cache: for rows between whose passes much else goes through the first one.
template <class T> FORNAX_INLINE void expect_later(const T* x, std::int64_t ahead) {
  const auto bytes = static_cast<std::uintptr_t>(ahead) * sizeof(T);
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(x) + bytes), 0, 2);
}
template <class T> FORNAX_INLINE void expect_later(const T* x) {
  expect_later(x, (12 << 10) / static_cast<std::int64_t>(sizeof(T)));
}

/// f, which besides expects what comes behind the vectors of x that it is called with in turn.
template <class T, class F> FORNAX_INLINE auto expecting(const T* x, F f) {
  return [f, x](auto v) mutable {
    expect(x);
    x += kLanes<T>;
    return f(v);
  };
}

/// y[i] = f(p[i]...). f takes vectors. y may be one of p.
template <class T, class F, class... P> FORNAX_INLINE void map_over(std::int64_t n, T* y, F&& f, const P*... p) {
  std::int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) store<T>(y + i, f(load(p + i)...));
  if (i < n) store_first<T>(y + i, f(load_first(p + i, n - i)...), n - i);
}

/// The largest of n elements; -inf if there are none. Skips NaN.
template <class T> FORNAX_INLINE T largest_of(const T* x, std::int64_t n) {
  constexpr std::int64_t lanes = kLanes<T>;
  const auto larger = [](auto a, auto b) { return a > b ? a : b; };
  T most = -math::kInf<T>;
  std::int64_t i = 0;
  if (n >= lanes) {
    Vec<T> a = most + Vec<T>{}, b = a, c = a, d = a;
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
      a = larger(load(x + i), a), b = larger(load(x + i + lanes), b);
      c = larger(load(x + i + 2 * lanes), c), d = larger(load(x + i + 3 * lanes), d);
    }
    for (; i + lanes <= n; i += lanes) a = larger(load(x + i), a);
    a = larger(load(x + n - lanes), a);  // the rest, and some once more
    return join_lanes<T>(larger(larger(a, b), larger(c, d)), larger);
  }
  for (; i < n; ++i) most = larger(x[i], most);
  return most;
}

/// The sum of f(p[i]...) over i < n. Lanes add up no more than 16 terms each before they are joined in double.
template <class T, class F, class... P> FORNAX_INLINE double sum_over(std::int64_t n, F&& f, const P*... p) {
  constexpr std::int64_t lanes = kLanes<T>, most = 16;
  double total = 0;
  std::int64_t i = 0;
  while (n - i >= 4 * lanes) {
    Vec<T> a{}, b{}, c{}, d{};
    for (std::int64_t k = 0; k < most && n - i >= 4 * lanes; ++k, i += 4 * lanes) {
      a += f(load(p + i)...);
      b += f(load(p + i + lanes)...);
      c += f(load(p + i + 2 * lanes)...);
      d += f(load(p + i + 3 * lanes)...);
    }
    total += static_cast<double>(sum_of_lanes<T>((a + b) + (c + d)));
  }
  Vec<T> rest{};
  for (; n - i >= lanes; i += lanes) rest += f(load(p + i)...);
  if (i < n) rest += keep_first<T>(f(load_first(p + i, n - i)...), n - i);
  return total + static_cast<double>(sum_of_lanes<T>(rest));
}

/// y[i] = f(p[i]...), and the sum of that.
template <class T, class F, class... P>
FORNAX_INLINE double map_and_sum_over(std::int64_t n, T* y, F&& f, const P*... p) {
  constexpr std::int64_t lanes = kLanes<T>, most = 16;
  double total = 0;
  std::int64_t i = 0;
  while (n - i >= 2 * lanes) {
    Vec<T> a{}, b{};
    for (std::int64_t k = 0; k < most && n - i >= 2 * lanes; ++k, i += 2 * lanes) {
      const Vec<T> u = f(load(p + i)...), v = f(load(p + i + lanes)...);
      store<T>(y + i, u);
      store<T>(y + i + lanes, v);
      a += u;
      b += v;
    }
    total += static_cast<double>(sum_of_lanes<T>(a + b));
  }
  Vec<T> rest{};
  for (; n - i >= lanes; i += lanes) {
    const Vec<T> v = f(load(p + i)...);
    store<T>(y + i, v);
    rest += v;
  }
  if (i < n) {
    const Vec<T> v = f(load_first(p + i, n - i)...);
    store_first<T>(y + i, v, n - i);
    rest += keep_first<T>(v, n - i);
  }
  return total + static_cast<double>(sum_of_lanes<T>(rest));
}

}  // namespace fornax::cpu::FORNAX_ISA
