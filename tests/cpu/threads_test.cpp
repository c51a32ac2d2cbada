// Sharing work among threads: the same bits for any number of them, errors, and regions within regions.

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

// Debian's libgomp is not built for the thread sanitizer, which then waits for ever, or sees races in its hand-over.
#if defined(__SANITIZE_THREAD__)
#define FORNAX_NEEDS_REGIONS() GTEST_SKIP() << "libgomp's regions do not run under the thread sanitizer"
#else
#define FORNAX_NEEDS_REGIONS() static_cast<void>(0)
#endif

/// So many threads while it lives.
class Threads {
 public:
  explicit Threads(int n) : before_(num_threads()) { set_num_threads(n); }
  ~Threads() { set_num_threads(before_); }

 private:
  int before_;
};

TEST(ParallelFor, CoversEveryIndexOnceWhateverTheGrain) {
  FORNAX_NEEDS_REGIONS();
  for (const int threads : {1, 2, 5}) {
    const Threads guard(threads);
    for (const std::int64_t count : {0, 1, 7, 64, 1000})
      for (const std::int64_t grain : {1, 3, 64, 5000}) {
        std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
        cpu::parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
          EXPECT_EQ(begin % grain, 0);
          for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
        });
        for (const auto& s : seen) EXPECT_EQ(s, 1);
      }
  }
}

TEST(ParallelFor, ThrowsOnWhatATaskThrew) {
  FORNAX_NEEDS_REGIONS();
  const Threads guard(3);
  for (int round = 0; round < 20; ++round) {
    const auto run = [] {
      cpu::parallel_for(100, 1, [](std::int64_t begin, std::int64_t end) {
        if (begin <= 50 && 50 < end) throw std::runtime_error("task 50");
      });
    };
    EXPECT_THROW(run(), std::runtime_error);
  }
}

TEST(ParallelFor, IsSerialOnAThreadThatWantsIt) {
  FORNAX_NEEDS_REGIONS();
  const Threads guard(4);
  {
    const SingleThreaded alone;
    EXPECT_EQ(cpu::threads_for(100), 1);
    int ranges = 0;
    cpu::parallel_for(100, 1, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_EQ(end - begin, 100);
      ++ranges;
    });
    EXPECT_EQ(ranges, 1);
    const SingleThreaded again;
  }
  EXPECT_EQ(cpu::threads_for(100), 4);
}

TEST(ParallelFor, IsSerialInsideARegion) {
  FORNAX_NEEDS_REGIONS();
  const Threads guard(4);
  std::atomic<int> ranges = 0;
  cpu::parallel_for(4, 1, [&](std::int64_t, std::int64_t) {
    EXPECT_EQ(cpu::threads_for(100), 1);
    cpu::parallel_for(100, 1, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_EQ(end - begin, 100);
      ++ranges;
    });
  });
  EXPECT_GE(ranges, 1);
}

TEST(ParallelTasks, GiveEachWorkerItsOwnNumber) {
  FORNAX_NEEDS_REGIONS();
  const Threads guard(3);
  const int threads = cpu::threads_for(1000);
  EXPECT_EQ(threads, 3);
  std::vector<std::atomic<bool>> busy(static_cast<std::size_t>(threads));
  std::atomic<std::int64_t> sum = 0;
  cpu::parallel_tasks(1000, threads, [&](std::int64_t task, int worker) {
    EXPECT_FALSE(busy[static_cast<std::size_t>(worker)].exchange(true));
    sum += task;
    busy[static_cast<std::size_t>(worker)] = false;
  });
  EXPECT_EQ(sum, 499500);
}

TEST(SetNumThreads, RefusesLessThanOne) {
  EXPECT_THROW(set_num_threads(0), ValueError);
  EXPECT_THROW(set_num_threads(-3), ValueError);
  EXPECT_GE(num_threads(), 1);
}

// Sizes above every threshold at which work is shared.
TEST(Threads, DoNotChangeABit) {
  FORNAX_NEEDS_REGIONS();
  using B = Autodiff<Cpu>;
  const auto run = [] {
    Generator generator(5);
    const auto x = Tensor<B, 2>::random({300, 1000}, Distribution::normal(0, 2), generator).require_grad();
    const auto w = Tensor<B, 2>::random({1000, 200}, Distribution::normal(0, 1), generator).require_grad();
    const auto h = (x * x.sigmoid() + x.tanh()).log_softmax(1);
    const auto y = h.matmul(w).softmax(0) * h.sum_dim(1) + x.max_dim(1) + w.mean_dim(0);
    const auto loss = y.sum() + x.prod_dim(0).mean() + x.exp().sum() + x.swap_dims(0, 1).sum_dim(0).square().sum();
    const auto grads = loss.backward();
    std::vector<TensorData> all{y.inner().to_data(), loss.inner().to_data(), x.grad(grads).value().to_data(),
                                w.grad(grads).value().to_data()};
    return all;
  };
  std::vector<TensorData> one;
  {
    const Threads guard(1);
    one = run();
  }
  for (const int threads : {2, 3}) {
    const Threads guard(threads);
    const std::vector<TensorData> many = run();
    for (std::size_t i = 0; i < one.size(); ++i) {
      ASSERT_EQ(one[i].bytes().size(), many[i].bytes().size());
      EXPECT_TRUE(std::equal(one[i].bytes().begin(), one[i].bytes().end(), many[i].bytes().begin()))
          << threads << " " << i;
    }
  }
}

}  // namespace
}  // namespace fornax::test
