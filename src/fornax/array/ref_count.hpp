#pragma once

#include <atomic>
#include <cstdint>

#if defined(__GLIBC__) && __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define FORNAX_SINGLE_THREADED __libc_single_threaded
#else
#define FORNAX_SINGLE_THREADED false
#endif

namespace fornax {

/// A reference count that any threads may share. While the process has only one thread, which glibc knows, counting
/// needs no locked instruction; locked ones were a third of the cost of recording an operation on one element, and calls
/// to these few instructions a tenth.
class RefCount {
 public:
  [[gnu::always_inline]] void increment() {
    if (FORNAX_SINGLE_THREADED) {
      count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      count_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  /// True if this was the last reference.
  [[gnu::always_inline]] bool decrement() {
    if (is_one()) return true;
    if (FORNAX_SINGLE_THREADED) {
      count_.store(count_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      return false;
    }
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  bool is_one() const { return count_.load(std::memory_order_acquire) == 1; }

 private:
  std::atomic<std::uint32_t> count_{1};
};

}  // namespace fornax

#undef FORNAX_SINGLE_THREADED
