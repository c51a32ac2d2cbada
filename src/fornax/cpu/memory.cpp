#include <fornax/cpu/memory.hpp>

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>

#include <fornax/array/error.hpp>
#include <fornax/array/pool.hpp>

namespace fornax {

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::uint64_t kMostCached = std::uint64_t{4} << 30;

// Four classes to each power of two: at most a fifth of a block is unused.
std::size_t block_size(std::size_t bytes) {
  if (bytes <= 4 * Pool::kLargest) return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  const std::size_t step = std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) / step * step;
}

class Cache {
 public:
  std::byte* take(std::string_view operation, std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      if (limit_ != 0 && stats_.live + size > limit_)
        throw OutOfMemory(operation, std::to_string(size) + " bytes would exceed the limit of " +
                                         std::to_string(limit_) + "; " + std::to_string(stats_.live) + " are live");
      stats_.live += size;
      if (const auto it = free_.find(size); it != free_.end()) {
        std::byte* data = it->second;
        free_.erase(it);
        stats_.cached -= size;
        count_success();
        return data;
      }
    }
    std::byte* data = from_system(size);
    if (!data) {
      trim();
      data = from_system(size);
    }
    const std::lock_guard lock(mutex_);
    if (!data) {
      stats_.live -= size;
      throw OutOfMemory(operation, "the system has no " + std::to_string(size) + " bytes; " +
                                       std::to_string(stats_.live) + " are live");
    }
    count_success();
    return data;
  }

  void give(std::byte* data, std::size_t size) noexcept {
    {
      const std::lock_guard lock(mutex_);
      stats_.live -= size;
#if !defined(__SANITIZE_ADDRESS__)  // AddressSanitizer sees a use after free only if the block really is freed
      if (stats_.cached + size <= kMostCached) {
        try {
          free_.emplace(size, data);
          stats_.cached += size;
          return;
        } catch (...) {  // no memory to remember the block: let it go
        }
      }
#endif
    }
    std::free(data);
  }

  void trim() {
    std::multimap<std::size_t, std::byte*> blocks;
    {
      const std::lock_guard lock(mutex_);
      blocks.swap(free_);
      stats_.cached = 0;
    }
    for (const auto& [size, data] : blocks) std::free(data);
  }

  MemoryStats stats() {
    const std::lock_guard lock(mutex_);
    return stats_;
  }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    stats_.peak = stats_.live;
  }
  void set_limit(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
  }

 private:
  // With the mutex held. A request that failed shows neither in the peak nor in the count.
  void count_success() {
    stats_.peak = stats_.live > stats_.peak ? stats_.live : stats_.peak;
    ++stats_.allocations;
  }
  static std::byte* from_system(std::size_t size) {
    if (size > PTRDIFF_MAX - kHugePage) return nullptr;
    const bool huge = size >= 2 * kHugePage;
    void* data =
        std::aligned_alloc(huge ? kHugePage : kAlignment, huge ? (size + kHugePage - 1) / kHugePage * kHugePage : size);
    if (data && huge) madvise(data, size, MADV_HUGEPAGE);
    return static_cast<std::byte*>(data);
  }

  std::mutex mutex_;
  std::multimap<std::size_t, std::byte*> free_;
  MemoryStats stats_;
  std::uint64_t limit_ = 0;
};

// Never destroyed: arrays in static variables may be freed after it would be.
Cache& cache() {
  static Cache* const c = new Cache;
  return *c;
}

}  // namespace

MemoryStats memory_stats() { return cache().stats(); }
void reset_peak_memory() { cache().reset_peak(); }
void set_memory_limit(std::uint64_t bytes) { cache().set_limit(bytes); }
void trim_memory() { cache().trim(); }

// Short buffers share a block with their Storage and come from the thread's free lists; they are not counted.
Storage* allocate_storage(std::string_view operation, std::size_t bytes) {
  constexpr std::size_t kHeader = kAlignment;
  static_assert(sizeof(Storage) <= kHeader);
  if (bytes + kHeader <= Pool::kLargest) {
    auto* block = static_cast<std::byte*>(Pool::take(bytes + kHeader));
    auto* storage = new (block) Storage;
    storage->bytes = bytes;
    storage->data = block + kHeader;
    return storage;
  }
  const std::size_t size = block_size(bytes);
  auto* storage = Pool::make<Storage>();
  try {
    storage->data = cache().take(operation, size);
  } catch (...) {
    Pool::destroy(storage);
    throw;
  }
  storage->bytes = size;
  return storage;
}

void release_storage(Storage* storage) noexcept {
  if (!storage->references.decrement()) return;
  auto* block = reinterpret_cast<std::byte*>(storage);
  if (storage->data == block + kAlignment && storage->bytes + kAlignment <= Pool::kLargest) {
    Pool::give(storage, storage->bytes + kAlignment);
    return;
  }
  cache().give(storage->data, storage->bytes);
  Pool::destroy(storage);
}

}  // namespace fornax
