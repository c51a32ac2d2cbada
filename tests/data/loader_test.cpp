#include <fornax/data/loader.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/data/stream_loader.hpp>
#include <fornax/data/transforms.hpp>
#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

namespace data = fornax::data;
using data::DataLoader;
using data::InMemoryDataset;
using data::LoadError;
using data::LoaderState;
using data::Random;
using data::Sampler;
using Batch = std::vector<int>;
using Batches = std::vector<Batch>;

constexpr int kWorkers[] = {0, 1, 2, 8};

InMemoryDataset<int> numbers(int n) {
  Batch items;
  for (int i = 0; i < n; ++i) items.push_back(i);
  return InMemoryDataset<int>(items);
}

// Numbers that come one after the other.
struct Counter {
  struct Stream {
    int at, end;
    std::optional<int> next() {
      if (at == 13 && end == 99) throw std::runtime_error("unlucky");
      return at < end ? std::optional(at++) : std::nullopt;
    }
  };
  int n;
  Stream stream() const { return {0, n}; }
};
static_assert(data::IterableDataset<Counter> && !data::MapDataset<Counter>);

template <class Loader> Batches epoch(Loader& loader) {
  Batches batches;
  for (auto& batch : loader) batches.push_back(batch);
  return batches;
}

Batch flat(const Batches& batches) {
  Batch all;
  for (const Batch& b : batches) all.insert(all.end(), b.begin(), b.end());
  return all;
}

Batch all_numbers(int n) {
  Batch items;
  for (int i = 0; i < n; ++i) items.push_back(i);
  return items;
}

// An item that takes longer the smaller it is, so that workers overtake each other.
int slow(int x) {
  std::this_thread::sleep_for(std::chrono::microseconds((7 * x) % 300));
  return x;
}

// --- Which batches ----------------------------------------------------------------------------------------------------

TEST(DataLoader, CutsTheDatasetIntoBatches) {
  DataLoader loader(numbers(7), {.batch_size = 3});
  EXPECT_EQ(loader.size(), 3);
  EXPECT_EQ(epoch(loader), (Batches{{0, 1, 2}, {3, 4, 5}, {6}}));
  EXPECT_EQ(epoch(loader), (Batches{{0, 1, 2}, {3, 4, 5}, {6}})) << "the next epoch";
  DataLoader whole(numbers(7), {.batch_size = 3, .drop_last = true});
  EXPECT_EQ(whole.size(), 2);
  EXPECT_EQ(epoch(whole), (Batches{{0, 1, 2}, {3, 4, 5}}));
  DataLoader full(numbers(6), {.batch_size = 3, .drop_last = true});
  EXPECT_EQ(full.size(), 2);
  DataLoader empty(numbers(0), {.batch_size = 3});
  EXPECT_EQ(epoch(empty), Batches{});
}

TEST(DataLoader, AnyNumberOfWorkersGivesTheSameBatchesInTheSameOrder) {
  const auto dataset = data::map(
      numbers(200), [](int x, Random& random) { return slow(x) + 1000 * static_cast<int>(random.below(1000)); });
  std::vector<std::vector<Batches>> runs;
  for (const int workers : kWorkers) {
    DataLoader loader(dataset, {.batch_size = 7, .sampler = Sampler::shuffled(3), .seed = 5, .workers = workers});
    runs.push_back({epoch(loader), epoch(loader), epoch(loader)});
  }
  for (const auto& run : runs) EXPECT_EQ(run, runs[0]);
  EXPECT_EQ(runs[0][0].size(), 29U);
  EXPECT_NE(runs[0][0], runs[0][1]) << "epochs differ";
  Batch items = flat(runs[0][0]);
  for (int& item : items) item %= 1000;
  std::ranges::sort(items);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(items[static_cast<std::size_t>(i)], i);
}

TEST(DataLoader, AugmentationDiffersFromEpochToEpochAndFromDrawToDraw) {
  const auto dataset =
      data::map(numbers(1), [](int, Random& random) { return static_cast<int>(random.below(1'000'000)); });
  DataLoader loader(dataset, {.batch_size = 3, .sampler = Sampler::random(3, 1)});
  const Batch first = epoch(loader)[0], second = epoch(loader)[0];
  EXPECT_NE(first[0], first[1]) << "the same item, drawn twice";
  EXPECT_NE(first[0], second[0]);
}

TEST(DataLoader, BucketsHaveItemsOfSimilarLength) {
  std::vector<std::int64_t> lengths;
  Random random(4);
  for (int i = 0; i < 1000; ++i) lengths.push_back(1 + random.below(500));
  const auto spread = [&](const data::LoaderOptions& options) {
    DataLoader loader(numbers(1000), options);
    std::int64_t wasted = 0;
    Batch seen;
    for (const Batch& batch : loader) {
      std::int64_t longest = 0;
      for (const int i : batch) longest = std::max(longest, lengths[static_cast<std::size_t>(i)]);
      for (const int i : batch) wasted += longest - lengths[static_cast<std::size_t>(i)];
      seen.insert(seen.end(), batch.begin(), batch.end());
    }
    std::ranges::sort(seen);
    EXPECT_EQ(seen, all_numbers(1000));
    return wasted;
  };
  const std::int64_t plain = spread({.batch_size = 16, .sampler = Sampler::shuffled(1)});
  const std::int64_t buckets = spread({.batch_size = 16, .sampler = Sampler::shuffled(1), .lengths = lengths});
  EXPECT_LT(buckets * 10, plain);
  DataLoader loader(numbers(1000),
                    {.batch_size = 16, .sampler = Sampler::shuffled(1), .lengths = lengths, .bucket_batches = 5});
  EXPECT_EQ(loader.size(), 63);
  const Batches a = epoch(loader), b = epoch(loader);
  EXPECT_NE(a, b);
  DataLoader again(
      numbers(1000),
      {.batch_size = 16, .sampler = Sampler::shuffled(1), .lengths = lengths, .bucket_batches = 5, .workers = 2});
  EXPECT_EQ(epoch(again), a);
}

TEST(DataLoader, ABatcherPutsItemsTogether) {
  const data::TensorDataset rows(TensorData({{1.0F, 2.0F}, {3.0F, 4.0F}, {5.0F, 6.0F}}), TensorData({7, 8, 9}));
  DataLoader loader(rows, {.batch_size = 2, .workers = 2}, data::StackLabelled());
  auto batch = loader.next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->inputs, TensorData({{1.0F, 2.0F}, {3.0F, 4.0F}}));
  EXPECT_EQ(batch->labels, TensorData(std::vector<std::int64_t>{7, 8}));
  EXPECT_EQ(loader.next()->inputs.shape(), (Shape{1, 2}));
  EXPECT_FALSE(loader.next());
  EXPECT_TRUE(loader.next()) << "the next epoch";
}

TEST(DataLoader, TensorOperationsRunInWorkers) {
  const auto dataset = data::map(numbers(64), [](int x) {
    const auto t = Tensor<Cpu, 2>::full({32, 32}, static_cast<float>(x));
    return static_cast<int>(std::lround(t.matmul(t).mean().into_scalar() / 32));
  });
  DataLoader loader(dataset, {.batch_size = 4, .workers = 4});
  const Batch results = flat(epoch(loader));
  for (int i = 0; i < 64; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], i * i);
}

TEST(DataLoader, OptionsThatDoNotFitAreRefused) {
  EXPECT_EQ(message_of<ValueError>([] { DataLoader(numbers(1), {.batch_size = 0}); }),
            "DataLoader: batch_size is 0; at least 1 is needed");
  EXPECT_EQ(message_of<ValueError>([] {
              DataLoader(numbers(3), {.lengths = {1, 2}});
            }),
            "DataLoader: 2 lengths for 3 items");
  EXPECT_EQ(message_of<ValueError>([] { DataLoader(numbers(3), {.workers = -1}); }),
            "DataLoader: -1 workers, prefetch 2; at least 0 and at least 1 would fit");
  EXPECT_THROW(DataLoader(numbers(3), {.prefetch = 0}), ValueError);
}

// --- Stacking ---------------------------------------------------------------------------------------------------------

TEST(Stack, RefusesWhatDiffers) {
  const std::vector<TensorData> shapes{TensorData({1.0F}), TensorData({1.0F, 2.0F})},
      dtypes{TensorData({1.0F}), TensorData({1})};
  EXPECT_EQ(message_of<ShapeError>([&] { data::stack(shapes); }), "stack: item 0 has shape [1], another has [2]");
  EXPECT_EQ(message_of<DTypeError>([&] { data::stack(dtypes); }), "stack: item 0 is f32, another is i32");
  EXPECT_THROW(data::stack({}), ValueError);
}

TEST(Stack, PadsRowsOfDifferentLengths) {
  const std::vector<TensorData> rows{TensorData({1, 2, 3}), TensorData(Shape{0}, DType::I32), TensorData({4})};
  const data::Padded padded = data::pad_stack(rows, -1);
  EXPECT_EQ(padded.values, TensorData({{1, 2, 3}, {-1, -1, -1}, {4, -1, -1}}));
  EXPECT_EQ(padded.lengths, TensorData(std::vector<std::int64_t>{3, 0, 1}));
  const std::vector<TensorData> deep{TensorData({{1.0, 2.0}}), TensorData({{3.0, 4.0}, {5.0, 6.0}})};
  EXPECT_EQ(data::pad_stack(deep).values, TensorData({{{1.0, 2.0}, {0.0, 0.0}}, {{3.0, 4.0}, {5.0, 6.0}}}));
  const std::vector<TensorData> scalars{TensorData(Shape{}, DType::F32)};
  EXPECT_THROW(data::pad_stack(scalars), ShapeError);
}

// --- States -----------------------------------------------------------------------------------------------------------

TEST(DataLoader, GoesOnInTheMiddleOfAnEpochWithAnyNumberOfWorkers) {
  const auto dataset =
      data::map(numbers(100), [](int x, Random& r) { return x + 1000 * static_cast<int>(r.below(1000)); });
  const auto options = [](int workers) {
    return data::LoaderOptions{.batch_size = 9, .sampler = Sampler::shuffled(2), .seed = 8, .workers = workers};
  };
  DataLoader reference(dataset, options(0));
  epoch(reference);
  const Batches second = epoch(reference), third = epoch(reference);
  for (const int before : kWorkers) {
    DataLoader interrupted(dataset, options(before));
    epoch(interrupted);
    for (int i = 0; i < 5; ++i) interrupted.next();
    const std::string saved = interrupted.state().str();
    for (const int after : kWorkers) {
      DataLoader resumed(dataset, options(after));
      resumed.restore(LoaderState::parse(saved));
      EXPECT_EQ(resumed.state().batch, 5);
      EXPECT_EQ(epoch(resumed), Batches(second.begin() + 5, second.end()));
      EXPECT_EQ(epoch(resumed), third);
    }
  }
}

TEST(DataLoader, TheStateWithinALoopIsThatBehindTheBatch) {
  DataLoader loader(numbers(10), {.batch_size = 2, .workers = 2});
  std::int64_t batches = 0;
  for (auto& batch : loader) {
    ++batches;
    EXPECT_EQ(batch[0], 2 * (batches - 1));
    EXPECT_EQ(loader.state().batch, batches);
  }
}

TEST(DataLoader, ALoopThatIsLeftEarlyEndsItsEpoch) {
  DataLoader loader(numbers(10), {.batch_size = 2, .sampler = Sampler::shuffled(1), .workers = 2});
  DataLoader reference(numbers(10), {.batch_size = 2, .sampler = Sampler::shuffled(1)});
  for (auto& batch : loader)
    if (!batch.empty()) break;
  epoch(reference);
  EXPECT_EQ(epoch(loader), epoch(reference)) << "both have their second epoch";
}

TEST(DataLoader, StatesOfOtherLoadersAreRefused) {
  DataLoader loader(numbers(10), {.batch_size = 2, .sampler = Sampler::shuffled(1)});
  const auto refused = [&](DataLoader<InMemoryDataset<int>>& other) {
    return message_of<ValueError>([&] { other.restore(loader.state()); });
  };
  DataLoader size(numbers(11), {.batch_size = 2, .sampler = Sampler::shuffled(1)});
  DataLoader batch(numbers(10), {.batch_size = 3, .sampler = Sampler::shuffled(1)});
  DataLoader seed(numbers(10), {.batch_size = 2, .sampler = Sampler::shuffled(2)});
  EXPECT_EQ(refused(size), "DataLoader: the state belongs to a loader of another dataset size, batch size or order");
  EXPECT_NE(refused(batch), "");
  EXPECT_NE(refused(seed), "");
  for (const char* const text : {"", "1", "1 2", "1 2 x", "1 2 3 ", "-1 2 3", "1  2 3"})
    EXPECT_THROW(LoaderState::parse(text), FormatError) << text;
}

// --- Errors and ends --------------------------------------------------------------------------------------------------

TEST(DataLoader, AnErrorNamesTheItemAndHasItsCause) {
  const auto dataset = data::map(numbers(50), [](int x) {
    if (x == 23) throw IoError("read", "gone");
    return slow(x);
  });
  for (const int workers : kWorkers) {
    DataLoader loader(dataset, {.batch_size = 4, .workers = workers});
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(loader.next()) << "the batches before are there";
    for (int attempt = 0; attempt < 2; ++attempt) {
      try {
        loader.next();
        FAIL() << "no error";
      } catch (const LoadError& e) {
        EXPECT_STREQ(e.what(), "DataLoader: item 23 of batch 5: read: gone");
        EXPECT_EQ(e.item, 23);
        EXPECT_EQ(e.batch, 5);
        EXPECT_THROW(std::rethrow_if_nested(e), IoError);
      }
    }
    EXPECT_EQ(loader.state().batch, 5);
  }
}

TEST(DataLoader, AnErrorOfTheBatcherNamesTheBatch) {
  const auto batcher = [](std::vector<int> items) -> int {
    if (items[0] == 8) throw 5;
    return items[0];
  };
  for (const int workers : kWorkers) {
    DataLoader loader(numbers(20), {.batch_size = 4, .workers = workers}, batcher);
    EXPECT_EQ(*loader.next(), 0);
    EXPECT_EQ(*loader.next(), 4);
    EXPECT_EQ(message_of<LoadError>([&] { loader.next(); }),
              "DataLoader: batch 2 could not be put together: an exception that is no std::exception");
  }
}

TEST(DataLoader, EndsCleanlyWhenItIsLeftEarly) {
  std::atomic<int> alive{0};
  const auto dataset = data::map(numbers(1000), [&](int x) {
    ++alive;
    slow(x);
    --alive;
    return x;
  });
  for (const int workers : kWorkers)
    for (const int taken : {0, 1, 3}) {
      {
        DataLoader loader(dataset, {.batch_size = 10, .workers = workers, .prefetch = 3});
        for (int i = 0; i < taken; ++i) loader.next();
      }
      EXPECT_EQ(alive, 0) << "no worker is left";
    }
}

TEST(DataLoader, WorkersRunNoFurtherAheadThanTheyMay) {
  std::atomic<int> got{0};
  const auto dataset = data::map(numbers(1000), [&](int x) {
    ++got;
    return x;
  });
  DataLoader loader(dataset, {.batch_size = 10, .workers = 2, .prefetch = 3});
  loader.next();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_LE(got, 10 * (1 + 2 * 3));
}

// --- Streams ----------------------------------------------------------------------------------------------------------

TEST(StreamLoader, CutsTheStreamIntoBatches) {
  for (const int workers : kWorkers) {
    data::StreamLoader loader(Counter{7}, {.batch_size = 3, .workers = workers});
    EXPECT_EQ(epoch(loader), (Batches{{0, 1, 2}, {3, 4, 5}, {6}}));
    EXPECT_EQ(epoch(loader), (Batches{{0, 1, 2}, {3, 4, 5}, {6}}));
    data::StreamLoader whole(Counter{7}, {.batch_size = 3, .drop_last = true, .workers = workers});
    EXPECT_EQ(epoch(whole), (Batches{{0, 1, 2}, {3, 4, 5}}));
    data::StreamLoader empty(Counter{0}, {.batch_size = 3, .workers = workers});
    EXPECT_EQ(epoch(empty), Batches{});
  }
}

TEST(StreamLoader, TheBufferShufflesTheSameWayWithAnyNumberOfWorkersAndAfterARestart) {
  const auto options = [](int workers) {
    return data::StreamOptions{.batch_size = 7, .shuffle_buffer = 20, .seed = 3, .workers = workers};
  };
  data::StreamLoader reference(Counter{100}, options(0));
  const Batches first = epoch(reference), second = epoch(reference);
  EXPECT_NE(first, second);
  Batch items = flat(first);
  EXPECT_FALSE(std::ranges::is_sorted(items));
  std::ranges::sort(items);
  EXPECT_EQ(items, all_numbers(100));
  for (const int workers : kWorkers) {
    data::StreamLoader loader(Counter{100}, options(workers));
    EXPECT_EQ(epoch(loader), first);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(*loader.next(), second[static_cast<std::size_t>(i)]);
    data::StreamLoader resumed(Counter{100}, options(workers));
    resumed.restore(LoaderState::parse(loader.state().str()));
    EXPECT_EQ(epoch(resumed), Batches(second.begin() + 4, second.end()));
  }
}

TEST(StreamLoader, AnErrorNamesThePlaceInTheStream) {
  for (const int workers : kWorkers) {
    data::StreamLoader loader(Counter{99}, {.batch_size = 5, .workers = workers});
    ASSERT_TRUE(loader.next());
    ASSERT_TRUE(loader.next());
    EXPECT_EQ(message_of<LoadError>([&] { loader.next(); }), "DataLoader: item 13 of batch 2: unlucky");
    EXPECT_EQ(message_of<LoadError>([&] { loader.next(); }), "DataLoader: item 13 of batch 2: unlucky");
  }
}

}  // namespace
}  // namespace fornax::test
