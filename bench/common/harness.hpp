// Shared benchmark harness: deterministic data, timing, memory and JSON output.
// Plain C++17, no dependency, so every peer program (and the library under test)
// includes this one file and runs exactly the same workload on the same numbers.
#pragma once
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// ------------------------------------------------------------------ data
// Value i of stream `seed`: a pure function, so any library can rebuild it.
inline uint64_t hash64(uint64_t seed, uint64_t i) {
  uint64_t z = seed * 0x9E3779B97F4A7C15ull + i * 0xD1B54A32D192ED03ull + 0x2545F4914F6CDD1Dull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}
// Uniform in [-scale, scale), 24 random bits, exact in float.
inline float uniform(uint64_t seed, uint64_t i, float scale = 1.0f) {
  const float u = static_cast<float>(hash64(seed, i) >> 40) * 0x1p-24f;
  return (2.0f * u - 1.0f) * scale;
}
inline void fill_uniform(float* p, size_t n, uint64_t seed, float scale = 1.0f) {
  for (size_t i = 0; i < n; ++i) p[i] = uniform(seed, i, scale);
}
inline std::vector<float> uniform_vec(size_t n, uint64_t seed, float scale = 1.0f) {
  std::vector<float> v(n);
  fill_uniform(v.data(), n, seed, scale);
  return v;
}
template <class Int> std::vector<Int> class_vec(size_t n, uint64_t seed, uint64_t classes) {
  std::vector<Int> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = static_cast<Int>(hash64(seed, i) % classes);
  return v;
}

// ------------------------------------------------------------------ memory
inline long status_kb(const char* key) {
  FILE* f = std::fopen("/proc/self/status", "r");
  if (!f) return -1;
  char line[256];
  long kb = -1;
  const size_t k = std::strlen(key);
  while (std::fgets(line, sizeof line, f))
    if (!std::strncmp(line, key, k)) kb = std::atol(line + k + 1);
  std::fclose(f);
  return kb;
}
inline long peak_rss_kb() { return status_kb("VmHWM"); }
inline long rss_kb() { return status_kb("VmRSS"); }
// Start peak counting afresh (works where /proc/self/clear_refs is writable).
inline void reset_peak_rss() {
  if (FILE* f = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", f);
    std::fclose(f);
  }
}

// Resident size now that the inputs are made, from which on the peak is counted. What malloc has kept of vectors that are
// gone is given back first.
inline long inputs_are_made() {
  malloc_trim(0);
  reset_peak_rss();
  return rss_kb();
}

// ------------------------------------------------------------------ timing
inline double now_ns() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Stats {
  double median_ns = 0, min_ns = 0, p90_ns = 0;
  int samples = 0;
  long inner = 1;
  long inputs_rss_kb = 0;  // resident size before the first call
  long peak_rss_kb = 0;    // at the end of the timed part, before any check value is computed
};

struct Options {
  std::string workload, peer;
  int threads = 1;
  double budget_s = 3.0;  // time spent sampling, after the warm-up
  double warm_s = 0.3;    // time spent warming up
  int min_samples = 5;
  int max_samples = 2000;
  double max_mb = 1e6;  // sweeps leave out sizes whose inputs and results take more
  // Not timed: so many calls, so that results can be compared. With `small` on sizes that a test has time for.
  int calls = 0;
  bool small = false;
};

// Times f(): warm-up, then repeats until the budget is spent. Calls shorter than
// 100 us are grouped so that the clock does not show.
inline Stats time_it(const Options& o, const std::function<void()>& f) {
  Stats s;
  if (o.calls > 0) {
    for (int i = 0; i < o.calls; ++i) f();
    return s;
  }
  s.inputs_rss_kb = inputs_are_made();
  double t0 = now_ns();
  int warm = 0;
  do {
    f();
    ++warm;
  } while (now_ns() - t0 < o.warm_s * 1e9 && warm < 100000);
  t0 = now_ns();
  f();
  const double once = std::max(now_ns() - t0, 20.0);
  s.inner = once >= 1e5 ? 1 : std::max<long>(1, static_cast<long>(1e5 / once));
  std::vector<double> v;
  const double start = now_ns();
  while (static_cast<int>(v.size()) < o.max_samples &&
         (static_cast<int>(v.size()) < o.min_samples || now_ns() - start < o.budget_s * 1e9)) {
    t0 = now_ns();
    for (long i = 0; i < s.inner; ++i) f();
    v.push_back((now_ns() - t0) / static_cast<double>(s.inner));
  }
  s.peak_rss_kb = peak_rss_kb();
  std::sort(v.begin(), v.end());
  s.samples = static_cast<int>(v.size());
  s.min_ns = v.front();
  s.median_ns = v.size() % 2 ? v[v.size() / 2] : 0.5 * (v[v.size() / 2 - 1] + v[v.size() / 2]);
  s.p90_ns = v[static_cast<size_t>(0.9 * static_cast<double>(v.size() - 1))];
  return s;
}

// ------------------------------------------------------------------ output
struct Report {
  Stats stats;
  double flops = 0;                                   // floating-point operations of one iteration (0: not meaningful)
  std::vector<std::pair<std::string, double>> extra;  // check values and the like
  long base_rss_kb = 0;
  uint64_t bits = 0;  // hash of the bits of all results
};

// Adds to the hash of the results.
inline void add_bits(Report& r, const void* data, size_t bytes) {
  const auto* p = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, p + i, std::min<size_t>(8, bytes - i));
    r.bits = hash64(r.bits, word);
  }
}

inline void print_json(const Options& o, const Report& r) {
  std::printf(
      "{\"workload\":\"%s\",\"peer\":\"%s\",\"threads\":%d,\"median_ns\":%.1f,\"min_ns\":%.1f,"
      "\"p90_ns\":%.1f,\"samples\":%d,\"inner\":%ld,\"peak_rss_kb\":%ld,"
      "\"inputs_rss_kb\":%ld,\"base_rss_kb\":%ld",
      o.workload.c_str(), o.peer.c_str(), o.threads, r.stats.median_ns, r.stats.min_ns, r.stats.p90_ns, r.stats.samples,
      r.stats.inner, r.stats.peak_rss_kb ? r.stats.peak_rss_kb : peak_rss_kb(), r.stats.inputs_rss_kb, r.base_rss_kb);
  if (r.flops > 0) std::printf(",\"flops\":%.0f,\"gflops\":%.2f", r.flops, r.flops / r.stats.median_ns);
  for (const auto& [k, v] : r.extra) std::printf(",\"%s\":%.9g", k.c_str(), v);
  std::printf("}\n");
  std::fflush(stdout);
}

// ------------------------------------------------------------------ main
using Workload = std::function<Report(const Options&)>;
using Table = std::map<std::string, Workload>;

// OpenMP-based peers read OMP_NUM_THREADS when the process loads, so the program
// starts itself again with the variable set when it is not what was asked for.
inline void pin_threads_env(char** argv, int threads) {
  const std::string want = std::to_string(threads);
  const char* have = std::getenv("OMP_NUM_THREADS");
  if (have && want == have) return;
  setenv("OMP_NUM_THREADS", want.c_str(), 1);
  setenv("OPENBLAS_NUM_THREADS", want.c_str(), 1);
  setenv("MKL_NUM_THREADS", want.c_str(), 1);
  execv("/proc/self/exe", argv);
  std::perror("execv");
  std::exit(1);
}

inline int run_main(int argc, char** argv, const std::string& default_peer, const Table& table,
                    const std::function<void(int)>& set_threads, bool reexec_for_omp) {
  Options o;
  o.peer = default_peer;
  for (int i = 1; i < argc; ++i) {
    const std::string a = argv[i];
    const auto next = [&] { return i + 1 < argc ? argv[++i] : (std::exit(2), argv[0]); };
    if (a == "--list") {
      for (const auto& kv : table) std::printf("%s\n", kv.first.c_str());
      return 0;
    }
    if (a == "--threads")
      o.threads = std::atoi(next());
    else if (a == "--peer")
      o.peer = next();
    else if (a == "--budget")
      o.budget_s = std::atof(next());
    else if (a == "--warm")
      o.warm_s = std::atof(next());
    else if (a == "--samples")
      o.min_samples = std::max(1, std::atoi(next()));
    else if (a == "--max-mb")
      o.max_mb = std::atof(next());
    else if (a == "--workload")
      o.workload = next();
    else
      o.workload = a;
  }
  const auto it = table.find(o.workload);
  if (it == table.end()) {
    std::fprintf(
        stderr,
        "usage: %s WORKLOAD [--threads N] [--peer LABEL] [--budget S] [--warm S] [--samples N] [--max-mb M] | --list\n",
        argv[0]);
    return 2;
  }
  if (reexec_for_omp && o.workload != "startup") pin_threads_env(argv, o.threads);
  set_threads(o.threads);
  const Report r = it->second(o);
  if (r.stats.samples > 0) print_json(o, r);
  return 0;
}

}  // namespace bench
