// Any number of threads build and differentiate graphs at once, also graphs that share leaves or are one.

#include <barrier>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/memory.hpp>
#include <fornax/fornax.hpp>

namespace fornax::test {
namespace {

using AD = Autodiff<Cpu>;
using Matrix = Tensor<AD, 2>;
using Vector = Tensor<AD, 1>;

constexpr int kThreads = 8;

// Runs f(0) ... f(kThreads - 1) on a thread each, all starting at the same moment.
template <class F> void in_parallel(F f) {
  std::barrier start(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      f(t);
    });
  }
  for (std::thread& t : threads) t.join();
}

Matrix seeded(std::uint64_t seed, std::int64_t rows, std::int64_t columns) {
  Generator generator(seed);
  return Matrix::random({rows, columns}, Distribution::normal(0, 0.3), generator);
}

TEST(Threads, BuildAndDifferentiateGraphsThatShareLeaves) {
  const auto w = seeded(1, 16, 16).require_grad(), b = seeded(2, 1, 16).require_grad();
  const auto gradients = [&](int t, int i) {
    const auto x = seeded(static_cast<std::uint64_t>(100 + t), 4, 16) * (1.0 + i % 7);
    auto loss = (x.matmul(w) + b).tanh().matmul(w).softmax(1).square().sum();
    const auto g = i % 2 == 0 ? std::move(loss).backward() : loss.backward();
    return std::pair(w.grad(g)->to_data(), b.grad(g)->to_data());
  };
  std::vector<std::vector<std::pair<TensorData, TensorData>>> expected(kThreads);
  for (int t = 0; t < kThreads; ++t)
    for (int i = 0; i < 14; ++i) expected[static_cast<std::size_t>(t)].push_back(gradients(t, i));
  std::vector<int> wrong(kThreads);
  in_parallel([&](int t) {
    for (int i = 0; i < 200; ++i)
      if (gradients(t, i) != expected[static_cast<std::size_t>(t)][static_cast<std::size_t>(i % 14)])
        ++wrong[static_cast<std::size_t>(t)];
  });
  EXPECT_EQ(wrong, std::vector<int>(kThreads)) << "results that differ from the serial ones, by thread";
}

TEST(Threads, CallBackwardOnOneGraphAtOnce) {
  const auto w = seeded(1, 8, 8).require_grad();
  const auto h = w.matmul(w).exp();
  const auto loss = (h * w).sum();
  const TensorData expected = w.grad(loss.backward())->to_data();
  std::vector<int> wrong(kThreads);
  in_parallel([&](int t) {
    for (int i = 0; i < 200; ++i)
      if (w.grad(loss.backward())->to_data() != expected) ++wrong[static_cast<std::size_t>(t)];
  });
  EXPECT_EQ(wrong, std::vector<int>(kThreads));
}

TEST(Threads, ReleaseGraphsThatShareATrunk) {
  const auto w = seeded(1, 8, 8).require_grad();
  const TensorData expected = [&] { return w.grad(w.exp().tanh().sum().backward())->to_data(); }();
  for (int round = 0; round < 50; ++round) {
    const auto trunk = w.exp().tanh();
    std::vector<Vector> losses;
    for (int t = 0; t < kThreads; ++t) losses.push_back(trunk.sum());
    std::vector<int> wrong(kThreads);
    in_parallel([&](int t) {
      const auto i = static_cast<std::size_t>(t);
      wrong[i] = w.grad(std::move(losses[i]).backward())->to_data() != expected;
    });
    ASSERT_EQ(wrong, std::vector<int>(kThreads));
  }
}

TEST(Threads, RegisterHooksOnOneTensorAndRetainItWhileOthersGoBackward) {
  const auto x = Vector::from_data({2.0}).require_grad();
  const auto h = x * 3.0;
  const auto loss = h * h;
  std::atomic<int> calls{0};
  in_parallel([&](int t) {
    for (int i = 0; i < 50; ++i) {
      if (t % 2 == 0) {
        auto handle = h.register_hook([&](const Tensor<Cpu, 1>& g) {
          EXPECT_EQ(g.into_scalar(), 12);
          ++calls;
        });
        h.retain_grad();
        static_cast<void>(loss.backward());
        handle.remove();
      } else {
        EXPECT_EQ(x.grad(loss.backward())->into_scalar(), 36);
      }
    }
  });
  EXPECT_GE(calls, kThreads / 2 * 50) << "a thread sees its own hook at least";
}

TEST(Threads, CheckpointAtOnceWithRandomNumbers) {
  const auto w = seeded(1, 8, 8).require_grad();
  in_parallel([&](int t) {
    for (int i = 0; i < 50; ++i) {
      Generator generator(static_cast<std::uint64_t>(t)), same(static_cast<std::uint64_t>(t));
      const auto y = checkpoint(
          [&](const Matrix& a) {
            return a * Matrix::random({8, 8}, Distribution::standard(), generator);
          },
          w);
      const auto expected = Tensor<Cpu, 2>::random({8, 8}, Distribution::standard(), same);
      EXPECT_EQ(w.grad(y.backward())->to_data(), expected.to_data());
    }
  });
}

// Small and large buffers, nodes and bodies made by one thread and freed by another, whichever comes last.
TEST(Threads, FreeWhatOtherThreadsMade) {
  const auto run = [] {
    std::vector<std::vector<Vector>> made(kThreads);
    in_parallel([&](int t) {
      for (int i = 0; i < 300; ++i) {
        const auto x = Vector::ones({i % 3 == 0 ? 20'000 : 1 + i}).require_grad();
        made[static_cast<std::size_t>(t)].push_back((x * 2.0).exp() + x);
      }
    });
    in_parallel([&](int t) {
      auto& others = made[static_cast<std::size_t>((t + 1) % kThreads)];
      for (Vector& v : others) EXPECT_GT(v.sum().into_scalar(), 0);
      others.clear();
    });
  };
  run();
  const std::uint64_t before = memory_stats().live;
  for (int i = 0; i < 3; ++i) run();
  EXPECT_EQ(memory_stats().live, before);
}

TEST(Threads, MayEndBeforeTheTensorsTheyMade) {
  Vector result;
  std::thread([&] {
    const auto x = Vector::from_data({3.0}).require_grad();
    result = x * x;
    x.retain_grad();
  }).join();
  EXPECT_EQ(result.into_scalar(), 9);
  EXPECT_EQ(result.backward().size(), 1u);
  std::thread([r = std::move(result)]() mutable { static_cast<void>(std::move(r).backward()); }).join();
}

TEST(Threads, DrawFromTheDefaultGeneratorWithoutOverlap) {
  manual_seed(9);
  std::vector<std::vector<std::int64_t>> drawn(kThreads);
  in_parallel([&](int t) {
    for (int i = 0; i < 100; ++i) {
      const auto values = Tensor<Cpu, 1>::random({4}, Distribution::standard(), {}, DType::F64).to_data();
      for (const double v : values.values<double>())
        drawn[static_cast<std::size_t>(t)].push_back(static_cast<std::int64_t>(v * 0x1p53));
    }
  });
  std::vector<std::int64_t> all;
  for (const auto& d : drawn) all.insert(all.end(), d.begin(), d.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end()) << "two draws gave the same 53 bits";
}

}  // namespace
}  // namespace fornax::test
