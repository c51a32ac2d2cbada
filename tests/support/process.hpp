#pragma once
// What tests need of processes: the memory of their own, threads with a small stack, programs that they run.

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

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

/// The process goes on as another program.
[[noreturn]] inline void become(std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

/// A program that runs beside the test; what it writes to its output can be read here.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    process_ = ::fork();
    EXPECT_GE(process_, 0);
    if (process_ == 0) {
      ::dup2(ends[1], 1);
      ::close(ends[0]);
      ::close(ends[1]);
      become(command);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ > 0) {
      send(SIGKILL);
      wait();
    }
    ::close(output_);
  }

  /// True if so many bytes came before the output's end.
  bool read(void* to, std::size_t bytes) const {
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t n = ::read(output_, static_cast<char*>(to) + done, bytes - done);
      if (n <= 0) return false;
      done += static_cast<std::size_t>(n);
    }
    return true;
  }
  /// Without its end; empty at the end of the output.
  std::string read_line() const {
    std::string line;
    for (char c = 0; read(&c, 1) && c != '\n';) line += c;
    return line;
  }
  /// Reads lines up to this one; false if it does not come.
  bool read_until(const std::string& line) const {
    for (std::string at = read_line(); !at.empty(); at = read_line())
      if (at == line) return true;
    return false;
  }
  void send(int signal) const { ::kill(process_, signal); }
  /// Waits for its end; the status as waitpid gives it.
  int wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(process_, &status, 0), process_);
    process_ = -1;
    return status;
  }

 private:
  pid_t process_ = -1;
  int output_ = -1;
};

}  // namespace fornax::test
