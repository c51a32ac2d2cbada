// checkpoint(f, ...): the same values and gradients as f, for less memory.

#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/memory.hpp>
#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using AD = Autodiff<Cpu>;
using Vector = Tensor<AD, 1>;
using Matrix = Tensor<AD, 2>;

Vector leaf(std::initializer_list<double> values) { return Vector::from_data(values).require_grad(); }
Matrix weights(std::uint64_t seed) {
  Generator generator(seed);
  return Matrix::random({6, 6}, Distribution::normal(0, 0.5), generator).require_grad();
}

// A checkpointed function and the plain one give the same bits: the value, and the gradient of each leaf.
template <class F, class... Leaves> void expect_same(F f, const Leaves&... leaves) {
  const auto plain = f([](auto g, const auto&... x) { return g(x...); });
  const auto kept = f([](auto g, const auto&... x) { return checkpoint(g, x...); });
  EXPECT_EQ(plain.to_data(), kept.to_data());
  const auto a = plain.backward(), b = kept.backward(), again = kept.backward();
  const auto compare = [&](const auto& leaf) {
    ASSERT_EQ(leaf.grad(a).has_value(), leaf.grad(b).has_value());
    if (!leaf.grad(a)) return;
    EXPECT_EQ(leaf.grad(a)->to_data(), leaf.grad(b)->to_data());
    EXPECT_EQ(leaf.grad(a)->to_data(), leaf.grad(again)->to_data()) << "a second backward";
  };
  (compare(leaves), ...);
  EXPECT_EQ(a.size(), b.size());
}

TEST(Checkpoint, GivesTheSameValuesAndTheSameBitsOfGradients) {
  const auto x = weights(1), w = weights(2);
  expect_same(
      [&](auto run) { return run([](const auto& a, const auto& b) { return a.matmul(b).tanh().exp(); }, x, w).sum(); },
      x, w);
}

TEST(Checkpoint, GivesCapturedParametersTheirGradients) {
  const auto x = weights(1), w = weights(2), b = weights(3);
  expect_same([&](auto run) { return run([&](const auto& a) { return (a.matmul(w) + b).tanh().matmul(w); }, x).sum(); },
              x, w, b);
  // Captured tensors that are themselves results, and used outside as well.
  const auto scaled = w * 2.0;
  expect_same([&](auto run) { return (run([&](const auto& a) { return a.matmul(scaled).sin(); }, x) * scaled).sum(); },
              x, w);
}

TEST(Checkpoint, TakesArgumentsThatAreConstants) {
  const auto x = Matrix::from_inner(weights(1).inner());
  const auto w = weights(2);
  expect_same([&](auto run) { return run([&](const auto& a) { return a.matmul(w).tanh(); }, x).sum(); }, w);
  const auto y = checkpoint([](const auto& a) { return a * 2.0; }, x);
  EXPECT_FALSE(y.is_tracked()) << "nothing in it is tracked";
}

TEST(Checkpoint, RepeatsItsRandomNumbers) {
  const auto x = weights(1), w = weights(2);
  const auto dropout = [](const Matrix& a) { return a * Matrix::random({6, 6}, Distribution::bernoulli(0.5)) * 2.0; };
  const auto block = [&](const Matrix& a) { return dropout(dropout(a.matmul(w)).tanh()); };
  manual_seed(11);
  const auto plain = block(x).sum();
  manual_seed(11);
  const auto kept = checkpoint(block, x).sum();
  const Generator after = default_generator();
  EXPECT_EQ(plain.to_data(), kept.to_data());
  const auto a = plain.backward();
  static_cast<void>(Matrix::random({3, 3}));  // others draw in between
  const Generator before_backward = default_generator();
  const auto b = kept.backward();
  EXPECT_EQ(default_generator().offset(), before_backward.offset()) << "recomputing draws nothing new";
  EXPECT_NE(after.offset(), before_backward.offset());
  EXPECT_EQ(w.grad(a)->to_data(), w.grad(b)->to_data());
  EXPECT_EQ(x.grad(a)->to_data(), x.grad(b)->to_data());
}

TEST(Checkpoint, RepeatsTheDrawsOfAGeneratorOfTheUsersOwn) {
  const auto x = weights(1);
  Generator generator(5);
  const auto block = [&](const Matrix& a) {
    return a * Matrix::random({6, 6}, Distribution::uniform(0, 1), generator);
  };
  const auto y = checkpoint(block, x);
  const std::uint64_t offset = generator.offset();
  Generator same(5);
  const auto expected = Tensor<Cpu, 2>::random({6, 6}, Distribution::uniform(0, 1), same);
  EXPECT_EQ(x.grad(y.backward())->to_data(), expected.to_data());
  EXPECT_EQ(generator.offset(), offset) << "the recomputation did not move the generator on";
}

TEST(Checkpoint, Nests) {
  const auto x = weights(1), w = weights(2), v = weights(3);
  expect_same(
      [&](auto run) {
        const auto outer = [&](const Matrix& a) {
          const Matrix h = run([&](const Matrix& b) { return b.matmul(w).tanh(); }, a);
          return run([&](const Matrix& b, const Matrix& c) { return (b * c).matmul(v); }, h, a);
        };
        return run(outer, x).sum();
      },
      x, w, v);
}

TEST(Checkpoint, NestsWithRandomNumbers) {
  const auto x = weights(1);
  const auto noise = [](const Matrix& a) { return a * Matrix::random({6, 6}) + Matrix::random({6, 6}); };
  const auto run_both = [&](auto run) {
    manual_seed(3);
    const auto y =
        run([&](const Matrix& a) { return noise(run([&](const Matrix& b) { return noise(b).tanh(); }, noise(a))); }, x);
    return std::pair(y.to_data(), x.grad(y.sum().backward())->to_data());
  };
  const auto plain = run_both([](auto f, const Matrix& a) { return f(a); });
  const auto kept = run_both([](auto f, const Matrix& a) { return checkpoint(f, a); });
  EXPECT_EQ(plain.first, kept.first);
  EXPECT_EQ(plain.second, kept.second);
}

TEST(Checkpoint, ReturnsSeveralTensorsInATuple) {
  const auto x = leaf({1.0, 2.0}), z = leaf({3.0, 4.0});
  const auto f = [](const Vector& a, const Vector& b) { return std::tuple(a * b, a.exp(), b.sum()); };
  const auto [product, exponential, total] = checkpoint(f, x, z);
  EXPECT_EQ(total.to_data(), TensorData({7.0F}));

  const auto all = (product.sum() + exponential.sum() + total * 10.0).backward();
  const auto [p, e, t] = f(x, z);
  const auto expected = (p.sum() + e.sum() + t * 10.0).backward();
  EXPECT_EQ(x.grad(all)->to_data(), x.grad(expected)->to_data());
  EXPECT_EQ(z.grad(all)->to_data(), z.grad(expected)->to_data());

  const auto only_exponential = exponential.sum().backward();
  EXPECT_EQ(x.grad(only_exponential)->to_data(), x.exp().to_data());
  EXPECT_FALSE(z.grad(only_exponential).has_value()) << "the exponential does not depend on z";
}

TEST(Checkpoint, TakesFunctionsThatReturnAnArgumentOrACapturedTensor) {
  const auto x = leaf({1.0}), w = leaf({2.0});
  EXPECT_EQ(x.grad((checkpoint([](const Vector& a) { return a; }, x) * 3.0).backward())->into_scalar(), 3);
  EXPECT_EQ(w.grad((checkpoint([&](const Vector&) { return w; }, x) * 3.0).backward())->into_scalar(), 3);
  EXPECT_EQ(x.grad((checkpoint([](const Vector& a, const Vector& b) { return a * b; }, x, x) * 3.0).backward())
                ->into_scalar(),
            6);
}

TEST(Checkpoint, CallsTheFunctionOnceForwardAndOncePerBackward) {
  const auto x = leaf({1.0});
  int calls = 0;
  const auto y = checkpoint([&](const Vector& a) { return ++calls, a.exp(); }, x);
  EXPECT_EQ(calls, 1);
  static_cast<void>(y.backward());
  EXPECT_EQ(calls, 2);
  static_cast<void>(y.backward());
  EXPECT_EQ(calls, 3);
}

TEST(Checkpoint, PassesExceptionsOnFromBothRuns) {
  const auto x = leaf({1.0});
  bool fails = true;
  const auto f = [&](const Vector& a) {
    if (fails) throw std::runtime_error("from the function");
    return a.exp();
  };
  EXPECT_THROW(checkpoint(f, x), std::runtime_error);
  fails = false;
  const auto y = checkpoint(f, x);
  fails = true;
  EXPECT_THROW(y.backward(), std::runtime_error);
  fails = false;
  EXPECT_TRUE(x.grad(y.backward()).has_value()) << "and works again afterwards";
  EXPECT_TRUE((x * 2.0).is_tracked());
}

TEST(Checkpoint, SaysSoWhenTheSecondRunDiffers) {
  const auto x = leaf({1.0}), w = leaf({2.0});
  bool again = false;
  const auto y = checkpoint([&](const Vector& a) { return again ? a * w : a * 2.0; }, x);
  again = true;
  EXPECT_EQ(message_of<ValueError>([&] { y.backward(); }),
            "checkpoint: run again, the function uses a tracked tensor that it did not use at first; capture by value "
            "what may change");

  bool draws = false;
  const auto z = checkpoint([&](const Vector& a) { return draws ? a * Vector::random({1}) : a * 2.0; }, x);
  draws = true;
  EXPECT_EQ(message_of<ValueError>([&] { z.backward(); }),
            "checkpoint: the recomputed function draws more random tensors than it did at first");
}

TEST(Checkpoint, IsAPlainCallOnAPlainBackendAndUnderNoGrad) {
  const auto x = Tensor<Cpu, 1>::from_data({2.0});
  EXPECT_EQ(checkpoint([](const auto& a) { return a * a; }, x).to_data(), TensorData({4.0F}));
  const auto tracked = leaf({2.0});
  const auto y = no_grad([&] { return checkpoint([](const Vector& a) { return a * a; }, tracked); });
  EXPECT_EQ(y.to_data(), TensorData({4.0F}));
  EXPECT_FALSE(y.is_tracked());
}

TEST(Checkpoint, GivesSecondDerivatives) {
  using AD2 = Autodiff<AD>;
  const auto x1 = leaf({0.5, 2.0});
  const auto x2 = Tensor<AD2, 1>::from_inner(x1).require_grad();
  const auto y = checkpoint([](const auto& a) { return a * a * a; }, x2);
  const auto g = *x2.grad(y.backward());
  EXPECT_EQ(x1.grad(g.sum().backward())->to_data(), TensorData({3.0F, 12.0F}));
}

TEST(Checkpoint, HoldsLessMemory) {
  constexpr int kBlocks = 8, kLayers = 8;
  const auto x = Vector::ones({1 << 16}).require_grad();
  const auto block = [](const Vector& a) {
    Vector h = a;
    for (int i = 0; i < kLayers; ++i) h = h.tanh();
    return h;
  };
  const auto peak_of = [&](auto run) {
    const std::uint64_t before = memory_stats().live;
    reset_peak_memory();
    Vector h = x;
    for (int i = 0; i < kBlocks; ++i) h = run(h);
    auto loss = h.sum();
    h = Vector();
    const auto g = x.grad(std::move(loss).backward());
    return std::pair(memory_stats().peak - before, g->to_data());
  };
  const auto plain = peak_of(block);
  const auto kept = peak_of([&](const Vector& a) { return checkpoint(block, a); });
  EXPECT_EQ(plain.second, kept.second);
  // One tensor for each block, and the layers of one: 8 + 8 of 64, and what is in flight.
  EXPECT_LT(kept.first, plain.first / 2);
}

}  // namespace
}  // namespace fornax::test
