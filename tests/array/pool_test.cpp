// The pool of small blocks: alignment, reuse, and blocks that change threads.

#include <cstdint>
#include <cstring>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/pool.hpp>
#include <support/process.hpp>

namespace fornax::test {
namespace {

TEST(Pool, GivesAlignedBlocksThatDoNotOverlap) {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (std::size_t bytes = 0; bytes <= Pool::kLargest; bytes += 13) {
    for (int i = 0; i < 5; ++i) {
      void* block = Pool::take(bytes);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % Pool::kStep, 0u);
      std::memset(block, static_cast<int>(blocks.size() % 251), bytes);
      blocks.emplace_back(block, bytes);
    }
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto* bytes = static_cast<const unsigned char*>(blocks[i].first);
    for (std::size_t b = 0; b < blocks[i].second; ++b)
      ASSERT_EQ(bytes[b], i % 251) << "another block was written over it";
  }
  for (const auto& [block, bytes] : blocks) Pool::give(block, bytes);
}

TEST(Pool, GivesTheSameBlocksAgain) {
  if (kAddressSanitizer) GTEST_SKIP() << "there blocks come from the system, which keeps freed ones back";
  std::set<void*> first;
  std::vector<void*> held;
  for (int i = 0; i < 10; ++i) held.push_back(Pool::take(200));
  first.insert(held.begin(), held.end());
  for (void* block : held) Pool::give(block, 200);
  held.clear();
  for (int i = 0; i < 10; ++i) held.push_back(Pool::take(200));
  EXPECT_EQ(std::set<void*>(held.begin(), held.end()), first);
  for (void* block : held) Pool::give(block, 200);
}

TEST(Pool, ReturnsTheBlockOfAConstructorThatThrows) {
  struct Throws {
    Throws() { throw std::runtime_error("no"); }
    std::byte bytes[700];
  };
  EXPECT_THROW(Pool::make<Throws>(), std::runtime_error);
}

// One thread only takes, another only gives: the blocks have to come back by way of the depot, or memory grows.
TEST(Pool, PassesBlocksBackToAThreadThatOnlyTakes) {
  constexpr int kRounds = 200, kBlocks = 1000;
  const auto round = [&] {
    std::vector<void*> blocks;
    for (int i = 0; i < kBlocks; ++i) blocks.push_back(Pool::take(1000));
    std::thread([&] {
      for (void* b : blocks) Pool::give(b, 1000);
    }).join();
  };
  for (int i = 0; i < 10; ++i) round();
  const std::size_t before = resident_bytes();
  for (int i = 0; i < kRounds; ++i) round();
  if (kAddressSanitizer || kThreadSanitizer) return;  // they keep freed memory and records of it
  EXPECT_LT(resident_bytes(), before + kRounds * kBlocks * std::size_t{1000} / 20)
      << "less than a twentieth of what was taken";
}

TEST(Pool, ServesManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      std::vector<unsigned char*> held;
      for (int i = 0; i < 5000; ++i) {
        auto* block = static_cast<unsigned char*>(Pool::take(64));
        block[0] = static_cast<unsigned char>(t);
        held.push_back(block);
        if (held.size() < 500) continue;
        for (unsigned char* b : held) {
          EXPECT_EQ(b[0], t);
          Pool::give(b, 64);
        }
        held.clear();
      }
      for (unsigned char* b : held) Pool::give(b, 64);
    });
  }
  for (std::thread& t : threads) t.join();
}

}  // namespace
}  // namespace fornax::test
