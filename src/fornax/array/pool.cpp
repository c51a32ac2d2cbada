#include <fornax/array/pool.hpp>

#include <cstdlib>
#include <mutex>

namespace fornax {

#if defined(__SANITIZE_ADDRESS__)

void* Pool::take(std::size_t bytes) { return ::operator new(bytes, std::align_val_t{kStep}); }
void Pool::give(void* block, std::size_t) noexcept { ::operator delete(block, std::align_val_t{kStep}); }

#else

namespace {

constexpr std::size_t kClasses = Pool::kLargest / Pool::kStep;
constexpr std::uint32_t kBatch = 64;       // blocks that move between a thread and the depot at once
constexpr std::uint32_t kMost = 4 * kBatch;  // a thread that only frees hands the surplus on

struct Block {
  Block* next;
};

struct List {
  Block* head = nullptr;
  std::uint32_t count = 0;
};

// Blocks that threads have handed back. Never destroyed: threads may outlive static destruction.
struct Depot {
  std::mutex mutex;
  Block* heads[kClasses] = {};
};

Depot& depot() {
  static Depot* const d = new Depot;
  return *d;
}

thread_local constinit List lists[kClasses] __attribute__((tls_model("initial-exec"))) = {};
thread_local constinit bool finished __attribute__((tls_model("initial-exec"))) = false;

void hand_over(std::size_t c, std::uint32_t count) noexcept {
  List& list = lists[c];
  Depot& d = depot();
  const std::lock_guard lock(d.mutex);
  while (count-- > 0 && list.head) {
    Block* block = list.head;
    list.head = block->next;
    --list.count;
    block->next = d.heads[c];
    d.heads[c] = block;
  }
}

// Returns a thread's blocks when it ends; later frees of the same thread go straight to the depot.
struct AtThreadEnd {
  bool armed = false;
  ~AtThreadEnd() {
    finished = true;
    for (std::size_t c = 0; c < kClasses; ++c) hand_over(c, lists[c].count);
  }
};
thread_local AtThreadEnd at_thread_end;

[[gnu::noinline]] void* refill(std::size_t c) {
  if (!finished) at_thread_end.armed = true;
  List& list = lists[c];
  {
    Depot& d = depot();
    const std::lock_guard lock(d.mutex);
    while (d.heads[c] && list.count < kBatch) {
      Block* block = d.heads[c];
      d.heads[c] = block->next;
      block->next = list.head;
      list.head = block;
      ++list.count;
    }
  }
  if (!list.head) {
    const std::size_t size = (c + 1) * Pool::kStep;
    auto* chunk = static_cast<std::byte*>(std::aligned_alloc(Pool::kStep, size * kBatch));
    if (!chunk) throw std::bad_alloc();
    for (std::uint32_t i = kBatch; i-- > 0;) {
      auto* block = reinterpret_cast<Block*>(chunk + i * size);
      block->next = list.head;
      list.head = block;
    }
    list.count = kBatch;
  }
  Block* block = list.head;
  list.head = block->next;
  --list.count;
  return block;
}

}  // namespace

void* Pool::take(std::size_t bytes) {
  const std::size_t c = bytes == 0 ? 0 : (bytes - 1) / kStep;
  List& list = lists[c];
  Block* block = list.head;
  if (!block) [[unlikely]]
    return refill(c);
  list.head = block->next;
  --list.count;
  return block;
}

void Pool::give(void* memory, std::size_t bytes) noexcept {
  const std::size_t c = bytes == 0 ? 0 : (bytes - 1) / kStep;
  List& list = lists[c];
  auto* block = static_cast<Block*>(memory);
  block->next = list.head;
  list.head = block;
  if (++list.count > kMost || finished) [[unlikely]]
    hand_over(c, finished ? list.count : 2 * kBatch);
}

#endif

}  // namespace fornax
