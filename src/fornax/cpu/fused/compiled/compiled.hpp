#pragma once
// The second executor of fused programs: stretches of a plan's steps as machine code, which keeps in registers what the tile
// interpreter keeps in the first cache. It needs x86-64 with AVX-512 and a build with Xbyak; the bits are the same.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fornax::cpu {

struct Plan;

/// The steps [begin, end) of a plan as a function of a tile.
struct Segment {
  /// at: where the tile lies in each of the places; numbers: kNumbers for each setting of the program.
  using Function = void (*)(std::byte* const* at, const float* numbers, std::int64_t n);

  std::size_t begin, end;
  bool of_rows;  // begins with a step that takes rows: runs on one after the other, once the numbers of each are found
  std::vector<std::uint16_t> places;
  std::vector<std::uint8_t> sizes;    // of these: bytes of an element
  std::vector<std::size_t> streamed;  // of these: what has to lie at a multiple of kStreamAlignment
  Function run;
};
inline constexpr std::size_t kStreamAlignment = 64;
inline constexpr std::size_t kNumbers = 4;

/// Memory that is written first and then executed, never both.
class CodePages {
 public:
  /// Pages to write to; none if the system gives none.
  explicit CodePages(std::size_t bytes);
  ~CodePages();
  CodePages(CodePages&& other) noexcept;
  CodePages& operator=(CodePages&&) = delete;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  /// From here on they can be executed, and no longer written to. False if the system forbids it.
  bool close();

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

struct Compiled {
  CodePages pages;
  std::vector<Segment> segments;  // in the order of the steps
  std::size_t registers = 0;      // that they need beyond those of the plan
};

/// Null if nothing of the plan can be compiled: no step has a formula, or the machine, the build or the system does not allow it.
std::unique_ptr<const Compiled> compile(const Plan& plan);

/// Whether this build and this machine can compile at all.
bool can_compile();

/// Which executor runs programs. Automatic compiles those that are run again or are large, and leaves one operation to its kernel.
enum class Executor : std::uint8_t { Automatic, Tiles, Compiled };
/// Automatic, or what the environment variable FORNAX_FUSION_EXECUTOR (tiles or compiled) says.
Executor executor();
/// For all threads, from the next program on.
void set_executor(Executor executor);

/// What has been compiled since the program began, and how many bytes of code exist now.
struct CompilerStats {
  std::uint64_t plans = 0, segments = 0, failures = 0, bytes = 0;
};
CompilerStats compiler_stats();
/// For tests: as if the system refused memory to execute.
void refuse_code_pages(bool refuse);

/// A plan's code, made when it pays. Any number of threads may ask.
class CompiledOnDemand {
 public:
  CompiledOnDemand() = default;
  ~CompiledOnDemand() { delete code_.load(std::memory_order_acquire); }
  CompiledOnDemand(const CompiledOnDemand&) = delete;
  CompiledOnDemand& operator=(const CompiledOnDemand&) = delete;

  /// For a run over so many elements; null if the tile interpreter runs them.
  const Compiled* get(const Plan& plan, std::int64_t elements) const;

 private:
  mutable std::atomic<const Compiled*> code_{nullptr};
  mutable std::atomic<bool> tried_{false};
  mutable std::atomic<std::uint32_t> runs_{0};
};

}  // namespace fornax::cpu
