#pragma once
// Lazy kernels: elementwise operations on large arrays, and the reductions at their ends, wait until somebody reads a
// result, and then run as one pass over memory.
//
// An operation's shapes and dtypes are checked at the call; what fails later can only be memory. Results are bit for bit
// those of the operations one by one. Any number of threads may build on shared tensors and read them.

#include <cstdint>

#include <fornax/array/interpreter.hpp>

namespace fornax::fusion {

/// The decorator around a backend; one for each, made on first use. Any thread may ask. Throws ValueError for a
/// decorator: Fusion stands around the backend, inside all others.
Interpreter& around(Interpreter& backend);

/// Operations on arrays of fewer elements run at once: 16384, or FORNAX_FUSION_LEAST from the environment.
std::int64_t least_elements();
/// Throws ValueError unless n >= 0. For all threads, from the next operation on.
void set_least_elements(std::int64_t n);

/// While more than this many bytes are held as inputs of waiting programs, the one that has waited longest runs:
/// 1 GiB, or FORNAX_FUSION_BYTES from the environment.
std::uint64_t most_bytes();
void set_most_bytes(std::uint64_t bytes);

/// What Fusion has done since the program began.
struct Stats {
  std::uint64_t deferred = 0;      // operations that waited
  std::uint64_t instructions = 0;  // those that ran; the others were never needed
  std::uint64_t programs = 0;      // passes over memory that they ran in
  std::uint64_t waiting = 0;       // programs that wait now
};
Stats stats();

}  // namespace fornax::fusion
