#pragma once
// Small blocks (array bodies, tape nodes, short buffers) from free lists of the calling thread.

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace fornax {

/// Blocks of up to 1 KiB, 64-byte aligned. A block may be freed on another thread than the one that took it.
/// Under AddressSanitizer every block comes from the system, so that misuse is seen.
class Pool {
 public:
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kLargest = 1024;

  static void* take(std::size_t bytes);
  static void give(void* block, std::size_t bytes) noexcept;

  template <class T, class... Args>
  static T* make(Args&&... args) {
    static_assert(sizeof(T) <= kLargest);
    void* block = take(sizeof(T));
    try {
      return new (block) T(std::forward<Args>(args)...);
    } catch (...) {
      give(block, sizeof(T));
      throw;
    }
  }
  template <class T>
  static void destroy(T* object) noexcept {
    object->~T();
    give(object, sizeof(T));
  }
};


}  // namespace fornax
