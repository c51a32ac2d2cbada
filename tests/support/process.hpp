#pragma once
// What tests need of the process: its memory, and threads with a small stack.

#include <pthread.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <functional>

#include <gtest/gtest.h>

namespace fornax::test {

// The sanitizers keep freed memory for a while and widen stack frames, which bounds on either must allow for.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

/// Bytes of memory that the process occupies now.
inline std::size_t resident_bytes() {
  std::size_t pages = 0, ignored = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (!file) return 0;
  const bool read = std::fscanf(file, "%zu %zu", &ignored, &pages) == 2;
  std::fclose(file);
  return read ? pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

/// Runs f on a thread with a stack of this size, and waits for it.
inline void run_with_stack(std::size_t bytes, std::function<void()> f) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, bytes), 0);
  pthread_t thread{};
  const auto start = [](void* function) -> void* {
    (*static_cast<std::function<void()>*>(function))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, start, &f), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}

}  // namespace fornax::test
