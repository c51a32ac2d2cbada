// When Fusion runs what waits, what it keeps meanwhile, and what other threads see.

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/dense.hpp>
#include <fornax/cpu/fused/plan.hpp>
#include <fornax/cpu/memory.hpp>
#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>
#include <support/errors.hpp>
#include <support/fusion.hpp>

namespace fornax::test {
namespace {

using B = Fusion<Cpu>;
using T1 = Tensor<B, 1>;
using T2 = Tensor<B, 2>;

T1 counted(std::int64_t n) { return T1::arange(0.0, static_cast<double>(n), 1.0); }

struct Done {
  std::uint64_t programs, instructions;
};
// What f made run.
template <class F> Done done_by(F&& f) {
  const fusion::Stats before = fusion::stats();
  f();
  const fusion::Stats after = fusion::stats();
  return {after.programs - before.programs, after.instructions - before.instructions};
}

class FusionTest : public testing::Test {
 protected:
  EverySize every_size_;
};

TEST_F(FusionTest, NamesItsStack) {
  EXPECT_EQ(Autodiff<B>::interpreter().name(), "Autodiff<Fusion<Cpu>>");
  EXPECT_THROW(fusion::around(Autodiff<Cpu>::interpreter()), ValueError);
}

TEST_F(FusionTest, RunsAChainOnceWhenItIsRead) {
  const T1 x = counted(100);
  T1 y;
  EXPECT_EQ(done_by([&] { y = ((x + 1.0f) * 2.0f).sqrt(); }).programs, 0u);
  const Done done = done_by([&] { EXPECT_EQ(y.to_data()[7], 4.0); });
  EXPECT_EQ(done.programs, 1u);
  EXPECT_EQ(done.instructions, 3u);
  EXPECT_EQ(done_by([&] { static_cast<void>(y.to_data()); }).programs, 0u);
}

TEST_F(FusionTest, WritesWhatSeveralReadOnce) {
  const T1 x = counted(100);
  const T1 middle = x.exp(), sum = middle.sum(), other = middle * x;
  const Done done = done_by([&] { static_cast<void>(sum.into_scalar()); });
  EXPECT_EQ(done.instructions, 3u);
  EXPECT_EQ(done_by([&] { static_cast<void>(middle.to_data()), static_cast<void>(other.to_data()); }).programs, 0u);
}

TEST_F(FusionTest, NeverRunsWhatDiesUnread) {
  const T1 x = counted(100);
  const Done done = done_by([&] {
    { const T1 y = x.exp().sin() + x; }
    T1 kept = x + 1.0f;
    { const T1 other = kept.cos().tan(); }
    EXPECT_EQ(kept.to_data()[1], 2.0);
  });
  EXPECT_EQ(done.programs, 1u);
  EXPECT_EQ(done.instructions, 1u);
  EXPECT_EQ(fusion::stats().waiting, 0u);
}

TEST_F(FusionTest, RunsBackwardAsOneProgramToo) {
  using A = Tensor<Autodiff<B>, 1>;
  const A a = A::from_inner(counted(100)).require_grad(), b = A::from_inner(counted(100)).require_grad();
  Gradients<Autodiff<B>> gradients;
  EXPECT_EQ(done_by([&] { gradients = (a * b).tanh().sum().backward(); }).programs, 0u);
  const Done done = done_by([&] {
    EXPECT_EQ(a.grad(gradients)->to_data()[0], 0.0);
    EXPECT_EQ(b.grad(gradients)->to_data()[0], 0.0);
  });
  EXPECT_EQ(done.programs, 1u);
  EXPECT_EQ(done.instructions, 5u);  // a b, tanh, its slope, and with a and b
}

TEST_F(FusionTest, HoldsInputsAsTheyWere) {
  Array x = counted(10).array();
  const Array y = x * 3.0;
  SliceDims front{};
  front.dims[0] = {0, 5, 1};
  x = slice_assign(std::move(x), front, T1::zeros({5}).array());
  EXPECT_EQ(x.to_data()[4], 0.0);
  EXPECT_EQ(y.to_data()[4], 12.0);
  // Both at once: neither may take the buffer that the other reads.
  T1 z = counted(10) + 0.0f;
  static_cast<void>(z.to_data());
  const T1 half = z * 0.5f;
  const T1 twice = std::move(z) * 2.0f;
  EXPECT_EQ(twice.to_data()[9], 18.0);
  EXPECT_EQ(half.to_data()[9], 4.5);
}

TEST_F(FusionTest, TakesTheBufferOfAnInputThatNobodyHolds) {
  constexpr std::int64_t kLength = 1 << 20;
  T1 x = counted(kLength);
  reset_peak_memory();
  const std::uint64_t before = memory_stats().live;
  x = (std::move(x) * 2.0f + 1.0f).abs();
  EXPECT_EQ(x.to_data()[3], 7.0);
  EXPECT_LT(memory_stats().peak - before, 1u << 20);
}

TEST_F(FusionTest, RefusesWrongOperandsAtTheCall) {
  const T1 x = counted(3) + 1.0f, y = counted(4) + 1.0f;
  expect_refused<ShapeError>([&] { static_cast<void>(x + y); }, "add", "shapes");
  expect_refused<DTypeError>(
      [&] { static_cast<void>(run(op::Unary{UnaryFn::Exp}, {(counted(3).to_int() + 1).array()})); }, "exp", "an Int");
  const Tensor<B, 1, Int> n = counted(3).to_int();
  expect_refused<ValueError>([&] { static_cast<void>((n + 5) / (n * 1)); }, "div", "a zero divisor");
  EXPECT_EQ(x.to_data()[2], 3.0);
}

TEST_F(FusionTest, TriesAgainAfterMemoryRanOut) {
  const T1 x = counted(1 << 20), y = (x + 1.0f) * x;
  set_memory_limit(memory_stats().live + 1000);
  EXPECT_THROW(static_cast<void>(y.to_data()), OutOfMemory);
  set_memory_limit(0);
  EXPECT_EQ(y.to_data()[2], 6.0);
  EXPECT_EQ(fusion::stats().waiting, 0u);
}

TEST_F(FusionTest, EndsProgramsThatGrowTooLong) {
  T1 x = counted(10);
  for (int i = 0; i < 1000; ++i) x = x + 1.0f;
  const Done done = done_by([&] { EXPECT_EQ(x.to_data()[9], 1009.0); });
  EXPECT_LT(done.instructions, 70u);
  T1 sum = counted(10);
  for (int i = 0; i < 200; ++i) sum = sum + T1::full({10}, 1.0f);
  EXPECT_EQ(sum.to_data()[0], 200.0);
}

TEST_F(FusionTest, HoldsNoMoreThanIsAllowed) {
  const std::uint64_t before = fusion::most_bytes();
  fusion::set_most_bytes(3 << 12);
  std::vector<T1> sums;
  for (int i = 0; i < 20; ++i) {
    sums.push_back((counted(1 << 10) * 2.0f).sum());
    EXPECT_LE(fusion::stats().waiting, 5u);
  }
  fusion::set_most_bytes(before);
  for (const T1& s : sums) EXPECT_EQ(s.into_scalar(), 1023 * 1024);
}

TEST_F(FusionTest, KeepsABoundedNumberOfPlans) {
  const T1 x = counted(4);
  for (int i = 0; i < 600; ++i) {
    T1 y = x;
    for (int bits = i + 1024; bits > 1; bits /= 2) y = bits % 2 ? y + 1.0f : y.abs();
    static_cast<void>(y.to_data());
  }
  EXPECT_LE(cpu::cached_plans(), cpu::kMostPlans);
  EXPECT_GT(cpu::cached_plans(), cpu::kMostPlans / 2);
}

TEST_F(FusionTest, LetsOneProgramReshapeReadAndReduce) {
  const T2 x = counted(12).reshape({3, 4});
  const T2 y = x + 1.0f;
  const auto flat = y.reshape({12});
  const T2 rows = y.sum_dim(1), columns = y.sum_dim(0);
  EXPECT_EQ(flat.to_data()[11], 12.0);
  EXPECT_EQ(rows.to_data()[2], 42.0);
  EXPECT_EQ(columns.to_data()[3], 24.0);
  EXPECT_EQ((flat * 2.0f).to_data()[0], 2.0);
}

// An activation and a norm, with the gradients of all that takes part.
template <class On> std::vector<TensorData> activated_and_normed() {
  using T3 = Tensor<Autodiff<On>, 3>;
  using V = Tensor<Autodiff<On>, 1>;
  const auto numbers = [](std::int64_t n) { return Tensor<On, 1>::arange(0.0, static_cast<double>(n), 1.0).sin(); };
  const T3 x = T3::from_inner(numbers(4 * 70 * 40).reshape({4, 70, 40})).require_grad();
  const V w = V::from_inner(numbers(40)).require_grad(), gamma = V::from_inner(numbers(40) + 1.0f).require_grad();
  const T3 u = functional::gelu(x * w.reshape({1, 1, 40}));
  T3 y = functional::layer_norm(u, gamma, w);
  const Tensor<On, 3> g = numbers(4 * 70 * 40).reshape({4, 70, 40}), value = y.inner();
  const Gradients<Autodiff<On>> gradients = std::move(y).backward(g);
  return {value.to_data(), x.grad(gradients)->to_data(), w.grad(gradients)->to_data(),
          gamma.grad(gradients)->to_data()};
}

TEST_F(FusionTest, RunsNormsWithWhatIsAroundThem) {
  const std::vector<TensorData> expected = activated_and_normed<Cpu>();
  for (const cpu::Executor executor : executors()) {
    const ByExecutor by(executor);
    std::vector<TensorData> got;
    const Done done = done_by([&] { got = activated_and_normed<B>(); });
    EXPECT_TRUE(same_bits(got, expected)) << "executor " << static_cast<int>(executor);
    EXPECT_GT(done.instructions, 8u);
    EXPECT_LE(done.programs, 10u);
  }
}

TEST_F(FusionTest, LeavesPicturesInTheOrderInWhichTheyLie) {
  const Array plain = upload(TensorData(Shape{2, 4, 5, 3}, DType::F32));
  constexpr std::int64_t kChannelsFirst[] = {0, 3, 1, 2};
  const Array pictures = permute(plain, kChannelsFirst);
  const Array y = fusing().enter(pictures) * 2.0 + 1.0;
  EXPECT_EQ(dense(on_backend(y)).strides, dense(pictures).strides);
  const Array z = y + 1.0, flat = reshape(z, Shape{120});
  EXPECT_EQ(flat.to_data()[119], 2.0);
  EXPECT_TRUE(is_contiguous(on_backend(z)));
}

TEST_F(FusionTest, PutsInRowsWhatIsReshaped) {
  const Array turned = fusing().enter(swap_dims(upload(TensorData(Shape{8, 4}, DType::F32)), 0, 1));
  EXPECT_FALSE(is_contiguous(on_backend(turned * 2.0)));
  const Array x = turned * 2.0;
  EXPECT_TRUE(is_contiguous(on_backend(reshape(reshape(x, Shape{32}), Shape{4, 8}))));
  EXPECT_TRUE(is_contiguous(on_backend(functional::quantize_weight(turned).codes))) << "products read rows";
}

TEST_F(FusionTest, StandsInsideOfWatchers) {
  using W = Check<B>;
  const auto x = Tensor<W, 1>::from_data({1.0f, 0.0f});
  EXPECT_THROW(static_cast<void>((x * 1.0f).log() - 1.0f), NonFinite);
  const auto program = trace::record([](const auto& t) { return ((t + 1.0f) * 2.0f).sum(); }, counted(3));
  EXPECT_EQ(program.nodes().size(), 4u);
}

TEST(Fusion, RunsSmallArraysAtOnce) {
  const T1 x = counted(fusion::least_elements() - 1), y = counted(fusion::least_elements());
  const std::uint64_t before = fusion::stats().deferred;
  EXPECT_EQ((x + 1.0f).to_data()[0], 1.0);
  EXPECT_EQ(fusion::stats().deferred, before);
  EXPECT_EQ((y + 1.0f).to_data()[0], 1.0);
  EXPECT_EQ(fusion::stats().deferred, before + 1);
  EXPECT_THROW(fusion::set_least_elements(-1), ValueError);
}

TEST_F(FusionTest, IsReadByManyThreadsAtOnce) {
  for (int round = 0; round < 20; ++round) {
    const T1 x = counted(1000), y = (x + 1.0f) * 2.0f, z = y.abs();
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        const SingleThreaded alone;
        const T1 own = t % 2 ? y + z : z * y;  // grows the shared program while others run it
        const double expected = t % 2 ? 2 * 2 * 11.0 : 22.0 * 22.0;
        right += y.to_data()[10] == 22.0 && z.to_data()[10] == 22.0 && own.to_data()[10] == expected;
      });
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(right, 4);
  }
}

TEST_F(FusionTest, IsBuiltOnOneThreadReadOnAnotherAndDroppedOnAThird) {
  for (int round = 0; round < 20; ++round) {
    std::vector<T1> all;
    std::thread([&] {
      const T1 x = counted(100);
      for (int i = 0; i < 8; ++i) all.push_back(x * static_cast<float>(i) + 1.0f);
      for (int i = 0; i < 7; ++i)
        all.push_back(all[static_cast<std::size_t>(i)] + all[static_cast<std::size_t>(i) + 1]);
    }).join();
    std::vector<T1> dropped(all.begin(), all.begin() + 6);
    all.erase(all.begin(), all.begin() + 6);
    std::thread dropping([&] { dropped.clear(); });
    std::thread reading([&] {
      const SingleThreaded alone;
      EXPECT_EQ(all[0].to_data()[2], 13.0);
    });
    dropping.join();
    reading.join();
    EXPECT_EQ(all.back().to_data()[1], 15.0);
  }
}

}  // namespace
}  // namespace fornax::test
