#pragma once
// Long loops whose memory under reverse mode is bounded.

#include <algorithm>

#include <fornax/tensor/transforms/tree.hpp>

namespace fornax {

struct LoopOptions {
  /// How many states backward may keep at a time, besides the tape of one step. 0: as many as let each step run at most
  /// four times in all. Fewer cost more time: with s of them, and each step run at most r + 1 times, a loop may have
  /// C(s + r, s) steps.
  std::int64_t snapshots = 0;
};

namespace detail {

/// The number of steps that can be differentiated with s snapshots when each is repeated at most r times: C(s + r, s),
/// or the largest integer.
std::int64_t reversible_steps(std::int64_t snapshots, std::int64_t repeats);
/// The snapshots to use for n steps. Throws ValueError if those asked for are too few.
std::int64_t snapshots_for(std::int64_t steps, std::int64_t wanted);
/// How many of n > 1 steps come before the next snapshot, of which there is at least one.
std::int64_t steps_to_snapshot(std::int64_t steps, std::int64_t snapshots);

template <class State> Arrays flattened(const State& state) {
  Arrays all;
  for_each_tensor([&](const auto& t) { all.push_back(t.array()); }, state);
  return all;
}
template <class State> State unflattened(State like, const Arrays& all) {
  std::size_t i = 0;
  for_each_tensor([&]<class T>(T& t) { t = T::unchecked(all[i++]); }, like);
  return like;
}

// Steps [first, last), of which backward keeps at most `snapshots` states at a time.
template <class F, class State>
State run_steps(const F& f, State state, std::int64_t first, std::int64_t last, std::int64_t snapshots) {
  using B = backend_of_t<State>;
  struct Steps final : autodiff::Region {
    Steps(const F& function, const State& s, std::int64_t from, std::int64_t to, std::int64_t keep)
        : f(function), like(s), first(from), last(to), snapshots(keep) {}
    Arrays run(const Arrays& x) override {
      return flattened(run_steps(f, unflattened(like, x), first, last, snapshots));
    }
    F f;
    State like;
    std::int64_t first, last, snapshots;
  };
  while (last - first > 1) {
    const std::int64_t here = steps_to_snapshot(last - first, snapshots);
    // The shape of the state's tree is all that the region needs of it: its values would be one snapshot more.
    State empty = state;
    for_each_tensor([]<class T>(T& t) { t = T(); }, empty);
    Ref<autodiff::Region> region(new Steps(f, empty, first, first + here, snapshots));
    state = unflattened(std::move(empty), autodiff::checkpoint(B::interpreter(), std::move(region), flattened(state)));
    first += here;
    --snapshots;
  }
  return first < last ? f(state, first) : state;
}

}  // namespace detail

/// state = f(state, i) for i = 0 ... n - 1, and the last state. Under reverse mode the loop keeps a few states and runs
/// its steps again from there, in the order with the fewest runs, instead of keeping the tape of all. A state is a tensor or anything
/// that transforms look into; f may capture tracked tensors, which must stay valid until backward.
///
/// Source: Griewank and Walther, "Algorithm 799: revolve", ACM Transactions on Mathematical Software 26 (2000).
/// Errors: ValueError for a negative n, or for so few snapshots that a step would run more than 65 times.
template <class F, class State> State checkpoint_loop(F f, State state, std::int64_t n, LoopOptions options = {}) {
  const std::int64_t snapshots = detail::snapshots_for(n, options.snapshots);
  using B = detail::backend_of_t<State>;
  if constexpr (B::is_autodiff) {
    return detail::run_steps(f, std::move(state), 0, n, snapshots);
  } else {
    for (std::int64_t i = 0; i < n; ++i) state = f(state, i);
    return state;
  }
}

struct ScanOptions {
  /// Rows whose tape backward holds at a time: it keeps the carry before each so many rows, and runs f on them again.
  /// 0: the tape of all rows. About the root of their number takes the least memory.
  std::int64_t segment = 0;
};

namespace detail {

// The carry after the rows of xs, and what f gave for each, stacked.
template <class F, class Carry, class Rows> auto scan_rows(const F& f, Carry carry, const Rows& xs) {
  using Row = Tensor<typename Rows::Backend, Rows::rank - 1, typename Rows::KindType>;
  using Result = typename std::remove_cvref_t<decltype(f(carry, std::declval<const Row&>()))>::second_type;
  const std::int64_t n = xs.array().shape()[0];
  std::vector<Result> results;
  results.reserve(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    auto [next, result] = f(carry, Row(xs.narrow(0, i, 1).squeeze_dim(0)));
    carry = std::move(next);
    results.push_back(std::move(result));
  }
  return std::pair(std::move(carry), Result::stack(results, 0));
}

}  // namespace detail

/// The carry after f has run over the rows of xs, and what it gave for each, stacked: f(carry, row) gives a std::pair of
/// the next carry and a tensor. A carry is a tensor or anything that transforms look into.
///
/// Shapes: xs [n, ...] -> results [n, ...].
/// Errors: ValueError for no rows, whose results would have no shape, and for a negative segment.
template <class F, class Carry, BackendType B, std::size_t D, class K>
auto scan(F f, Carry carry, const Tensor<B, D, K>& xs, ScanOptions options = {}) {
  using Rows = Tensor<B, D, K>;
  using All = decltype(detail::scan_rows(f, carry, xs));
  using Results = typename All::second_type;
  const std::int64_t n = xs.array().shape()[0];
  if (n == 0) throw ValueError("scan", "there are no rows: shape " + xs.array().shape().str());
  if (options.segment < 0) throw ValueError("scan", "the segment has " + std::to_string(options.segment) + " rows");
  if constexpr (B::is_autodiff) {
    if (options.segment > 0) {
      struct Segment final : autodiff::Region {
        Segment(const F& function, const Carry& c) : f(function), like(c) {}
        Arrays run(const Arrays& x) override {
          Arrays first = x;
          const Rows rows = Rows::unchecked(first[first.size() - 1]);
          first.pop_back();
          const auto [last, results] = detail::scan_rows(f, detail::unflattened(like, first), rows);
          Arrays all = detail::flattened(last);
          all.push_back(results.array());
          return all;
        }
        F f;
        Carry like;
      };
      Carry empty = carry;
      detail::for_each_tensor([]<class T>(T& t) { t = T(); }, empty);
      std::vector<Results> parts;
      for (std::int64_t i = 0; i < n; i += options.segment) {
        Arrays inputs = detail::flattened(carry);
        inputs.push_back(xs.narrow(0, i, std::min(options.segment, n - i)).array());
        Arrays all = autodiff::checkpoint(B::interpreter(), Ref<autodiff::Region>(new Segment(f, empty)), inputs);
        parts.push_back(Results::unchecked(all[all.size() - 1]));
        all.pop_back();
        carry = detail::unflattened(empty, all);
      }
      return All(std::move(carry), Results::cat(parts, 0));
    }
  }
  return detail::scan_rows(f, std::move(carry), xs);
}

}  // namespace fornax
