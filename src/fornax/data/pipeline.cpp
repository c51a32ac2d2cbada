#include <fornax/data/pipeline.hpp>

#include <charconv>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fornax/cpu/threads.hpp>

namespace fornax::data {

namespace {

std::string describe(std::int64_t batch, std::int64_t item, std::string_view cause) {
  std::string text = item < 0 ? "batch " + std::to_string(batch) + " could not be put together: "
                              : "item " + std::to_string(item) + " of batch " + std::to_string(batch) + ": ";
  return text.append(cause);
}

}  // namespace

LoadError::LoadError(std::int64_t batch_number, std::int64_t item_number, std::string_view cause)
    : Error("DataLoader", describe(batch_number, item_number, cause)), batch(batch_number), item(item_number) {}

std::string LoaderState::str() const {
  return std::to_string(epoch) + " " + std::to_string(batch) + " " + std::to_string(fingerprint);
}

LoaderState LoaderState::parse(std::string_view text) {
  LoaderState state;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  const auto number = [&](auto& value, bool last) {
    const auto [after, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (last ? after != end : after == end || *after != ' '))
      throw FormatError("LoaderState::parse", "\"" + std::string(text) + "\"; three numbers are expected");
    at = last ? after : after + 1;
  };
  number(state.epoch, false);
  number(state.batch, false);
  number(state.fingerprint, true);
  if (state.epoch < 0 || state.batch < 0)
    throw FormatError("LoaderState::parse", "\"" + std::string(text) + "\"; epoch and batch are at least 0");
  return state;
}

namespace detail {

void rethrow_as_load_error(std::int64_t batch, std::int64_t item) {
  try {
    throw;
  } catch (const std::exception& e) {
    std::throw_with_nested(LoadError(batch, item, e.what()));
  } catch (...) {
    std::throw_with_nested(LoadError(batch, item, "an exception that is no std::exception"));
  }
}

// --- Threads ----------------------------------------------------------------------------------------------------------

// A worker takes the next batch number, prepares it while no other does, makes it while others make theirs, and puts it
// where the reader looks for it. At most `ahead` batches beyond the reader's are begun.
struct LoaderCore::Workers {
  struct Result {
    std::shared_ptr<void> batch;
    std::exception_ptr error;
    bool end = false;
  };

  Workers(std::shared_ptr<BatchMaker> made_by, std::int64_t first, int count, std::int64_t ahead_of_reader)
      : maker(std::move(made_by)), ahead(ahead_of_reader), claimed(first), wanted(first) {
    try {
      for (int i = 0; i < count; ++i) threads.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: those that there are, or the reader, do the work of all.
    } catch (...) {
      stop();
      throw;
    }
  }
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  Result take() {
    if (threads.empty()) {
      const std::int64_t number = wanted++;
      return make(number, prepare(number));
    }
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return results.contains(wanted); });
    Result result = std::move(results.extract(wanted).mapped());
    ++wanted;
    room.notify_all();
    return result;
  }

 private:
  struct Prepared {
    std::shared_ptr<void> work;
    std::exception_ptr error;
  };

  Prepared prepare(std::int64_t number) noexcept {
    try {
      return {maker->prepare(number), nullptr};
    } catch (...) {
      return {nullptr, std::current_exception()};
    }
  }
  Result make(std::int64_t number, Prepared prepared) noexcept {
    if (!prepared.work) return {nullptr, prepared.error, prepared.error == nullptr};
    try {
      return {maker->make(number, std::move(prepared.work)), nullptr, false};
    } catch (...) {
      return {nullptr, std::current_exception(), false};
    }
  }

  void run() {
    const SingleThreaded guard;  // workers share the processor with each other and with the reader
    while (work_once()) {}
  }
  bool work_once() {
    std::int64_t number = 0;
    Prepared prepared;
    {
      const std::lock_guard in_order(preparing);
      {
        std::unique_lock lock(mutex);
        room.wait(lock, [&] { return stopping || ended || claimed < wanted + ahead; });
        if (stopping || ended) return false;
        number = claimed++;
      }
      prepared = prepare(number);
      if (!prepared.work) {
        const std::lock_guard lock(mutex);
        ended = true;
      }
    }
    Result result = make(number, std::move(prepared));
    const std::lock_guard lock(mutex);
    results.emplace(number, std::move(result));
    ready.notify_all();
    return true;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    room.notify_all();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }

  std::shared_ptr<BatchMaker> maker;
  const std::int64_t ahead;
  std::mutex preparing;  // taken before `mutex`
  std::mutex mutex;      // guards what follows
  std::condition_variable room, ready;
  bool stopping = false, ended = false;
  std::int64_t claimed, wanted;
  std::map<std::int64_t, Result> results;
  std::vector<std::thread> threads;
};

// --- Epochs -----------------------------------------------------------------------------------------------------------

LoaderCore::LoaderCore(std::string_view name, int workers, int prefetch, std::uint64_t fingerprint)
    : name_(name), workers_(workers), prefetch_(prefetch), fingerprint_(fingerprint) {
  if (workers < 0 || prefetch < 1)
    throw ValueError(name_, std::to_string(workers) + " workers, prefetch " + std::to_string(prefetch) +
                                "; at least 0 and at least 1 would fit");
}

LoaderCore::~LoaderCore() = default;

void LoaderCore::restore(const LoaderState& state) {
  if (state.fingerprint != fingerprint_)
    throw ValueError(name_, "the state belongs to a loader of another dataset size, batch size or order");
  running_.reset();
  epoch_ = state.epoch;
  batch_ = state.batch;
  restored_ = true;
}

void LoaderCore::begin_loop() {
  if (!restored_ && batch_ > 0) {
    running_.reset();
    ++epoch_;
    batch_ = 0;
  }
  restored_ = false;
}

std::shared_ptr<void> LoaderCore::next_batch() {
  if (!running_)
    running_ = std::make_unique<Workers>(start(epoch_, batch_), batch_, workers_,
                                         static_cast<std::int64_t>(workers_) * prefetch_);
  Workers::Result result = running_->take();
  if (result.error) {
    running_.reset();  // a further call tries the same batch again
    std::rethrow_exception(result.error);
  }
  if (result.end) {
    running_.reset();
    ++epoch_;
    batch_ = 0;
    return nullptr;
  }
  ++batch_;
  restored_ = false;
  return std::move(result.batch);
}

}  // namespace detail
}  // namespace fornax::data
