#include <fornax/cpu/threads.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>

#include <omp.h>

#include <fornax/array/error.hpp>

namespace fornax {

namespace {

// Whole processors that the control group (version 2) lets the process use; 0 if it does not say.
int quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string share;
  double period = 0;
  if (!(file >> share >> period) || share == "max" || !(period > 0)) return 0;
  const double processors = std::strtod(share.c_str(), nullptr) / period;
  return processors < 1 ? 1 : static_cast<int>(std::min(processors, 1024.0));
}

int at_first() {
  if (const char* wish = std::getenv("FORNAX_NUM_THREADS")) {  // NOLINT(concurrency-mt-unsafe): read once
    const long n = std::strtol(wish, nullptr, 10);
    if (n >= 1) return static_cast<int>(std::min(n, 1024L));
  }
  const int most = std::max(omp_get_max_threads(), 1), allowed = quota();
  return allowed > 0 ? std::min(most, allowed) : most;
}

std::atomic<int>& setting() {
  static std::atomic<int> threads{at_first()};
  return threads;
}

thread_local bool alone = false;

// What a thread works on first, so that each finds in its own cache what it wrote for the operation before; one that is done
// helps the others.
struct alignas(64) Share {
  std::atomic<std::int64_t> next{0};
  std::int64_t end = 0;
};
constexpr int kMostShares = 64;

}  // namespace

SingleThreaded::SingleThreaded() : before_(alone), of_libraries_(omp_get_max_threads()) {
  alone = true;
  omp_set_num_threads(1);
}
SingleThreaded::~SingleThreaded() {
  alone = before_;
  omp_set_num_threads(of_libraries_);
}

int num_threads() { return setting().load(std::memory_order_relaxed); }

void set_num_threads(int n) {
  if (n < 1) throw ValueError("set_num_threads", "the number of threads is " + std::to_string(n) + "; must be >= 1");
  setting().store(n, std::memory_order_relaxed);
}

namespace cpu {

int threads_for(std::int64_t tasks) {
  if (tasks < 2 || alone || omp_in_parallel()) return 1;
  return static_cast<int>(std::min<std::int64_t>(num_threads(), tasks));
}

void run_ranges(std::int64_t count, std::int64_t each, int threads, RangeFunction run, const void* f) {
  if (threads < 2 || omp_in_parallel()) return run(f, 0, count, 0);
  Share shares[kMostShares];
  const int used = std::min(threads, kMostShares);
  const std::int64_t ranges = (count + each - 1) / each;
  for (int s = 0; s < used; ++s) {
    shares[s].next.store(ranges * s / used * each, std::memory_order_relaxed);
    shares[s].end = std::min(ranges * (s + 1) / used * each, count);
  }
  std::atomic<bool> failed{false};
  std::exception_ptr error;
#pragma omp parallel num_threads(threads)
  {
    const int worker = omp_get_thread_num();
    for (int s = 0; s < used; ++s) {
      Share& share = shares[(worker + s) % used];
      while (!failed.load(std::memory_order_relaxed)) {
        const std::int64_t begin = share.next.fetch_add(each, std::memory_order_relaxed);
        if (begin >= share.end) break;
        try {
          run(f, begin, std::min(begin + each, share.end), worker);
        } catch (...) {
          if (!failed.exchange(true)) error = std::current_exception();
        }
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

void run_grains(std::int64_t count, std::int64_t grain, RangeFunction run, const void* f) {
  const std::int64_t grains = (count + grain - 1) / grain;
  const int threads = threads_for(grains);
  // A few ranges for each thread: one that is held up leaves its share to the others.
  run_ranges(count, std::max<std::int64_t>(1, grains / (4 * std::int64_t{threads})) * grain, threads, run, f);
}

}  // namespace cpu

}  // namespace fornax
