#pragma once
// What the kernels of recurrent networks share around the loop over time.

#include <algorithm>
#include <array>
#include <utility>

#include <fornax/cpu/isa/sequence.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/scratch.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

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

/// One pass of `kernels` over a sequence whose states have the shape `states`. `at(x, y)` says what `pass` works on: x are the
/// elements of the inputs, null where there is none, with the weight as `pack` wrote it; y are those of the results.
template <class Op, class Kernels, class Pass, class At>
Arrays over_sequence(const Op& op, const Shape& states, const Specs& specs, Operands inputs, std::size_t weight,
                     const Kernels& kernels, void (*pack)(const void*, std::int64_t, void*), Pass pass, const At& at) {
  const DType type = compute_type(specs[0].dtype);
  const SequenceShape shape{states[0], states[1], states[2], op.reverse};
  std::array<Array, 7> from;
  std::array<std::byte*, 7> x = {}, out = {};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    from[i] = as_contiguous(op.name(), inputs[i].array(), type);
    if (i == weight) {
      Array packed = cpu_empty(op.name(), Shape{kernels.packed_size(shape.width)}, type);
      pack(dense(from[i]).data, shape.width, dense(packed).data);
      from[i] = std::move(packed);
    }
    x[i] = dense(from[i]).data;
  }
  Arrays y;
  for (const Spec& s : specs) y.push_back(cpu_empty(op.name(), s.shape, type));
  for (std::size_t i = 0; i < y.size(); ++i) out[i] = dense(y[i]).data;
  const auto work = at(x, out);
  for_rows(op.name(), shape, kernels, type,
           [&](std::int64_t first, std::int64_t rows, std::byte* scratch) { pass(shape, work, first, rows, scratch); });
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = as_dtype(op.name(), y[i], specs[i].dtype);
  return y;
}

}  // namespace fornax::cpu
