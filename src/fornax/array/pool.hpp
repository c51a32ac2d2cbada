#pragma once
// Small blocks (array bodies, tape nodes, short buffers) from free lists of the calling thread.

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace fornax {

/// Blocks of up to 1 KiB, 64-byte aligned. A block may be freed on another thread than the one that took it.
/// Inlined wherever it is used: a call would cost as much as what it does.
/// Under AddressSanitizer every block comes from the system, so that misuse is seen.
class Pool {
 public:
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kLargest = 1024;

  [[gnu::always_inline]] static void* take(std::size_t bytes) {
#if !defined(__SANITIZE_ADDRESS__)
    List& list = lists[class_of(bytes)];
    if (Block* block = list.head) [[likely]] {
      list.head = block->next;
      --list.count;
      return block;
    }
#endif
    return refill(bytes);
  }
  [[gnu::always_inline]] static void give(void* memory, std::size_t bytes) noexcept {
#if !defined(__SANITIZE_ADDRESS__)
    List& list = lists[class_of(bytes)];
    if (list.count < list.most) [[likely]] {
      list.head = new (memory) Block{list.head};
      ++list.count;
      return;
    }
#endif
    hand_back(memory, bytes);
  }

  template <class T, class... Args> [[gnu::always_inline]] static T* make(Args&&... args) {
    static_assert(sizeof(T) <= kLargest);
    void* block = take(sizeof(T));
    try {
      return new (block) T(std::forward<Args>(args)...);
    } catch (...) {
      give(block, sizeof(T));
      throw;
    }
  }
  template <class T> [[gnu::always_inline]] static void destroy(T* object) noexcept {
    object->~T();
    give(object, sizeof(T));
  }

 private:
  struct Block {
    Block* next;
  };
  struct List {
    Block* head = nullptr;
    std::uint32_t count = 0;
    std::uint32_t most = 0;  // until the thread is sure to return its blocks when it ends, and after that
  };
  static constexpr std::size_t kClasses = kLargest / kStep;
  static constexpr std::uint32_t kBatch = 64;         // blocks that move between a thread and the depot at once
  static constexpr std::uint32_t kMost = 4 * kBatch;  // a thread that only frees hands the surplus on

  static std::size_t class_of(std::size_t bytes) { return bytes == 0 ? 0 : (bytes - 1) / kStep; }
  static void arm();
  static void* refill(std::size_t bytes);
  static void hand_back(void* memory, std::size_t bytes) noexcept;
  static void hand_over(std::size_t size_class, std::uint32_t count) noexcept;

  struct Depot;
  struct AtThreadEnd;
  // Always reached with one instruction: no dynamic loading moves this variable.
  static thread_local constinit List lists[kClasses] __attribute__((tls_model("initial-exec")));
};

}  // namespace fornax
