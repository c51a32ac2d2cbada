#pragma once
// Long loops whose memory under reverse mode is bounded.

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
/// How many of n steps come before the next snapshot.
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
/// its steps again from there, near the optimal order, instead of keeping the tape of all. A state is a tensor or anything
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

/// The carry after f has run over the rows of xs, and what it gave for each, stacked: f(carry, row) gives a std::pair of
/// the next carry and a tensor.
///
/// Shapes: xs [n, ...] -> results [n, ...].
/// Errors: ValueError for no rows, whose results would have no shape.
template <class F, class Carry, BackendType B, std::size_t D, class K>
auto scan(F f, Carry carry, const Tensor<B, D, K>& xs) {
  const std::int64_t n = xs.array().shape()[0];
  if (n == 0) throw ValueError("scan", "there are no rows: shape " + xs.array().shape().str());
  using Row = Tensor<B, D - 1, K>;
  using Result = typename std::remove_cvref_t<decltype(f(carry, std::declval<const Row&>()))>::second_type;
  std::vector<Result> results;
  results.reserve(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    auto [next, result] = f(carry, Row(xs.narrow(0, i, 1).squeeze_dim(0)));
    carry = std::move(next);
    results.push_back(std::move(result));
  }
  return std::pair(std::move(carry), Result::stack(results, 0));
}

}  // namespace fornax
