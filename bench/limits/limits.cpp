// Measures what the machine can do at most, so that a workload's physical floor can
// be computed: FMA peak (f32, f64, bf16 dot), bandwidth of each cache level and of
// main memory (read, write, copy, add; ordinary and non-temporal stores), the
// throughput of exp-like vector code, allocation and page-fault cost, and thread
// wake-up latency. One JSON line per measurement. x86-64 with AVX-512.
#include <immintrin.h>
#include <pthread.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "harness.hpp"

namespace {

// Only what bench/floors.py reads, in a few seconds.
bool g_floors_only = false;
int g_repeats = 7;

// Runs fn(t) on n threads at once, `reps` times, and returns the best and median
// seconds of a repeat (all threads start together; the slowest ends it).
struct Times {
  double best, median;
};
Times parallel_time(int n, int reps, const std::function<void(int)>& fn) {
  std::atomic<int> ready{0}, go{0}, done{0};
  std::vector<std::thread> pool;
  for (int t = 1; t < n; ++t)
    pool.emplace_back([&, t] {
      for (int r = 1; r <= reps; ++r) {
        ready.fetch_add(1);
        while (go.load(std::memory_order_acquire) < r) _mm_pause();
        fn(t);
        done.fetch_add(1);
      }
    });
  std::vector<double> v;
  for (int r = 1; r <= reps; ++r) {
    while (ready.load() < (n - 1) * r) _mm_pause();
    const double t0 = bench::now_ns();
    go.store(r, std::memory_order_release);
    fn(0);
    while (done.load() < (n - 1) * r) _mm_pause();
    v.push_back((bench::now_ns() - t0) * 1e-9);
  }
  for (auto& t : pool) t.join();
  std::sort(v.begin(), v.end());
  return {v.front(), v[v.size() / 2]};
}

void emit(const char* what, int threads, double best, double median, const char* unit) {
  std::printf("{\"limit\":\"%s\",\"threads\":%d,\"median\":%.2f,\"best\":%.2f,\"unit\":\"%s\"}\n", what, threads,
              median, best, unit);
  std::fflush(stdout);
}

// ------------------------------------------------------------------ arithmetic
constexpr long kIters = 4'000'000;
volatile float g_sink;

// Sixteen (or twelve) independent accumulators kept in named registers; the instruction
// is written in asm so that the compiler neither folds it nor spills the registers.
#define R12(OP) OP(0) OP(1) OP(2) OP(3) OP(4) OP(5) OP(6) OP(7) OP(8) OP(9) OP(10) OP(11)
#define R16(OP) R12(OP) OP(12) OP(13) OP(14) OP(15)
#define PEAK_KERNEL(NAME, TYPE, INSN, ALL, INIT, A, B)                                                                 \
  void NAME(int) {                                                                                                     \
    TYPE a = A, b = B;                                                                                                 \
    TYPE r0 = INIT, r1 = r0, r2 = r0, r3 = r0, r4 = r0, r5 = r0, r6 = r0, r7 = r0, r8 = r0, r9 = r0, r10 = r0,         \
         r11 = r0, r12 = r0, r13 = r0, r14 = r0, r15 = r0;                                                             \
    for (long k = 0; k < kIters; ++k) {                                                                                \
      ALL(INSN)                                                                                                        \
    }                                                                                                                  \
    asm volatile(""                                                                                                    \
                 :                                                                                                     \
                 : "v"(r0), "v"(r1), "v"(r2), "v"(r3), "v"(r4), "v"(r5), "v"(r6), "v"(r7), "v"(r8), "v"(r9), "v"(r10), \
                   "v"(r11), "v"(r12), "v"(r13), "v"(r14), "v"(r15));                                                  \
  }
#define I_FMAPS(i) asm volatile("vfmadd213ps %2, %1, %0" : "+v"(r##i) : "v"(a), "v"(b));
#define I_FMAPD(i) asm volatile("vfmadd213pd %2, %1, %0" : "+v"(r##i) : "v"(a), "v"(b));
#define I_DPBF(i) asm volatile("vdpbf16ps %2, %1, %0" : "+v"(r##i) : "v"(a), "v"(b));
#define I_DPBU(i) asm volatile("vpdpbusd %2, %1, %0" : "+v"(r##i) : "v"(a), "v"(b));
PEAK_KERNEL(fma512_f32, __m512, I_FMAPS, R16, _mm512_set1_ps(1.0f), _mm512_set1_ps(0.9f), _mm512_set1_ps(0.1f))
PEAK_KERNEL(fma256_f32, __m256, I_FMAPS, R12, _mm256_set1_ps(1.0f), _mm256_set1_ps(0.9f), _mm256_set1_ps(0.1f))
PEAK_KERNEL(fma512_f64, __m512d, I_FMAPD, R16, _mm512_set1_pd(1.0), _mm512_set1_pd(0.9), _mm512_set1_pd(0.1))
#if defined(__AVX512BF16__)
PEAK_KERNEL(dot512_bf16, __m512, I_DPBF, R16, _mm512_set1_ps(1.0f), _mm512_castsi512_ps(_mm512_set1_epi16(0x3f80)),
            _mm512_castsi512_ps(_mm512_set1_epi16(0x3f80)))
#endif
#if defined(__AVX512VNNI__)
PEAK_KERNEL(dot512_i8, __m512i, I_DPBU, R16, _mm512_setzero_si512(), _mm512_set1_epi8(1), _mm512_set1_epi8(1))
#endif

// A good polynomial exp (range reduction by vscalef, degree 6): what one exp costs.
inline __m512 exp512(__m512 x) {
  const __m512 log2e = _mm512_set1_ps(1.44269504f);
  __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, log2e), 0);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 p = _mm512_set1_ps(1.9875691500e-4f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
  __m512 r2 = _mm512_mul_ps(r, r);
  p = _mm512_add_ps(_mm512_fmadd_ps(p, r2, r), _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, n);
}
alignas(64) float g_small[2][4096];
void exp_loop(int t) {
  __m512 s[4] = {};
  for (int rep = 0; rep < 2000; ++rep)
    for (int i = 0; i < 4096; i += 64)
      for (int u = 0; u < 4; ++u) s[u] = _mm512_add_ps(s[u], exp512(_mm512_load_ps(g_small[t] + i + 16 * u)));
  g_sink = _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s[0], s[1]), _mm512_add_ps(s[2], s[3])));
}

// ------------------------------------------------------------------ memory
float* big(size_t bytes, bool huge) {
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (huge) madvise(p, bytes, MADV_HUGEPAGE);
  std::memset(p, 1, bytes);
  return static_cast<float*>(p);
}
void k_read(const float* a, size_t n) {
  __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  for (size_t i = 0; i < n; i += 64) {
    s0 = _mm512_add_ps(s0, _mm512_load_ps(a + i));
    s1 = _mm512_add_ps(s1, _mm512_load_ps(a + i + 16));
    s2 = _mm512_add_ps(s2, _mm512_load_ps(a + i + 32));
    s3 = _mm512_add_ps(s3, _mm512_load_ps(a + i + 48));
  }
  g_sink = _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}
template <bool NT> inline void st(float* p, __m512 v) {
  if constexpr (NT)
    _mm512_stream_ps(p, v);
  else
    _mm512_store_ps(p, v);
}
template <bool NT> void k_write(float* a, size_t n) {
  const __m512 v = _mm512_set1_ps(1.5f);
  for (size_t i = 0; i < n; i += 16) st<NT>(a + i, v);
  if (NT) _mm_sfence();
}
template <bool NT> void k_copy(const float* a, float* b, size_t n) {
  for (size_t i = 0; i < n; i += 16) st<NT>(b + i, _mm512_load_ps(a + i));
  if (NT) _mm_sfence();
}
template <bool NT> void k_add(const float* a, const float* b, float* c, size_t n) {
  for (size_t i = 0; i < n; i += 16) st<NT>(c + i, _mm512_add_ps(_mm512_load_ps(a + i), _mm512_load_ps(b + i)));
  if (NT) _mm_sfence();
}
void k_axpy_inplace(float* a, const float* b, size_t n) {  // read two, write one of them
  for (size_t i = 0; i < n; i += 16)
    _mm512_store_ps(a + i, _mm512_add_ps(_mm512_load_ps(a + i), _mm512_load_ps(b + i)));
}

void memory_level(const char* name, size_t bytes_per_array, int threads, size_t traffic_goal) {
  // every thread owns its own three arrays of the given size
  std::vector<float*> A, B, C;
  for (int t = 0; t < threads; ++t) {
    A.push_back(big(bytes_per_array, true));
    B.push_back(big(bytes_per_array, true));
    C.push_back(big(bytes_per_array, true));
  }
  const size_t n = bytes_per_array / 4;
  const long inner = std::max<long>(1, static_cast<long>(traffic_goal / bytes_per_array));
  const auto go = [&](const char* kind, double arrays, const std::function<void(int)>& f) {
    const std::string_view k = kind;
    if (g_floors_only && (k.starts_with("add") || k == "axpy_inplace")) return;
    const Times t = parallel_time(threads, g_repeats, [&](int id) {
      for (long r = 0; r < inner; ++r) f(id);
    });
    const double bytes = arrays * static_cast<double>(bytes_per_array) * inner * threads * 1e-9;
    const std::string w = std::string(name) + "_" + kind;
    emit(w.c_str(), threads, bytes / t.best, bytes / t.median, "GB/s");
  };
  go("read", 1, [&](int t) { k_read(A[t], n); });
  go("write", 1, [&](int t) { k_write<false>(A[t], n); });
  go("copy", 2, [&](int t) { k_copy<false>(A[t], B[t], n); });
  go("add", 3, [&](int t) { k_add<false>(A[t], B[t], C[t], n); });
  if (bytes_per_array > (8u << 20)) {
    go("write_nt", 1, [&](int t) { k_write<true>(A[t], n); });
    go("copy_nt", 2, [&](int t) { k_copy<true>(A[t], B[t], n); });
    go("add_nt", 3, [&](int t) { k_add<true>(A[t], B[t], C[t], n); });
    go("axpy_inplace", 3, [&](int t) { k_axpy_inplace(A[t], B[t], n); });
  }
  for (int t = 0; t < threads; ++t)
    for (float* p : {A[t], B[t], C[t]}) munmap(p, bytes_per_array);
}

// First touch of fresh memory: what a large tensor costs before any arithmetic.
void page_faults(bool huge) {
  const size_t bytes = 64u << 20;
  std::vector<double> v;
  for (int r = 0; r < 9; ++r) {
    const double t0 = bench::now_ns();
    char* p = static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (huge) madvise(p, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes; i += 4096) p[i] = 1;
    munmap(p, bytes);
    v.push_back((bench::now_ns() - t0) * 1e-6);
  }
  std::sort(v.begin(), v.end());
  emit(huge ? "first_touch_64MiB_hugepage" : "first_touch_64MiB_4k", 1, v.front(), v[v.size() / 2], "ms");
}

template <class F> void per_call(const char* name, long n, F f) {
  std::vector<double> v;
  for (int r = 0; r < 9; ++r) {
    const double t0 = bench::now_ns();
    for (long i = 0; i < n; ++i) f();
    v.push_back((bench::now_ns() - t0) / static_cast<double>(n));
  }
  std::sort(v.begin(), v.end());
  emit(name, 1, v.front(), v[v.size() / 2], "ns");
}

void wake_latency() {  // hand-over to a spinning worker and back
  std::atomic<long> turn{0};
  const long n = 200000;
  std::thread w([&] {
    for (long i = 0; i < n; ++i) {
      while (turn.load(std::memory_order_acquire) != 2 * i + 1) _mm_pause();
      turn.store(2 * i + 2, std::memory_order_release);
    }
  });
  const double t0 = bench::now_ns();
  for (long i = 0; i < n; ++i) {
    turn.store(2 * i + 1, std::memory_order_release);
    while (turn.load(std::memory_order_acquire) != 2 * i + 2) _mm_pause();
  }
  const double t = (bench::now_ns() - t0) / n;
  w.join();
  emit("spin_fork_join", 2, t, t, "ns");
}

}  // namespace

int main(int argc, char** argv) {
  // usage: machine_limits [THREADS [floors [FIRST]]]: with 1 (or FIRST) to THREADS threads
  if (argc > 2 && std::string_view(argv[2]) == "floors") g_floors_only = true, g_repeats = 4;
  const int max_threads = argc > 1 ? std::atoi(argv[1]) : static_cast<int>(std::thread::hardware_concurrency());
  const int first = argc > 3 ? std::atoi(argv[3]) : 1;
  for (auto& row : g_small)
    for (size_t i = 0; i < 4096; ++i) row[i] = bench::uniform(1, i, 5.0f);
  for (int t = first; t <= max_threads && t <= 2; ++t) {
    const auto peak = [&](const char* name, double flops_per_iter, void (*f)(int)) {
      const Times s = parallel_time(t, g_repeats, f);
      const double g = flops_per_iter * kIters * t * 1e-9;
      emit(name, t, g / s.best, g / s.median, "GFLOP/s");
    };
    peak("fma_f32_avx512", 16 * 16 * 2, fma512_f32);
    if (!g_floors_only) {
      peak("fma_f32_avx2", 12 * 8 * 2, fma256_f32);
      peak("fma_f64_avx512", 16 * 8 * 2, fma512_f64);
    }
#if defined(__AVX512BF16__)
    peak("dot_bf16_avx512", 16 * 32 * 2, dot512_bf16);
#endif
#if defined(__AVX512VNNI__)
    if (!g_floors_only) peak("dot_i8_avx512", 16 * 64 * 2, dot512_i8);
#endif
    const Times e = parallel_time(t, g_repeats, exp_loop);
    const double ne = 2000.0 * 4096 * t * 1e-9;
    emit("exp_f32_avx512", t, ne / e.best, ne / e.median, "Gexp/s");
    memory_level("l1_8KiB", 8u << 10, t, 2000u << 20);
    memory_level("l2_256KiB", 256u << 10, t, 2000u << 20);
    memory_level("l3_4MiB", 4u << 20, t, 1000u << 20);
    memory_level("dram_256MiB", 256u << 20, t, 256u << 20);
  }
  if (g_floors_only) return 0;
  page_faults(false);
  page_faults(true);
  per_call("malloc_free_64B", 1000000, [] {
    void* p = std::malloc(64);
    asm volatile("" : "+r"(p) : : "memory");
    std::free(p);
  });
  per_call("make_shared_64B", 1000000, [] {
    auto p = std::make_shared<std::array<char, 64>>();
    auto* q = p.get();
    asm volatile("" : "+r"(q) : : "memory");
  });
  per_call("clock_now", 1000000, [] {
    double t = bench::now_ns();
    asm volatile("" : "+x"(t));
  });
  if (max_threads > 1) wake_latency();
  return 0;
}
