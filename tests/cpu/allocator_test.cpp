// The allocator beyond memory_test.cpp: its peak, its cache, what operations reuse, and many threads.

#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/memory.hpp>
#include <fornax/fornax.hpp>
#include <support/errors.hpp>
#include <support/process.hpp>

namespace fornax::test {
namespace {

using Vector = Tensor<Cpu, 1>;
using Matrix = Tensor<Cpu, 2>;

constexpr std::int64_t kElements = 1 << 18;
constexpr std::uint64_t kBytes = kElements * 4;

TEST(Allocator, RemembersThePeakUntilItIsReset) {
  const std::uint64_t before = memory_stats().live;
  reset_peak_memory();
  EXPECT_EQ(memory_stats().peak, before);
  { const auto x = Vector::zeros({kElements}), y = Vector::zeros({kElements}); }
  EXPECT_EQ(memory_stats().peak, before + 2 * kBytes);
  EXPECT_EQ(memory_stats().live, before);
  reset_peak_memory();
  EXPECT_EQ(memory_stats().peak, before);
}

TEST(Allocator, GivesFreedBlocksOutAgain) {
  if (kAddressSanitizer) GTEST_SKIP() << "there every block is really freed, so that misuse is seen";
  trim_memory();
  { const auto x = Vector::zeros({kElements}); }
  EXPECT_EQ(memory_stats().cached, kBytes);
  const auto y = Vector::zeros({kElements});
  EXPECT_EQ(memory_stats().cached, 0u);
}

TEST(Allocator, NamesTheOperationTheSizeAndTheLimit) {
  const std::uint64_t live = memory_stats().live;
  set_memory_limit(live + kBytes);
  const auto x = Vector::ones({kElements / 2});
  const std::string message = message_of<OutOfMemory>([&] { Vector::zeros({kElements}); });
  const std::string expected = "full: " + std::to_string(kBytes) + " bytes would exceed the limit of " +
                               std::to_string(live + kBytes) + "; " + std::to_string(live + kBytes / 2) + " are live";
  EXPECT_EQ(message, expected);
  EXPECT_EQ(message_of<OutOfMemory>([&] { x.repeat({4}); }).substr(0, 9), "reshape: ");
  set_memory_limit(0);
  EXPECT_EQ(x.sum().into_scalar(), kElements / 2);
}

TEST(Allocator, DoesNotCountRequestsThatFailed) {
  reset_peak_memory();
  const MemoryStats before = memory_stats();
  EXPECT_THROW((Vector::zeros({std::int64_t{1} << 55})), OutOfMemory);
  set_memory_limit(before.live + 1);
  EXPECT_THROW(Vector::zeros({kElements}), OutOfMemory);
  set_memory_limit(0);
  EXPECT_EQ(memory_stats().live, before.live);
  EXPECT_EQ(memory_stats().peak, before.peak);
  EXPECT_EQ(memory_stats().allocations, before.allocations);
}

// A failure in the middle of a graph leaves the tensors, and the memory that they do not need is free again.
TEST(Allocator, FailsInsideBackwardWithoutALeak) {
  using AD = Autodiff<Cpu>;
  const auto x = Tensor<AD, 1>::full({kElements}, 0.5).require_grad();
  const auto loss = (x.exp() * x.sin()).tanh().sum();
  const TensorData expected = x.grad(loss.backward())->to_data();
  const std::uint64_t live = memory_stats().live;
  std::uint64_t room = 0;  // buffers that it may take; with enough of them it succeeds
  for (bool failed = true; failed; ++room) {
    ASSERT_LT(room, 20u);
    set_memory_limit(live + room * kBytes);
    try {
      static_cast<void>(loss.backward());
      failed = false;
    } catch (const OutOfMemory&) {}
    set_memory_limit(0);
    EXPECT_EQ(memory_stats().live, live) << room;
  }
  EXPECT_GE(room, 2u) << "no attempt failed";
  EXPECT_EQ(x.grad(loss.backward())->to_data(), expected) << "and the graph works again";
}

TEST(Allocator, FailureLeavesGivenOperandsWithTheirValues) {
  auto x = Vector::ones({kElements});
  const auto shared = x;
  set_memory_limit(memory_stats().live);
  EXPECT_THROW(std::move(x) * 2.0, OutOfMemory);
  set_memory_limit(0);
  EXPECT_EQ(x.sum().into_scalar(), static_cast<double>(kElements));
}

TEST(Allocator, IsNotAskedByViewsAndInPlaceChains) {
  const auto x = Matrix::ones({512, 512});
  const std::uint64_t before = memory_stats().allocations;
  const auto view = x.transpose().slice({{0, 100}, Range::all().by(-1)}).unsqueeze_dim(1).expand({100, 7, 512});
  EXPECT_EQ(memory_stats().allocations, before) << "views copy nothing";
  EXPECT_EQ(view.numel(), 100 * 7 * 512);

  const auto y = ((x + 1.0) * 2.0).sqrt().clamp(0, 1);
  EXPECT_LE(memory_stats().allocations, before + 2) << "a temporary's buffer is the next result's";
}

TEST(Allocator, DoesNotReuseABufferThatAnotherTensorReads) {
  auto x = Vector::full({kElements}, 3);
  const auto copy = x;
  const auto y = std::move(x) * 2.0;
  EXPECT_EQ(copy.min().into_scalar(), 3);
  EXPECT_EQ(copy.max().into_scalar(), 3);
  EXPECT_EQ(y.min().into_scalar(), 6);
  auto whole = Vector::full({kElements}, 3);
  const auto reversed = whole.flip({0});
  static_cast<void>(std::move(whole).neg());
  EXPECT_EQ(reversed.min().into_scalar(), 3);
}

TEST(Allocator, KeepsWhatBackwardNeedsWhenTemporariesAreReused) {
  using AD = Autodiff<Cpu>;
  const auto x = Tensor<AD, 1>::full({kElements}, 0.5).require_grad();
  const auto chain = (x * 2.0).exp().sin().square().sum();
  const auto h1 = x * 2.0, h2 = h1.exp(), h3 = h2.sin(), h4 = h3.square();
  EXPECT_EQ(x.grad(chain.backward())->to_data(), x.grad(h4.sum().backward())->to_data());
}

TEST(Allocator, ServesManyThreads) {
  const std::uint64_t before = memory_stats().live;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) {
        const auto x = Vector::full({1000 + 500 * (i % 7)}, t);
        EXPECT_EQ((x + 1.0).max().into_scalar(), t + 1);
        if (i % 50 == 0) trim_memory();
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(memory_stats().live, before);
}

TEST(Allocator, GivesBuffersThatVectorInstructionsLike) {
  for (const std::int64_t n : {9, 100, 1000, 5000, 1 << 20}) {
    Storage* storage = allocate_storage("test", static_cast<std::size_t>(n));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(storage->data) % 64, 0u) << n;
    storage->data[0] = storage->data[n - 1] = std::byte{1};
    release_storage(storage);
  }
}

}  // namespace
}  // namespace fornax::test
