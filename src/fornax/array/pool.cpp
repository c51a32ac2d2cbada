#include <fornax/array/pool.hpp>

#include <cstdlib>
#include <mutex>

#include <fornax/array/allocate.hpp>

namespace fornax {

thread_local constinit Pool::List Pool::lists[Pool::kClasses] = {};

#if defined(__SANITIZE_ADDRESS__)

void* Pool::refill(std::size_t bytes) { return detail::allocate(bytes, kStep); }
void Pool::hand_back(void* block, std::size_t) noexcept { detail::release(block, kStep); }

#else

// Blocks that threads have handed back. Never destroyed: threads may outlive static destruction.
struct Pool::Depot {
  std::mutex mutex;
  Block* heads[kClasses] = {};

  static Depot& get() {
    static Depot* const depot = new Depot;
    return *depot;
  }
};

namespace {
thread_local constinit bool ended = false;
}

// Returns a thread's blocks when it ends. Blocks that the same thread frees after that go straight to the depot.
struct Pool::AtThreadEnd {
  bool armed = false;
  ~AtThreadEnd() {
    ended = true;
    for (std::size_t c = 0; c < kClasses; ++c) {
      lists[c].most = 0;
      hand_over(c, lists[c].count);
    }
  }
};

// A thread may only ever take blocks, or only ever free them: both come here before its lists hold any.
void Pool::arm() {
  if (ended) return;
  static thread_local AtThreadEnd at_thread_end;
  at_thread_end.armed = true;
  for (List& list : lists) list.most = kMost;
}

void Pool::hand_over(std::size_t c, std::uint32_t count) noexcept {
  List& list = lists[c];
  Depot& depot = Depot::get();
  const std::lock_guard lock(depot.mutex);
  while (count-- > 0 && list.head) {
    Block* block = list.head;
    list.head = block->next;
    --list.count;
    block->next = depot.heads[c];
    depot.heads[c] = block;
  }
}

void* Pool::refill(std::size_t bytes) {
  const std::size_t c = class_of(bytes);
  List& list = lists[c];
  if (list.most == 0) arm();
  {
    Depot& depot = Depot::get();
    const std::lock_guard lock(depot.mutex);
    while (depot.heads[c] && list.count < kBatch) {
      Block* block = depot.heads[c];
      depot.heads[c] = block->next;
      block->next = list.head;
      list.head = block;
      ++list.count;
    }
  }
  if (!list.head) {
    const std::size_t size = (c + 1) * kStep;
    auto* chunk = static_cast<std::byte*>(std::aligned_alloc(kStep, size * kBatch));
    if (!chunk) detail::throw_exhausted(bytes);
    for (std::uint32_t i = kBatch; i-- > 0;) list.head = new (chunk + i * size) Block{list.head};
    list.count = kBatch;
  }
  Block* block = list.head;
  list.head = block->next;
  --list.count;
  return block;
}

void Pool::hand_back(void* memory, std::size_t bytes) noexcept {
  const std::size_t c = class_of(bytes);
  List& list = lists[c];
  if (list.most == 0) arm();
  list.head = new (memory) Block{list.head};
  ++list.count;
  if (list.count > list.most) hand_over(c, list.most == 0 ? list.count : 2 * kBatch);
}

#endif

}  // namespace fornax
