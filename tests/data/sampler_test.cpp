#include <fornax/data/sampler.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/data/random.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using namespace fornax::data;
using Items = std::vector<std::int64_t>;

Items sorted(Items items) {
  std::ranges::sort(items);
  return items;
}
Items sequence(std::int64_t n) {
  Items items(static_cast<std::size_t>(n));
  std::iota(items.begin(), items.end(), std::int64_t{0});
  return items;
}

// The values that the article "Pseudo-random numbers/Splitmix64" of Rosetta Code has for this seed.
TEST(DataRandom, IsSplitMix64) {
  Random random(1234567);
  for (const std::uint64_t expected :
       {6457827717110365317U, 3203168211198807973U, 9817491932198370423U, 4593380528125082431U, 16408922859458223821U})
    EXPECT_EQ(random.next(), expected);
}

TEST(DataRandom, BelowIsEvenAndStaysBelow) {
  Random random(1);
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts[static_cast<std::size_t>(random.below(7))];
  // Standard deviation of each count: sqrt(70000 * 6/49) = 93; five of them.
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 465);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(random.below(1), 0);
}

TEST(Sampler, APermutationHasEveryItemOnceAndEachSeedItsOwn) {
  EXPECT_EQ(sorted(permutation(1000, 3)), sequence(1000));
  EXPECT_EQ(permutation(1000, 3), permutation(1000, 3));
  EXPECT_NE(permutation(1000, 3), permutation(1000, 4));
  EXPECT_EQ(permutation(0, 3), Items{});
}

TEST(Sampler, PermutationsOfThreeItemsAreEquallyFrequent) {
  std::map<Items, int> counts;
  for (std::uint64_t seed = 0; seed < 12'000; ++seed) ++counts[permutation(3, seed)];
  ASSERT_EQ(counts.size(), 6U);
  // Standard deviation: sqrt(12000 * 5/36) = 41; five of them.
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 2000, 205);
}

TEST(Sampler, WithoutReplacementNoItemComesTwice) {
  const Items drawn = sorted(sample(100, 40, 5, false));
  EXPECT_EQ(drawn.size(), 40U);
  EXPECT_EQ(std::ranges::adjacent_find(drawn), drawn.end());
  const Items again = sample(10, 1000, 5, true);
  EXPECT_EQ(again.size(), 1000U);
  EXPECT_EQ(*std::ranges::max_element(again), 9);
  EXPECT_EQ(message_of<ValueError>([] { sample(3, 4, 0, false); }),
            "sample: 4 items are wanted, and 3 can be drawn without replacement");
  EXPECT_EQ(message_of<ValueError>([] { sample(0, 1, 0, true); }), "sample: 1 items are wanted, and 0 can be drawn");
  EXPECT_THROW(sample(3, -1, 0, true), ValueError);
}

TEST(Sampler, WeightsAreProbabilities) {
  const std::vector<double> weights{0, 1, 3, 0, 6};
  std::vector<int> counts(5);
  for (const std::int64_t i : weighted_sample(weights, 100'000, 8, true)) ++counts[static_cast<std::size_t>(i)];
  EXPECT_EQ(counts[0] + counts[3], 0);
  // Standard deviations: sqrt(n p (1 - p)) = 95, 145, 155; five of them.
  EXPECT_NEAR(counts[1], 10'000, 475);
  EXPECT_NEAR(counts[2], 30'000, 725);
  EXPECT_NEAR(counts[4], 60'000, 775);
}

TEST(Sampler, WithoutReplacementTheFirstItemFollowsTheWeights) {
  const std::vector<double> weights{1, 0, 3};
  int first_is_two = 0;
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    const Items drawn = weighted_sample(weights, 2, seed, false);
    ASSERT_EQ(sorted(drawn), (Items{0, 2}));
    first_is_two += drawn[0] == 2 ? 1 : 0;
  }
  EXPECT_NEAR(first_is_two, 7'500, 5 * 43);  // sqrt(10000 * 3/16) = 43
  EXPECT_THROW(weighted_sample(weights, 3, 0, false), ValueError);
}

TEST(Sampler, WeightsThatAreNoneAreRefused) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const double bad : {-1.0, nan, inf})
    EXPECT_THROW(weighted_sample(std::vector<double>{1, bad}, 1, 0, true), ValueError) << bad;
  EXPECT_THROW(weighted_sample(std::vector<double>{0, 0}, 1, 0, true), ValueError);
  constexpr double most = std::numeric_limits<double>::max();
  EXPECT_THROW(weighted_sample(std::vector<double>{most, most}, 1, 0, true), ValueError);
  EXPECT_EQ(message_of<ValueError>([] {
              Sampler::weighted({1, 2}, 1, 0).order(3, 0);
            }),
            "Sampler::weighted: 2 weights for 3 items");
}

TEST(Sampler, EachEpochHasItsOrder) {
  const Sampler shuffled = Sampler::shuffled(9);
  EXPECT_EQ(sorted(shuffled.order(50, 0)), sequence(50));
  EXPECT_EQ(shuffled.order(50, 1), Sampler::shuffled(9).order(50, 1));
  EXPECT_NE(shuffled.order(50, 1), shuffled.order(50, 2));
  EXPECT_EQ(Sampler::sequential().order(4, 7), sequence(4));
  EXPECT_EQ(Sampler::random(3, 1).order(50, 0).size(), 3U);
  EXPECT_EQ(Sampler::random(3, 1).count(50), 3);
}

}  // namespace
}  // namespace fornax::test
