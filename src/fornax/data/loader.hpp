#pragma once
// Batches of a dataset, epoch after epoch.

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fornax/data/batch.hpp>
#include <fornax/data/dataset.hpp>
#include <fornax/data/pipeline.hpp>
#include <fornax/data/sampler.hpp>

namespace fornax::data {

/// How batches are formed, and by whom. What comes out is a function of dataset and options alone: any number of workers
/// gives the same batches in the same order.
struct LoaderOptions {
  std::int64_t batch_size = 1;
  Sampler sampler = Sampler::sequential();
  /// Leave out the last batch of an epoch if it has fewer items.
  bool drop_last = false;
  /// Length of each item of the dataset, or nothing. With lengths, a batch is formed of items of similar length: the
  /// sampler's order is cut into runs of `bucket_batches` batches, each run is sorted by length, and the batches then come
  /// in random order. Only a run's last batch may have fewer items.
  std::vector<std::int64_t> lengths = {};
  std::int64_t bucket_batches = 50;
  /// For datasets whose items depend on chance, and for the order of buckets.
  std::uint64_t seed = 0;
  /// Threads that make batches; 0: the one that asks for them.
  int workers = 0;
  /// Batches that each worker may be ahead.
  int prefetch = 2;
};

/// The batches of one epoch: which items, one batch behind the other.
struct BatchPlan {
  std::vector<std::int64_t> items;
  std::vector<std::int64_t> ends;  // of each batch, in `items`

  std::int64_t batches() const { return static_cast<std::int64_t>(ends.size()); }
  std::int64_t begin_of(std::int64_t batch) const { return batch == 0 ? 0 : ends[static_cast<std::size_t>(batch - 1)]; }
  std::int64_t end_of(std::int64_t batch) const { return ends[static_cast<std::size_t>(batch)]; }
};

/// Throws ValueError for options that do not fit a dataset of n items.
BatchPlan plan_batches(const LoaderOptions& options, std::int64_t n, std::int64_t epoch);

namespace detail {

void check_options(const LoaderOptions& options, std::int64_t n);
std::uint64_t fingerprint(const LoaderOptions& options, std::int64_t n);

template <class D, class Batcher> class MapMaker : public BatchMaker {
 public:
  using Batch = std::invoke_result_t<const Batcher&, std::vector<ItemOf<D>>>;

  MapMaker(std::shared_ptr<const D> dataset, std::shared_ptr<const Batcher> batcher, BatchPlan plan, Random key)
      : dataset_(std::move(dataset)), batcher_(std::move(batcher)), plan_(std::move(plan)), key_(key.next()) {}

  std::shared_ptr<void> prepare(std::int64_t batch) override {
    return batch < plan_.batches() ? std::shared_ptr<void>(dataset_, &plan_) : nullptr;
  }
  std::shared_ptr<void> make(std::int64_t batch, std::shared_ptr<void>) override {
    std::vector<ItemOf<D>> items;
    items.reserve(static_cast<std::size_t>(plan_.end_of(batch) - plan_.begin_of(batch)));
    for (std::int64_t at = plan_.begin_of(batch); at < plan_.end_of(batch); ++at) {
      const std::int64_t item = plan_.items[static_cast<std::size_t>(at)];
      // Of the place in the epoch, not of the item: one that is drawn twice differs.
      Random random(key_, static_cast<std::uint64_t>(at));
      try {
        items.push_back(get_item(*dataset_, item, random));
      } catch (...) {
        rethrow_as_load_error(batch, item);
      }
    }
    try {
      return std::make_shared<Batch>((*batcher_)(std::move(items)));
    } catch (...) {
      rethrow_as_load_error(batch, -1);
    }
  }

 private:
  std::shared_ptr<const D> dataset_;
  std::shared_ptr<const Batcher> batcher_;
  BatchPlan plan_;
  std::uint64_t key_;
};

/// What a loop over a loader needs.
template <class Loader> class LoopIterator {
 public:
  explicit LoopIterator(Loader& loader) : loader_(&loader), batch_(loader.next()) {}
  auto& operator*() { return *batch_; }
  LoopIterator& operator++() {
    batch_ = loader_->next();
    return *this;
  }
  bool operator!=(std::nullptr_t) const { return batch_.has_value(); }

 private:
  Loader* loader_;
  std::optional<typename Loader::Batch> batch_;
};

}  // namespace detail

/// Batches of a dataset whose items have numbers. A batch is what the batcher makes of a vector of items; both are called
/// by several threads at once if there are workers, which end with the epoch, or as soon as the loader is destroyed.
///
/// Errors:  ValueError for options that do not fit. A LoadError names the item that could not be got and has the cause
///          nested inside; it comes in the place of its batch, and asking again tries that batch again.
/// Example: DataLoader loader(train, {.batch_size = 64, .sampler = Sampler::shuffled(7), .workers = 2}, StackLabelled());
///          for (auto& batch : loader) step(batch.inputs, batch.labels);   // one epoch
template <MapDataset D, class Batcher = Collect> class DataLoader : public detail::LoaderCore {
 public:
  using Batch = typename detail::MapMaker<D, Batcher>::Batch;

  explicit DataLoader(D dataset, LoaderOptions options = {}, Batcher batcher = {})
      : LoaderCore("DataLoader", options.workers, options.prefetch, detail::fingerprint(options, dataset.size())),
        dataset_(std::make_shared<const D>(std::move(dataset))),
        batcher_(std::make_shared<const Batcher>(std::move(batcher))),
        options_(std::move(options)) {
    detail::check_options(options_, dataset_->size());
  }

  /// Batches in an epoch.
  std::int64_t size() const { return plan_batches(options_, dataset_->size(), 0).batches(); }
  /// The next batch of this epoch; nothing at its end, after which the next call begins another.
  std::optional<Batch> next() {
    const std::shared_ptr<void> batch = next_batch();
    return batch ? std::optional<Batch>(std::move(*static_cast<Batch*>(batch.get()))) : std::nullopt;
  }
  /// A loop has a whole epoch, or what is left of it after `restore`; one that is left early ends its epoch.
  detail::LoopIterator<DataLoader> begin() {
    begin_loop();
    return detail::LoopIterator<DataLoader>(*this);
  }
  std::nullptr_t end() { return nullptr; }

 protected:
  std::shared_ptr<detail::BatchMaker> start(std::int64_t epoch, std::int64_t) override {
    return std::make_shared<detail::MapMaker<D, Batcher>>(dataset_, batcher_,
                                                          plan_batches(options_, dataset_->size(), epoch),
                                                          Random(options_.seed, static_cast<std::uint64_t>(epoch)));
  }

 private:
  std::shared_ptr<const D> dataset_;
  std::shared_ptr<const Batcher> batcher_;
  LoaderOptions options_;
};

}  // namespace fornax::data
