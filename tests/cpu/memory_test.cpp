// The allocator: what it counts, its limit, and buffers that are used again.
#include <gtest/gtest.h>

#include <fornax/cpu/memory.hpp>
#include <fornax/fornax.hpp>

namespace fornax {
namespace {

constexpr std::int64_t kElements = 1 << 18;  // 1 MiB of f32

TEST(Memory, CountsWhatIsLive) {
  const std::uint64_t before = memory_stats().live;
  {
    const auto x = Tensor<Cpu, 1>::zeros({kElements});
    EXPECT_GE(memory_stats().live, before + (1 << 20));
  }
  EXPECT_EQ(memory_stats().live, before);
}

TEST(Memory, BeyondTheLimitIsAnErrorAndTheProgramGoesOn) {
  set_memory_limit(memory_stats().live + (1 << 21));
  const auto x = Tensor<Cpu, 1>::ones({kElements});
  EXPECT_THROW((Tensor<Cpu, 1>::zeros({16 * kElements})), OutOfMemory);
  set_memory_limit(0);
  EXPECT_EQ(x.sum().into_scalar(), static_cast<double>(kElements));
  EXPECT_EQ((Tensor<Cpu, 1>::ones({16 * kElements})).sum().into_scalar(), 16.0 * kElements);
}

TEST(Memory, WhatTheSystemCannotGiveIsAnError) {
  EXPECT_THROW((Tensor<Cpu, 1>::zeros({std::int64_t{1} << 55})), OutOfMemory);
}

TEST(Memory, TrimEmptiesTheCache) {
  { const auto x = Tensor<Cpu, 1>::zeros({kElements}); }
  trim_memory();
  EXPECT_EQ(memory_stats().cached, 0u);
}

TEST(Memory, ChainsOfTemporariesUseOneBuffer) {
  const auto x = Tensor<Cpu, 1>::ones({kElements});
  const std::uint64_t before = memory_stats().allocations;
  const auto y = (x * 2 + 1).exp().log().neg();
  EXPECT_EQ(memory_stats().allocations, before + 1);
  EXPECT_EQ(x.sum().into_scalar(), static_cast<double>(kElements)) << "the named tensor is untouched";
  EXPECT_NEAR(y.mean().into_scalar(), -3.0, 1e-6);
}

TEST(Memory, AMovedTensorGivesItsBufferAway) {
  auto x = Tensor<Cpu, 1>::ones({kElements});
  const std::uint64_t before = memory_stats().allocations;
  const auto y = std::move(x) + 1;
  EXPECT_EQ(memory_stats().allocations, before);
  EXPECT_THROW(static_cast<void>(x.shape()), ValueError);
}

TEST(Memory, ASharedBufferIsNotWrittenTo) {
  auto x = Tensor<Cpu, 1>::ones({kElements});
  const auto half = x.narrow(0, 0, kElements / 2);
  const auto y = std::move(x) * 5;
  EXPECT_EQ(half.mean().into_scalar(), 1.0);
  EXPECT_EQ(y.mean().into_scalar(), 5.0);
}

}  // namespace
}  // namespace fornax
