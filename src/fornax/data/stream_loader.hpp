#pragma once
// Batches of a dataset whose items come one after the other.

#include <fornax/data/loader.hpp>

namespace fornax::data {

struct StreamOptions {
  std::int64_t batch_size = 1;
  bool drop_last = false;
  /// So many items wait in a buffer, from which each next one is taken at random; 0: in the order of the stream.
  std::int64_t shuffle_buffer = 0;
  /// For the buffer: each epoch has an order of its own.
  std::uint64_t seed = 0;
  /// Threads that put batches together. Items are read by one at a time, in order.
  int workers = 0;
  int prefetch = 2;
};

namespace detail {

void check_options(const StreamOptions& options);
std::uint64_t fingerprint(const StreamOptions& options);

template <class D, class Batcher> class StreamMaker : public BatchMaker {
 public:
  using Item = StreamItemOf<D>;
  using Items = std::vector<Item>;
  using Batch = std::invoke_result_t<const Batcher&, Items>;
  using Stream = decltype(std::declval<const D&>().stream());

  StreamMaker(std::shared_ptr<const D> dataset, std::shared_ptr<const Batcher> batcher, const StreamOptions& options,
              std::int64_t epoch, std::int64_t first)
      : dataset_(std::move(dataset)),
        batcher_(std::move(batcher)),
        options_(options),
        random_(options.seed, static_cast<std::uint64_t>(epoch)),
        stream_(dataset_->stream()),
        skip_(first) {}

  std::shared_ptr<void> prepare(std::int64_t batch) override {
    // What was handed out before a state was saved is read again, and passed over.
    for (; skip_ > 0; --skip_)
      if (!read_batch(batch - skip_)) return nullptr;
    return read_batch(batch);
  }
  std::shared_ptr<void> make(std::int64_t batch, std::shared_ptr<void> prepared) override {
    try {
      return std::make_shared<Batch>((*batcher_)(std::move(*static_cast<Items*>(prepared.get()))));
    } catch (...) {
      rethrow_as_load_error(batch, -1);
    }
  }

 private:
  std::shared_ptr<Items> read_batch(std::int64_t batch) {
    auto items = std::make_shared<Items>();
    while (static_cast<std::int64_t>(items->size()) < options_.batch_size) {
      std::optional<Item> item = next(batch);
      if (!item) break;
      items->push_back(std::move(*item));
    }
    const bool whole = static_cast<std::int64_t>(items->size()) == options_.batch_size;
    return items->empty() || (options_.drop_last && !whole) ? nullptr : items;
  }
  std::optional<Item> next(std::int64_t batch) {
    if (options_.shuffle_buffer == 0) return read(batch);
    while (static_cast<std::int64_t>(buffer_.size()) < options_.shuffle_buffer) {
      std::optional<Item> item = read(batch);
      if (!item) break;
      buffer_.push_back(std::move(*item));
    }
    if (buffer_.empty()) return std::nullopt;
    std::swap(buffer_[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(buffer_.size())))],
              buffer_.back());
    std::optional<Item> item(std::move(buffer_.back()));
    buffer_.pop_back();
    return item;
  }
  std::optional<Item> read(std::int64_t batch) {
    if (over_) return std::nullopt;
    try {
      std::optional<Item> item = stream_.next();
      over_ = !item.has_value();
      ++read_;
      return item;
    } catch (...) {
      rethrow_as_load_error(batch, read_);
    }
  }

  std::shared_ptr<const D> dataset_;
  std::shared_ptr<const Batcher> batcher_;
  StreamOptions options_;
  Random random_;
  Stream stream_;
  std::int64_t skip_, read_ = 0;
  bool over_ = false;
  std::vector<Item> buffer_;
};

}  // namespace detail

/// The same as DataLoader for a dataset that can only be read from its beginning. Restoring a state reads what was handed
/// out before again.
template <IterableDataset D, class Batcher = Collect> class StreamLoader : public detail::LoaderCore {
 public:
  using Batch = typename detail::StreamMaker<D, Batcher>::Batch;

  explicit StreamLoader(D dataset, StreamOptions options = {}, Batcher batcher = {})
      : LoaderCore("StreamLoader", options.workers, options.prefetch, detail::fingerprint(options)),
        dataset_(std::make_shared<const D>(std::move(dataset))),
        batcher_(std::make_shared<const Batcher>(std::move(batcher))),
        options_(options) {
    detail::check_options(options_);
  }

  std::optional<Batch> next() {
    const std::shared_ptr<void> batch = next_batch();
    return batch ? std::optional<Batch>(std::move(*static_cast<Batch*>(batch.get()))) : std::nullopt;
  }
  detail::LoopIterator<StreamLoader> begin() {
    begin_loop();
    return detail::LoopIterator<StreamLoader>(*this);
  }
  std::nullptr_t end() { return nullptr; }

 protected:
  std::shared_ptr<detail::BatchMaker> start(std::int64_t epoch, std::int64_t first) override {
    return std::make_shared<detail::StreamMaker<D, Batcher>>(dataset_, batcher_, options_, epoch, first);
  }

 private:
  std::shared_ptr<const D> dataset_;
  std::shared_ptr<const Batcher> batcher_;
  StreamOptions options_;
};

}  // namespace fornax::data
