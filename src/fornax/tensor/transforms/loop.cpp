#include <fornax/tensor/transforms/loop.hpp>

#include <algorithm>
#include <limits>

namespace fornax::detail {

namespace {

constexpr std::int64_t kMostRepeats = 64;

// The fewest repeats with which s snapshots suffice for n steps; more than kMostRepeats if none do.
std::int64_t repeats_for(std::int64_t steps, std::int64_t snapshots) {
  std::int64_t r = 0;
  while (r <= kMostRepeats && reversible_steps(snapshots, r) < steps) ++r;
  return r;
}

}  // namespace

std::int64_t reversible_steps(std::int64_t snapshots, std::int64_t repeats) {
  const std::int64_t few = std::min(snapshots, repeats), many = std::max(snapshots, repeats);
  std::int64_t count = 1;
  for (std::int64_t i = 1; i <= few; ++i) {
    // The product of i consecutive integers is divisible by i!, so every quotient is exact.
    if (__builtin_mul_overflow(count, many + i, &count)) return std::numeric_limits<std::int64_t>::max();
    count /= i;
  }
  return count;
}

std::int64_t snapshots_for(std::int64_t steps, std::int64_t wanted) {
  if (steps < 0) throw ValueError("checkpoint_loop", "the number of steps is " + std::to_string(steps));
  if (wanted < 0) throw ValueError("checkpoint_loop", "the number of snapshots is " + std::to_string(wanted));
  if (wanted > 0) {
    if (repeats_for(steps, wanted) > kMostRepeats)
      throw ValueError("checkpoint_loop", std::to_string(wanted) + " snapshots are too few for " +
                                              std::to_string(steps) + " steps: each would run more than " +
                                              std::to_string(kMostRepeats + 1) + " times");
    return wanted;
  }
  std::int64_t s = 1;
  while (reversible_steps(s, 3) < steps) ++s;
  return s;
}

std::int64_t steps_to_snapshot(std::int64_t steps, std::int64_t snapshots) {
  // The steps before the snapshot are to need r - 1 or r - 2 repeats, those behind it, with a snapshot less, r or r - 1:
  // then no order needs fewer runs (Griewank and Walther 2000, section 3).
  const std::int64_t r = repeats_for(steps, snapshots);
  return std::min(reversible_steps(snapshots, r - 1), steps - reversible_steps(snapshots - 1, r - 1));
}

}  // namespace fornax::detail
