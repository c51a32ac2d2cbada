#include <fornax/cpu/fused/compiled/compiled.hpp>

#include <cstdlib>
#include <cstring>
#include <utility>

#include <fornax/cpu/fused/plan.hpp>

#ifdef __unix__
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace fornax::cpu {

namespace {

// To compile a dozen operations costs 50 us: less than to interpret them over a million elements, or a few more times.
constexpr std::int64_t kLarge = 1 << 20;
constexpr std::uint32_t kFewRuns = 4;

Executor wished() {
  const char* wish = std::getenv("FORNAX_FUSION_EXECUTOR");  // NOLINT(concurrency-mt-unsafe): read once
  if (wish && std::strcmp(wish, "tiles") == 0) return Executor::Tiles;
  if (wish && std::strcmp(wish, "compiled") == 0) return Executor::Compiled;
  return Executor::Automatic;
}

std::atomic<Executor>& chosen() {
  static std::atomic<Executor> executor{wished()};
  return executor;
}

constinit std::atomic<std::uint64_t> plans{0}, segments{0}, failures{0}, bytes{0};
constinit std::atomic<bool> refused{false};

}  // namespace

Executor executor() { return chosen().load(std::memory_order_relaxed); }
void set_executor(Executor executor) { chosen().store(executor, std::memory_order_relaxed); }
CompilerStats compiler_stats() { return {plans, segments, failures, bytes}; }
void refuse_code_pages(bool refuse) { refused = refuse; }

const Compiled* CompiledOnDemand::get(const Plan& plan, std::int64_t elements) const {
  const Executor by = executor();
  if (by == Executor::Tiles) return nullptr;
  if (const Compiled* code = code_.load(std::memory_order_acquire)) return code;
  const bool pays =
      by == Executor::Compiled || elements >= kLarge || runs_.fetch_add(1, std::memory_order_relaxed) >= kFewRuns;
  // One thread compiles, once; others interpret meanwhile.
  if (!pays || !can_compile() || tried_.exchange(true, std::memory_order_relaxed)) return nullptr;
  const Compiled* code = compile(plan).release();
  if (!code) {
    failures.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  plans.fetch_add(1, std::memory_order_relaxed);
  segments.fetch_add(code->segments.size(), std::memory_order_relaxed);
  code_.store(code, std::memory_order_release);
  return code;
}

#ifdef __unix__

CodePages::CodePages(std::size_t size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  size = (size + page - 1) / page * page;
  void* const at =
      refused ? MAP_FAILED : mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return;
  data_ = static_cast<std::byte*>(at);
  size_ = size;
  bytes.fetch_add(size_, std::memory_order_relaxed);
}

CodePages::~CodePages() {
  if (!data_) return;
  munmap(data_, size_);
  bytes.fetch_sub(size_, std::memory_order_relaxed);
}

bool CodePages::close() { return mprotect(data_, size_, PROT_READ | PROT_EXEC) == 0; }

#else

CodePages::CodePages(std::size_t) {}
CodePages::~CodePages() = default;
bool CodePages::close() { return false; }

#endif

CodePages::CodePages(CodePages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

#ifndef FORNAX_WITH_XBYAK

bool can_compile() { return false; }
std::unique_ptr<const Compiled> compile(const Plan&) { return nullptr; }

#endif

}  // namespace fornax::cpu
