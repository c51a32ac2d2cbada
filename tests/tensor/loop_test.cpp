// Long loops: the same values and gradients as without snapshots, in a bounded memory.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>
#include <support/process.hpp>

namespace fornax::test {
namespace {

using B = Autodiff<Cpu>;
using Vector = Tensor<B, 1>;

Vector leaf(std::initializer_list<double> values) { return Vector::from_data(values, {}, DType::F64).require_grad(); }

TEST(CheckpointLoop, KnowsHowFarItsSnapshotsReach) {
  EXPECT_EQ(detail::reversible_steps(3, 2), 10);
  EXPECT_EQ(detail::reversible_steps(0, 5), 1);
  EXPECT_EQ(detail::reversible_steps(10, 10), 184756);
  EXPECT_EQ(detail::reversible_steps(1000000, 1000000), std::numeric_limits<std::int64_t>::max());
}

TEST(CheckpointLoop, GivesTheBitsOfThePlainLoop) {
  const auto x = leaf({0.3, -0.2}), w = leaf({1.01, 0.99});
  const auto step = [&](const Vector& state, std::int64_t i) {
    return (state * w + 0.01 * static_cast<double>(i)).sin();
  };
  for (const std::int64_t n : {0, 1, 2, 3, 7, 30, 100}) {
    Vector plain = x;
    for (std::int64_t i = 0; i < n; ++i) plain = step(plain, i);
    for (const std::int64_t snapshots : {0, 2, 3, 50}) {
      const Vector looped = checkpoint_loop(step, x, n, {.snapshots = snapshots});
      EXPECT_EQ(looped.to_data(), plain.to_data());
      const auto g = looped.sum().backward(), h = plain.sum().backward();
      EXPECT_EQ(x.grad(g)->to_data(), x.grad(h)->to_data()) << n << " steps, " << snapshots << " snapshots";
      if (n > 0) {
        EXPECT_NO_THROW(w.grad(g)->to_data().assert_approx_eq(w.grad(h)->to_data(), 1e-13, 1e-13));
      }
    }
  }
}

// Griewank and Walther's closed form of the least number of runs, r n - C(s + r, r - 1) beside the n of the tape, where r
// is the number of repeats that n steps need; and the recursion that it solves.
TEST(CheckpointLoop, RunsItsStepsAsRarelyAsCanBe) {
  constexpr std::int64_t most = 40;
  std::int64_t runs = 0;
  const auto step = [&](const Vector& s, std::int64_t) {
    ++runs;
    return s.sin();
  };
  std::vector<std::int64_t> with_one_less;
  for (const std::int64_t snapshots : {1, 2, 3, 4, 5}) {
    std::vector<std::int64_t> least{0, 0};  // least[n]: runs beside those of the tape
    for (std::int64_t n = 2; n <= most; ++n) {
      std::int64_t best = n * n;
      for (std::int64_t before = 1; before < n; ++before) {
        if (snapshots == 1 && before < n - 1) continue;  // nothing is left to keep a state behind it
        const std::int64_t behind = snapshots == 1 ? 0 : with_one_less[static_cast<std::size_t>(n - before)];
        best = std::min(best, before + behind + least[static_cast<std::size_t>(before)]);
      }
      least.push_back(best);
      std::int64_t repeats = 1;
      while (detail::reversible_steps(snapshots, repeats) < n) ++repeats;
      ASSERT_EQ(best, repeats * n - detail::reversible_steps(snapshots + 1, repeats - 1));
      runs = 0;
      const auto x = leaf({0.5});
      static_cast<void>(checkpoint_loop(step, x, n, {.snapshots = snapshots}).sum().backward());
      EXPECT_EQ(runs, n + best) << n << " steps, " << snapshots << " snapshots";
    }
    with_one_less = least;
  }
}

TEST(CheckpointLoop, CarriesStatesOfSeveralTensors) {
  const auto x = leaf({0.5}), v = leaf({1});
  const auto step = [](const std::tuple<Vector, Vector>& s, std::int64_t) {
    const auto& [position, speed] = s;
    const auto next = speed - position * 0.01;
    return std::tuple(position + next * 0.01, next);
  };
  const auto run = [&](auto loop) {
    const auto [position, speed] = loop();
    const auto g = (position * speed).backward();
    return std::pair(x.grad(g)->to_data(), v.grad(g)->to_data());
  };
  const auto looped = run([&] { return checkpoint_loop(step, std::tuple(x, v), 40, {.snapshots = 3}); });
  const auto plain = run([&] {
    std::tuple<Vector, Vector> s(x, v);
    for (int i = 0; i < 40; ++i) s = step(s, i);
    return s;
  });
  looped.first.assert_approx_eq(plain.first, 1e-13, 1e-13);
  looped.second.assert_approx_eq(plain.second, 1e-13, 1e-13);
}

TEST(CheckpointLoop, TakesAFiftiethOfTheMemory) {
  constexpr std::int64_t steps = kAddressSanitizer || kThreadSanitizer ? 10'000 : 100'000;
  const auto x = Vector::full({64}, 0.5).require_grad();
  const auto step = [](const Vector& s, std::int64_t) { return (s * 0.999).sin(); };
  // Freed memory stays with the process, so what a pass added to its size is what it needed at once. The frugal pass
  // comes first: it must not live on what the other left.
  const auto growth_of = [&](auto loop) {
    const std::size_t before = resident_bytes();
    const auto gradient = x.grad(loop().sum().backward())->to_data();
    return std::pair(resident_bytes() - before, gradient);
  };
  static_cast<void>(growth_of([&] { return checkpoint_loop(step, x, 1000, {.snapshots = 4}); }));  // warm up
  const auto [little, gradient] = growth_of([&] { return checkpoint_loop(step, x, steps); });
  const auto [much, expected] = growth_of([&] {
    Vector s = x;
    for (std::int64_t i = 0; i < steps; ++i) s = step(s, i);
    return s;
  });
  EXPECT_EQ(gradient, expected);
  if (kAddressSanitizer || kThreadSanitizer) return;  // they keep freed memory and records of it
  EXPECT_GT(much, steps * std::size_t{1000});
  EXPECT_LT(little, much / 50);
}

TEST(CheckpointLoop, RefusesWhatCannotWork) {
  const auto x = leaf({1});
  const auto step = [](const Vector& s, std::int64_t) { return s.sin(); };
  EXPECT_EQ(message_of<ValueError>([&] { checkpoint_loop(step, x, -1); }),
            "checkpoint_loop: the number of steps is -1");
  EXPECT_EQ(message_of<ValueError>([&] { checkpoint_loop(step, x, 100000, {.snapshots = 1}); }),
            "checkpoint_loop: 1 snapshots are too few for 100000 steps: each would run more than 65 times");
}

TEST(Scan, StacksWhatEachStepGives) {
  const auto xs = Tensor<B, 2>::from_data({{1, 2}, {3, 4}, {5, 6}}, {}, DType::F64).require_grad();
  const auto [carry, all] = scan(
      [](const Vector& sum, const Vector& row) {
        const Vector next = sum + row;
        return std::pair(next, next * row);
      },
      Vector::zeros({2}, {}, DType::F64), xs);
  EXPECT_EQ(carry.to_data(), TensorData(std::vector<double>{9, 12}));
  EXPECT_EQ(all.to_data(), TensorData(std::vector<double>{1, 4, 12, 24, 45, 72}, Shape{3, 2}));
  const auto g = xs.grad(all.sum().backward());
  EXPECT_EQ(g->to_data(), TensorData(std::vector<double>{10, 14, 12, 16, 14, 18}, Shape{3, 2}));
}

TEST(Scan, GivesTheSameGradientsInSegments) {
  const auto w = leaf({0.7});
  const auto xs = Tensor<B, 2>::from_data({{1}, {2}, {3}, {4}, {5}}, {}, DType::F64).require_grad();
  const auto step = [&](const std::tuple<Vector, Vector>& carry, const Vector& row) {
    const auto& [h, sum] = carry;
    const Vector next = (h * w + row).tanh();
    return std::pair(std::tuple(next, sum + next), next * row);
  };
  const std::tuple<Vector, Vector> start(Vector::zeros({1}, {}, DType::F64), Vector::zeros({1}, {}, DType::F64));
  const auto run = [&](std::int64_t segment) {
    const auto [carry, all] = scan(step, start, xs, {.segment = segment});
    const auto g = (all.sum() + std::get<1>(carry)).backward();
    return std::tuple(all.to_data(), w.grad(g)->to_data(), xs.grad(g)->to_data());
  };
  const auto [all, dw, dx] = run(0);
  for (const std::int64_t segment : {1, 2, 5, 9}) {
    const auto [values, found_dw, found_dx] = run(segment);
    EXPECT_EQ(values, all);
    found_dw.assert_approx_eq(dw, 1e-14, 1e-14);
    found_dx.assert_approx_eq(dx, 1e-14, 1e-14);
  }
  EXPECT_EQ(message_of<ValueError>([&] { run(-1); }), "scan: the segment has -1 rows");
}

}  // namespace
}  // namespace fornax::test
