// What Fusion does not write, because backward can compute it again in the cache.

#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/memory.hpp>
#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>
#include <support/fusion.hpp>

namespace fornax::test {
namespace {

using B = Fusion<Cpu>;
using AD = Autodiff<B>;
using T1 = Tensor<B, 1>;
using A1 = Tensor<AD, 1>;

constexpr std::int64_t kLength = 1 << 16;
constexpr std::uint64_t kBytes = kLength * sizeof(float);

template <class On> Tensor<On, 1> waves() {
  return Tensor<On, 1>::arange(0.0, static_cast<double>(kLength), 1.0).sin();
}
template <class On> Tensor<Autodiff<On>, 1> leaf() {
  const auto x = waves<On>();
  static_cast<void>(on_backend(x.array()));
  return Tensor<Autodiff<On>, 1>::from_inner(x).require_grad();
}

std::uint64_t live() { return memory_stats().live; }
std::uint64_t programs() { return fusion::stats().programs; }
void compute(const A1& x) { static_cast<void>(on_backend(x.array())); }

// Reads the loss, and only then asks for gradients, of a leaf and of what stands between.
template <class On> std::vector<TensorData> read_and_differentiated() {
  auto x = leaf<On>(), w = leaf<On>();
  auto gate = x.sigmoid();
  auto loss = (gate * x * 0.5f + w.tanh() * gate + functional::gelu(x * 2.0f)).sum();
  const TensorData value = loss.to_data();
  const auto first = loss.backward();
  std::vector<TensorData> all{value, x.grad(first)->to_data(), w.grad(first)->to_data()};
  all.push_back(gate.to_data());
  const auto second = std::move(loss).backward();
  all.push_back(w.grad(second)->to_data());
  all.push_back(x.grad(second)->to_data());
  return all;
}

TEST(FusionRecompute, GivesTheSameBits) {
  const std::vector<TensorData> expected = read_and_differentiated<Cpu>();
  for (const cpu::Executor executor : executors()) {
    const ByExecutor by(executor);
    EXPECT_TRUE(same_bits(read_and_differentiated<B>(), expected)) << "executor " << static_cast<int>(executor);
  }
}

TEST(FusionRecompute, DoesNotWriteWhatOnlyTheTapeHolds) {
  const A1 x = leaf<B>();
  const std::uint64_t before = live();
  auto loss = (x.sigmoid() * x).sum();
  reset_peak_memory();
  static_cast<void>(loss.to_data());
  EXPECT_LT(memory_stats().peak - before, kBytes / 2);
  EXPECT_EQ(fusion::stats().waiting, 1u);
  const auto gradients = std::move(loss).backward();
  reset_peak_memory();
  static_cast<void>(on_backend(x.grad(gradients)->array()));
  EXPECT_LT(memory_stats().peak - before, kBytes + kBytes / 2) << "only the gradient";
  EXPECT_EQ(fusion::stats().waiting, 0u);
}

TEST(FusionRecompute, WritesWhatWouldRunAThirdTime) {
  const A1 x = leaf<B>();
  const std::uint64_t before = live();
  const auto loss = (x.sigmoid() * x).sum();
  static_cast<void>(loss.to_data());
  {
    const auto gradients = loss.backward();  // the tape stays
    static_cast<void>(x.grad(gradients)->to_data());
  }
  EXPECT_GE(live() - before, kBytes);
  EXPECT_EQ(fusion::stats().waiting, 0u);
  const std::uint64_t instructions = fusion::stats().instructions;
  const auto gradients = loss.backward();
  static_cast<void>(x.grad(gradients)->to_data());
  const std::uint64_t second = fusion::stats().instructions - instructions;
  const auto other = (x.sigmoid() * x).sum();
  const std::uint64_t whole = fusion::stats().instructions;
  const auto gradients_at_once = other.backward();
  static_cast<void>(x.grad(gradients_at_once)->to_data());
  EXPECT_LT(second, fusion::stats().instructions - whole);
}

TEST(FusionRecompute, WritesWhatIsReadAndWhatNothingHasUsed) {
  const A1 x = leaf<B>(), gate = x.sigmoid(), product = gate * x, sum = (product * 2.0f).sum();
  static_cast<void>(sum.to_data());
  EXPECT_EQ(fusion::stats().waiting, 1u);  // gate and product
  std::uint64_t before = programs();
  compute(product);
  EXPECT_EQ(programs() - before, 1u);
  EXPECT_EQ(fusion::stats().waiting, 0u);
  compute(gate);
  compute(product);
  EXPECT_EQ(programs() - before, 1u) << "with the second run everything is written";

  const A1 used = x.exp(), end = used * x, other = used + 1.0f;
  before = programs();
  compute(end);
  compute(other);
  EXPECT_EQ(programs() - before, 1u);
}

TEST(FusionRecompute, BeginsWithWhatWasWritten) {
  const A1 x = leaf<B>(), y = functional::gelu(x), gate = y.sigmoid(), sum = (gate * y).sum();
  compute(y);
  EXPECT_EQ(fusion::stats().waiting, 1u);
  const std::uint64_t instructions = fusion::stats().instructions;
  compute(gate);
  EXPECT_EQ(fusion::stats().instructions - instructions, 1u);
  EXPECT_TRUE(same_bits(gate.to_data(), functional::gelu(leaf<Cpu>()).sigmoid().to_data()));
  // Under another shape, whoever asks.
  const A1 again = y.exp(), end = (again * y).sum();
  const auto rows = again.reshape({kLength / 64, 64});
  compute(y);
  static_cast<void>(end.to_data());
  EXPECT_EQ(rows.to_data()[70], again.to_data()[70]);
}

TEST(FusionRecompute, WritesWhatWouldHoldMoreMemory) {
  const A1 w = leaf<B>();
  A1 sum;
  {
    const A1 x = leaf<B>();
    sum = (x.tanh() * w).sum();  // the tape keeps tanh, not x
  }
  const std::uint64_t before = live();
  static_cast<void>(sum.to_data());
  EXPECT_EQ(fusion::stats().waiting, 0u);
  EXPECT_LE(live(), before + 1024) << "tanh lies where x lay";
  const A1 x = leaf<B>(), of_two = (x + w).tanh(), dear = x.asinh(), two = x.sin();
  const A1 end = (of_two * dear * two).sum();
  static_cast<void>(end.to_data());
  EXPECT_EQ(fusion::stats().waiting, 0u) << "reading both takes longer than reading it";
}

TEST(FusionRecompute, WithoutATapeWritesWhatSomebodyHolds) {
  const T1 x = waves<B>(), gate = x.sigmoid(), sum = (gate * x).sum();
  static_cast<void>(sum.to_data());
  EXPECT_EQ(fusion::stats().waiting, 0u);
}

TEST(FusionRecompute, HoldsInputsAsTheyWere) {
  A1 x = leaf<B>();
  const A1 gate = x.sigmoid(), sum = (gate * x).sum();
  static_cast<void>(sum.to_data());
  Array inside = x.inner().array();
  x = A1();
  SliceDims front{};
  front.dims[0] = {0, 5, 1};
  inside = slice_assign(std::move(inside), front, T1::full({5}, 7.0f).array());
  EXPECT_EQ(inside.to_data()[4], 7.0);
  EXPECT_TRUE(same_bits(gate.to_data(), leaf<Cpu>().sigmoid().to_data()));
}

TEST(FusionRecompute, TriesAgainAfterMemoryRanOut) {
  const A1 x = leaf<B>();
  auto loss = (x.sigmoid() * x).sum();
  const auto fails = [](auto read) {
    set_memory_limit(live() + 1000);
    EXPECT_THROW(read(), OutOfMemory);
    set_memory_limit(0);
    EXPECT_EQ(fusion::stats().waiting, 1u);
  };
  fails([&] { static_cast<void>(loss.to_data()); });
  static_cast<void>(loss.to_data());
  EXPECT_EQ(fusion::stats().waiting, 1u);
  const auto gradients = std::move(loss).backward();
  fails([&] { static_cast<void>(x.grad(gradients)->to_data()); });
  const auto y = leaf<Cpu>();
  const auto expected = (y.sigmoid() * y).sum().backward();
  EXPECT_TRUE(same_bits(x.grad(gradients)->to_data(), y.grad(expected)->to_data()));
}

TEST(FusionRecompute, StandsInsideOfCheckpoints) {
  const auto run = [](const auto& x) {
    const auto y = checkpoint([](const auto& a) { return a.sigmoid() * a; }, x * 0.5f);
    auto loss = (y.sigmoid() * y).sum();
    std::vector<TensorData> all{loss.to_data()};
    const auto gradients = std::move(loss).backward();
    all.push_back(x.grad(gradients)->to_data());
    return all;
  };
  EXPECT_TRUE(same_bits(run(leaf<B>()), run(leaf<Cpu>())));
}

TEST(FusionRecompute, IsReadByManyThreadsAtOnce) {
  const auto plain = leaf<Cpu>();
  const TensorData expected = plain.sigmoid().to_data(), sum = (plain.sigmoid() * plain).sum().to_data();
  for (int round = 0; round < 5; ++round) {
    const A1 x = leaf<B>(), gate = x.sigmoid(), loss = (gate * x).sum();
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        const SingleThreaded alone;
        if (t % 2) right += same_bits(loss.to_data(), sum);
        const A1 more = gate + 1.0f;
        right += more.to_data()[3] == static_cast<double>(static_cast<float>(expected[3]) + 1.0f);
        right += same_bits(gate.to_data(), expected);
      });
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(right, 10);
  }
}

}  // namespace
}  // namespace fornax::test
