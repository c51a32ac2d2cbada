#pragma once
// The one pool of threads, which our kernels share with the libraries that they call: OpenMP's.

#include <cstdint>

namespace fornax {

/// The most threads that an operation uses. At first FORNAX_NUM_THREADS from the environment; without it OpenMP's own
/// choice (OMP_NUM_THREADS, else the cores that the process may use), but no more than the quota of its control group.
int num_threads();
/// Throws ValueError unless n >= 1. Results do not depend on it: work is split by its size alone.
void set_num_threads(int n);

/// While one lives, operations of the calling thread run on it alone. For a program's own threads, whose operations would
/// otherwise compete for the processor.
class SingleThreaded {
 public:
  SingleThreaded();
  ~SingleThreaded();
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  bool before_;
  int of_libraries_;
};

namespace cpu {

/// Elements that simple arithmetic should have before a second thread is worth waking.
inline constexpr std::int64_t kLeastElements = 1 << 15;

/// The threads among which `tasks` tasks are shared: 1 inside a parallel region.
int threads_for(std::int64_t tasks);

using RangeFunction = void (*)(const void* f, std::int64_t begin, std::int64_t end, int worker);
void run_ranges(std::int64_t count, std::int64_t each, int threads, RangeFunction run, const void* f);
void run_grains(std::int64_t count, std::int64_t grain, RangeFunction run, const void* f);

/// Calls f(begin, end) for ranges that make up [0, count), each a whole number of grains long but for the last one, on
/// as many threads as there are. In one call on this thread if there is one grain, or if this thread is already part of
/// a parallel region. The result must not depend on where the cuts are. An exception of f is thrown on after all ranges
/// have stopped.
template <class F> void parallel_for(std::int64_t count, std::int64_t grain, const F& f) {
  if (count <= grain) {
    if (count > 0) f(std::int64_t{0}, count);
    return;
  }
  run_grains(
      count, grain,
      [](const void* g, std::int64_t begin, std::int64_t end, int) { (*static_cast<const F*>(g))(begin, end); }, &f);
}

/// Calls f(task, worker) for each task, on `threads` threads as threads_for() gave them out; 0 <= worker < threads names
/// the scratch memory that a task may use.
template <class F> void parallel_tasks(std::int64_t tasks, int threads, const F& f) {
  run_ranges(
      tasks, 1, threads,
      [](const void* g, std::int64_t begin, std::int64_t end, int worker) {
        for (std::int64_t i = begin; i < end; ++i) (*static_cast<const F*>(g))(i, worker);
      },
      &f);
}

}  // namespace cpu

}  // namespace fornax
