#pragma once
// What data loaders have in common: batches that are made ahead by worker threads and come out in order.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <fornax/array/error.hpp>

namespace fornax::data {

/// What went wrong while a batch was made: the item that could not be got, or the batch that could not be put together. The
/// error thrown is a std::nested_exception too, which holds the cause.
struct LoadError : Error {
  LoadError(std::int64_t batch_number, std::int64_t item_number, std::string_view cause);
  std::int64_t batch;  // in its epoch
  std::int64_t item;   // in the dataset or, of a stream, in its epoch; -1: the batcher failed
};

/// Where a loader is: so many batches of this epoch have been handed out. It says too which loader it belongs to.
struct LoaderState {
  std::int64_t epoch = 0, batch = 0;
  std::uint64_t fingerprint = 0;

  /// As text, such as for the metadata of a checkpoint, and back. Throws FormatError.
  std::string str() const;
  static LoaderState parse(std::string_view text);
};

namespace detail {

/// Throws a LoadError with the exception that is being handled nested inside.
[[noreturn]] void rethrow_as_load_error(std::int64_t batch, std::int64_t item);

/// Makes the batches of an epoch.
class BatchMaker {
 public:
  virtual ~BatchMaker() = default;
  /// Called for one batch after the other, by one thread at a time: what has to happen in order. Null: there are no more.
  virtual std::shared_ptr<void> prepare(std::int64_t batch) = 0;
  /// Makes a batch of what `prepare` gave. Called by several threads at once.
  virtual std::shared_ptr<void> make(std::int64_t batch, std::shared_ptr<void> prepared) = 0;
};

/// Epochs of batches. Not for several threads at once.
class LoaderCore {
 public:
  LoaderCore(const LoaderCore&) = delete;
  LoaderCore& operator=(const LoaderCore&) = delete;

  LoaderState state() const { return {epoch_, batch_, fingerprint_}; }
  /// Goes to where another loader of the same dataset and options was. The numbers of workers may differ.
  /// Throws ValueError if the state is that of a loader with other options.
  void restore(const LoaderState& state);

 protected:
  LoaderCore(std::string_view name, int workers, int prefetch, std::uint64_t fingerprint);
  virtual ~LoaderCore();

  /// The maker of an epoch's batches, whose first call will be prepare(first).
  virtual std::shared_ptr<BatchMaker> start(std::int64_t epoch, std::int64_t first) = 0;

  /// The next batch of this epoch. Null: the epoch is over, the next call begins another.
  std::shared_ptr<void> next_batch();
  /// A loop begins: what another loop left of its epoch is not for this one.
  void begin_loop();

 private:
  struct Workers;

  std::string name_;
  int workers_, prefetch_;
  std::uint64_t fingerprint_;
  std::int64_t epoch_ = 0, batch_ = 0;
  bool restored_ = false;
  std::unique_ptr<Workers> running_;
};

}  // namespace detail
}  // namespace fornax::data
