#pragma once
// Joining many elements into one value, in an order that depends on their number alone: not on strides or threads.
//
// Element i belongs to block i / block and, within it, to lane i % lanes. A lane joins its elements in sequence, the
// lanes of a block join in a tree, the blocks of a range in sequence, and ranges in sequence. Lanes keep the vector unit
// busy; blocks keep the rounding error of a long f32 sum small, because they are added in double; ranges are what
// threads share out.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <fornax/cpu/kernels/arithmetic.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/kernel.hpp>
#include <fornax/ops/reduce.hpp>

namespace FORNAX_KERNELS {

template <class T> bool is_nan(T v) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(v);
  return false;
}

/// How `fn`, one of Sum, Prod, Max and Min, joins elements of type T. For max and min a NaN wins.
template <ReduceFn fn, class T> struct Fold {
  static constexpr bool is_sum = fn == ReduceFn::Sum, is_prod = fn == ReduceFn::Prod, is_max = fn == ReduceFn::Max;
  static constexpr bool any_order = !is_sum && !is_prod;
  static constexpr bool rounds = !any_order && !std::is_integral_v<T>;

  using Element = T;
  // Products run in double throughout: a partial product may leave the range of f32 although the result does not.
  using Lane = std::conditional_t<rounds && is_prod, double,
                                  std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, compute_t<T>>>;
  using Total = std::conditional_t<rounds, double, Lane>;

  // g++ 12 keeps 16 sums in registers; choices it vectorises only in memory, where more lanes hide the latency.
  static constexpr std::int64_t lanes = any_order ? 64 : 16;
  // 16 additions to a lane: the f32 sum of 1e7 equal numbers, the worst case, is off by 3 units in the last place.
  static constexpr std::int64_t block = any_order ? 1024 : 256;

  static constexpr std::int64_t blocks_of_range = 64, range = blocks_of_range * block;

  static constexpr Lane start() {
    if constexpr (!any_order) return is_prod;
    using Limits = std::numeric_limits<std::conditional_t<std::is_same_v<T, bool>, bool, Lane>>;
    constexpr Lane lowest = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    constexpr Lane highest = Limits::has_infinity ? Limits::infinity() : Limits::max();
    return is_max ? lowest : highest;
  }

  static Lane load(T x) {
    // In place of the type's own conversion, a call, so that loops vectorise.
    if constexpr (std::is_same_v<T, BFloat16>)
      return static_cast<Lane>(std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16));
    else
      return static_cast<Lane>(static_cast<compute_t<T>>(x));
  }

  template <class V> static V join(V a, V b) {
    if constexpr (is_sum) return add(a, b);
    if constexpr (is_prod) return mul(a, b);
    return beats(b, a) ? b : a;
  }

  /// Of max and min: whether `next` replaces an earlier `best`. A NaN replaces everything.
  template <class V> static bool beats(V next, V best) {
    return (is_max ? next > best : next < best) | is_nan(next);  // `||` would not vectorise
  }
};

/// Joins n <= F::block adjacent elements.
template <class F> typename F::Lane fold_block(const typename F::Element* x, std::int64_t n) {
  using Lane = typename F::Lane;
  if constexpr (F::any_order) {
    if (n < F::lanes) {
      Lane joined = F::start();
      for (std::int64_t i = 0; i < n; ++i) joined = F::join(joined, F::load(x[i]));
      return joined;
    }
  }
  Lane lanes[F::lanes];
  std::fill_n(lanes, F::lanes, F::start());
  std::int64_t i = 0;
  for (; i + F::lanes <= n; i += F::lanes)
    for (std::int64_t l = 0; l < F::lanes; ++l) lanes[l] = F::join(lanes[l], F::load(x[i + l]));
  for (std::int64_t l = 0; i + l < n; ++l) lanes[l] = F::join(lanes[l], F::load(x[i + l]));
  for (std::int64_t half = F::lanes / 2; half > 0; half /= 2)
    for (std::int64_t l = 0; l < half; ++l) lanes[l] = F::join(lanes[l], lanes[l + half]);
  return lanes[0];
}

/// Joins n <= F::range adjacent elements.
template <class F> typename F::Total fold_range(const typename F::Element* x, std::int64_t n) {
  using Total = typename F::Total;
  Total total = F::start();
  for (std::int64_t i = 0; i < n; i += F::block)
    total = F::template join<Total>(total, fold_block<F>(x + i, std::min(F::block, n - i)));
  return total;
}

/// Joins n adjacent elements.
template <class F> typename F::Total fold_row(const typename F::Element* x, std::int64_t n) {
  using Total = typename F::Total;
  Total total = F::start();
  for (std::int64_t i = 0; i < n; i += F::range)
    total = F::template join<Total>(total, fold_range<F>(x + i, std::min(F::range, n - i)));
  return total;
}

}  // namespace FORNAX_KERNELS
