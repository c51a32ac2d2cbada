#pragma once
// Buffers for elements. Freed blocks are kept and given out again: returning large buffers to the system and faulting
// them in anew costs more than most operations (142 ms against 27 ms for one chain of four operations on 64 MB).

#include <cstddef>
#include <cstdint>

#include <fornax/array/dense.hpp>

namespace fornax {

/// What the allocator holds, in bytes.
struct MemoryStats {
  std::uint64_t live = 0;         // in buffers that arrays use
  std::uint64_t peak = 0;         // the most that was ever live
  std::uint64_t cached = 0;       // kept for reuse
  std::uint64_t allocations = 0;  // buffers handed out so far
};

MemoryStats memory_stats();
/// Lets `peak` start again from what is live now.
void reset_peak_memory();
/// The most bytes that may be live; 0 means no limit. Beyond it allocation throws OutOfMemory.
void set_memory_limit(std::uint64_t bytes);
/// Returns cached blocks to the system.
void trim_memory();

/// A 64-byte aligned buffer with one reference. Throws OutOfMemory, naming the operation and the size.
Storage* allocate_storage(std::string_view operation, std::size_t bytes);
void release_storage(Storage* storage) noexcept;

}  // namespace fornax
