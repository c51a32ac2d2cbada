#include <fornax/data/transforms.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

namespace data = fornax::data;
using data::InMemoryDataset;
using data::Random;

InMemoryDataset<int> numbers(int n) {
  std::vector<int> items;
  for (int i = 0; i < n; ++i) items.push_back(10 * i);
  return InMemoryDataset<int>(items);
}

template <class D> auto all(const D& dataset) {
  std::vector<data::ItemOf<D>> items;
  for (std::int64_t i = 0; i < dataset.size(); ++i) items.push_back(dataset.get(i));
  return items;
}

static_assert(data::MapDataset<InMemoryDataset<int>> && !data::RandomDataset<InMemoryDataset<int>>);
static_assert(!data::MapDataset<std::vector<int>>);

TEST(Datasets, ItemsOutsideAreRefused) {
  EXPECT_EQ(message_of<IndexError>([] { numbers(3).get(3); }), "InMemoryDataset: item 3 of 3");
  EXPECT_EQ(message_of<IndexError>([] { numbers(3).get(-1); }), "InMemoryDataset: item -1 of 3");
}

TEST(Datasets, RowsOfArraysAreItems) {
  const data::TensorDataset rows(TensorData({{1.0F, 2.0F}, {3.0F, 4.0F}}), TensorData(std::vector<std::uint8_t>{7, 9}));
  EXPECT_EQ(rows.size(), 2);
  EXPECT_EQ(rows.get(1).input, TensorData({3.0F, 4.0F}));
  EXPECT_EQ(rows.get(1).label, 9);
  EXPECT_EQ(message_of<ShapeError>([] {
              data::TensorDataset(TensorData({{1.0F}}), TensorData({1, 2}));
            }),
            "TensorDataset: inputs [1, 1], labels [2]; inputs [N, ...] and labels [N] would fit");
  EXPECT_THROW(data::TensorDataset(TensorData({1.0F}), TensorData({1.0F})), DTypeError);
}

TEST(Datasets, MapChangesItemsAndTheirType) {
  const auto texts = data::map(numbers(3), [](int x) { return std::to_string(x) + "!"; });
  EXPECT_EQ(all(texts), (std::vector<std::string>{"0!", "10!", "20!"}));
}

TEST(Datasets, ChanceReachesEveryTransformAndIsRepeatable) {
  const auto noisy =
      data::map(numbers(100), [](int x, Random& random) { return x + static_cast<int>(random.below(1000)); });
  static_assert(data::RandomDataset<decltype(noisy)>);
  EXPECT_EQ(all(noisy), all(noisy));
  const auto nested = data::map(data::concat(data::shuffle(noisy, 3), noisy), [](int x) { return x; });
  Random a(1), b(1), c(2);
  EXPECT_EQ(data::get_item(nested, 5, a), data::get_item(nested, 5, b));
  int differ = 0;
  for (std::int64_t i = 0; i < nested.size(); ++i)
    differ += data::get_item(nested, i, a) != data::get_item(nested, i, c) ? 1 : 0;
  EXPECT_GT(differ, 190);
}

TEST(Datasets, SelectionsHaveTheirOwnOrder) {
  EXPECT_EQ(all(data::select(numbers(5), {4, 0, 4})), (std::vector<int>{40, 0, 40}));
  EXPECT_EQ(all(data::part(numbers(5), 1, 3)), (std::vector<int>{10, 20, 30}));
  EXPECT_THROW(data::part(numbers(5), 3, 3), IndexError);
  EXPECT_THROW(data::select(numbers(5), {5}), IndexError);
  std::vector<int> shuffled = all(data::shuffle(numbers(100), 2));
  EXPECT_NE(shuffled, all(numbers(100)));
  std::ranges::sort(shuffled);
  EXPECT_EQ(shuffled, all(numbers(100)));
  EXPECT_EQ(data::sample(numbers(5), 12, 2, true).size(), 12);
}

TEST(Datasets, ASplitHasEveryItemOnce) {
  const auto [train, valid, test] = data::split(numbers(101), std::array{0.7, 0.2, 0.1}, 5);
  EXPECT_EQ(train.size(), 71);
  EXPECT_EQ(valid.size(), 20);
  EXPECT_EQ(test.size(), 10);
  std::vector<int> together = all(data::concat(train, valid, test));
  EXPECT_NE(together, all(numbers(101)));
  std::ranges::sort(together);
  EXPECT_EQ(together, all(numbers(101)));
  EXPECT_THROW(data::split(numbers(10), std::array{0.5, 0.4}, 0), ValueError);
  EXPECT_THROW(data::split(numbers(10), std::array{1.5, -0.5}, 0), ValueError);
}

TEST(Datasets, WindowsLeaveOutWhatDoesNotFill) {
  using Runs = std::vector<std::vector<int>>;
  EXPECT_EQ(all(data::windows(numbers(4), 3)), (Runs{{0, 10, 20}, {10, 20, 30}}));
  EXPECT_EQ(all(data::windows(numbers(6), 2, 3)), (Runs{{0, 10}, {30, 40}}));
  EXPECT_EQ(data::windows(numbers(2), 3).size(), 0);
  EXPECT_EQ(message_of<ValueError>([] { data::windows(numbers(2), 0); }),
            "windows: length 0, step 1; both are at least 1");
  EXPECT_THROW(data::windows(numbers(2), 1, 0), ValueError);
}

TEST(Datasets, ConcatGoesFromOneToTheNext) {
  const auto mixed = data::concat(numbers(2), data::map(numbers(1), [](int) { return 5; }), numbers(0), numbers(1));
  EXPECT_EQ(all(mixed), (std::vector<int>{0, 10, 5, 0}));
  EXPECT_THROW(mixed.get(4), IndexError);
}

}  // namespace
}  // namespace fornax::test
