#include <fornax/cpu/isa/lstm.hpp>

#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/scratch.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

constexpr std::int64_t kRows = 24;  // that go through the steps together: each reads the whole weight once a step

std::byte* bytes(const Array& x) { return dense(x).data; }

/// Calls f(first row, rows, scratch) for parts of the batch of about equal size.
template <class F>
void for_rows(std::string_view operation, const LstmShape& s, const LstmKernels& kernels, DType type, const F& f) {
  if (s.batch == 0) return;
  const std::int64_t tasks = (s.batch + kRows - 1) / kRows, each = (s.batch + tasks - 1) / tasks;
  const int threads = threads_for(tasks);
  const Scratch scratch(operation, threads, kernels.scratch_size(s.width, each), type);
  parallel_tasks(tasks, threads, [&](std::int64_t task, int worker) {
    const std::int64_t first = task * each, rows = std::min(each, s.batch - first);
    if (rows > 0) f(first, rows, scratch.of(worker));
  });
}

struct Packed {
  Array weight;

  Packed(std::string_view operation, const Array& w, DType type, const LstmKernels& kernels, bool forward) {
    const std::int64_t width = w.shape()[1];
    const Array plain = as_contiguous(operation, w, type);
    weight = cpu_empty(operation, Shape{kernels.packed_size(width)}, type);
    (forward ? kernels.pack_forward : kernels.pack_backward)(bytes(plain), width, bytes(weight));
  }
};

Arrays results_for(std::string_view operation, const Specs& specs, DType type) {
  Arrays y;
  for (const Spec& s : specs) y.push_back(cpu_empty(operation, s.shape, type));
  return y;
}

Arrays as_promised(std::string_view operation, Arrays y, const Specs& specs) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = as_dtype(operation, y[i], specs[i].dtype);
  return y;
}

}  // namespace

Arrays execute(const op::Lstm& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  const LstmKernels& kernels = lstm_kernels(type, isa());
  const Shape& states = specs[0].shape;
  const LstmShape shape{states[0], states[1], states[2], op.reverse};
  const Packed packed(op.name(), inputs[1].array(), type, kernels, true);
  Array x[4];
  for (const std::size_t i : {0, 2, 3}) x[i] = as_contiguous(op.name(), inputs[i].array(), type);
  const Arrays y = results_for(op.name(), specs, type);
  const LstmForward at{bytes(x[0]), bytes(packed.weight), bytes(x[2]), bytes(x[3]),
                       bytes(y[0]), bytes(y[1]),          bytes(y[2])};
  for_rows(op.name(), shape, kernels, type, [&](std::int64_t first, std::int64_t rows, std::byte* scratch) {
    kernels.forward(shape, at, first, rows, scratch);
  });
  return as_promised(op.name(), y, specs);
}

Arrays execute(const op::LstmGrad& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  const LstmKernels& kernels = lstm_kernels(type, isa());
  const Shape& states = inputs[2]->shape();
  const LstmShape shape{states[0], states[1], states[2], op.reverse};
  const Packed packed(op.name(), inputs[0].array(), type, kernels, false);
  Array x[7];
  for (std::size_t i = 1; i < inputs.size(); ++i) x[i] = as_contiguous(op.name(), inputs[i].array(), type);
  const Arrays y = results_for(op.name(), specs, type);
  const LstmBackward at{bytes(packed.weight),
                        bytes(x[1]),
                        bytes(x[2]),
                        bytes(x[3]),
                        bytes(x[4]),
                        op.of_cells ? bytes(x[5]) : nullptr,
                        op.of_gates ? bytes(x[inputs.size() - 1]) : nullptr,
                        bytes(y[0]),
                        bytes(y[1]),
                        bytes(y[2])};
  for_rows(op.name(), shape, kernels, type, [&](std::int64_t first, std::int64_t rows, std::byte* scratch) {
    kernels.backward(shape, at, first, rows, scratch);
  });
  return as_promised(op.name(), y, specs);
}

}  // namespace fornax::cpu
