#pragma once
// What the kernels of recurrent networks share around the loop over time.

#include <algorithm>

#include <fornax/cpu/isa/sequence.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/scratch.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

inline std::byte* bytes(const Array& x) { return dense(x).data; }

/// Calls f(first row, rows, scratch) for parts of the batch of about equal size.
template <class Kernels, class F>
void for_rows(std::string_view operation, const SequenceShape& s, const Kernels& kernels, DType type, const F& f) {
  constexpr std::int64_t most = 24;  // that go through the steps together: each reads the whole weight once a step
  if (s.batch == 0) return;
  const std::int64_t tasks = (s.batch + most - 1) / most, each = (s.batch + tasks - 1) / tasks;
  const int threads = threads_for(tasks);
  const Scratch scratch(operation, threads, kernels.scratch_size(s.width, each), type);
  parallel_tasks(tasks, threads, [&](std::int64_t task, int worker) {
    const std::int64_t first = task * each, rows = std::min(each, s.batch - first);
    if (rows > 0) f(first, rows, scratch.of(worker));
  });
}

/// A weight as the kernels read it.
template <class Kernels>
Array packed(std::string_view operation, const Array& w, DType type, const Kernels& kernels, bool forward) {
  const std::int64_t width = w.shape()[1];
  const Array plain = as_contiguous(operation, w, type);
  Array to = cpu_empty(operation, Shape{kernels.packed_size(width)}, type);
  (forward ? kernels.pack_forward : kernels.pack_backward)(bytes(plain), width, bytes(to));
  return to;
}

inline Arrays results_for(std::string_view operation, const Specs& specs, DType type) {
  Arrays y;
  for (const Spec& s : specs) y.push_back(cpu_empty(operation, s.shape, type));
  return y;
}

inline Arrays as_promised(std::string_view operation, Arrays y, const Specs& specs) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = as_dtype(operation, y[i], specs[i].dtype);
  return y;
}

}  // namespace fornax::cpu
