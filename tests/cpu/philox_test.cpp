#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/isa/random.hpp>
#include <fornax/cpu/kernels/philox.hpp>

namespace fornax::test {
namespace {

using Block = std::array<std::uint32_t, 4>;

// Random123 1.14, tests/kat_vectors: philox4x32 10
TEST(Philox, AgreesWithTheKnownAnswersOfItsAuthors) {
  EXPECT_EQ(cpu::philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(cpu::philox({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(cpu::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, BlocksOfAStreamTakeSeedAndIndexIn64Bits) {
  EXPECT_EQ(cpu::philox_block(0, 0), cpu::philox({0, 0, 0, 0}, {0, 0}));
  EXPECT_EQ(cpu::philox_block(0x299f31d0a4093822, 0x85a308d3243f6a88),
            cpu::philox({0x243f6a88, 0x85a308d3, 0, 0}, {0xa4093822, 0x299f31d0}));
}

TEST(Philox, GivesTheSameWordsInEveryInstructionSet) {
  constexpr std::int64_t blocks = 37;
  const std::uint64_t seed = 0x299f31d0a4093822, first = 0xffffffff - 5;  // the index outgrows 32 bits on the way
  for (const cpu::Isa isa : {cpu::Isa::Portable, cpu::Isa::Avx2, cpu::Isa::Avx512}) {
    if (!cpu::has_isa(isa)) continue;
    std::vector<std::uint32_t> words(4 * blocks + cpu::kMostSurplus);
    cpu::random_kernels(DType::F32, isa).words(seed, first, blocks, words.data());
    for (std::size_t b = 0; b < blocks; ++b) {
      const Block block = cpu::philox_block(seed, first + b);
      for (std::size_t w = 0; w < 4; ++w) ASSERT_EQ(words[4 * b + w], block[w]) << static_cast<int>(isa) << " " << b;
    }
  }
}

}  // namespace
}  // namespace fornax::test
