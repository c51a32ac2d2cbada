#include <fornax/cpu/isa/step.hpp>

#include <cstring>

#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

/// An array that may be written to, with the elements of x in the dtype that is computed in: x's own if it was given away.
Array own(std::string_view operation, const Operand& x, DType type) {
  if (x->dtype() == type && is_contiguous(x.array())) {
    const std::byte* const from = dense(x.array()).data;
    Array y = cpu_result(operation, {x->shape(), type}, {&x, 1});
    if (dense(y).data != from) std::memcpy(dense(y).data, from, static_cast<std::size_t>(y.numel()) * size_of(type));
    return y;
  }
  return as_contiguous(operation, x.array(), type);  // a copy, if it has gaps or another dtype
}

/// kernel(arrays that it changes, g, first element, count) on the inputs but for the second, which is g.
template <class F> Arrays in_place(std::string_view operation, const Specs& specs, Operands inputs, const F& kernel) {
  const DType type = compute_type(specs[0].dtype);
  const auto size = static_cast<std::int64_t>(size_of(type));
  const Array g = as_contiguous(operation, inputs[1].array(), type);
  Arrays changed;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (i != 1) changed.push_back(own(operation, inputs[i], type));
  parallel_for(g.numel(), kLeastElements / 2, [&](std::int64_t begin, std::int64_t end) {
    std::byte* at[3] = {};
    for (std::size_t i = 0; i < changed.size(); ++i) at[i] = dense(changed[i]).data + begin * size;
    kernel(step_kernels(type, isa()), at, dense(g).data + begin * size, end - begin);
  });
  for (std::size_t i = 0; i < changed.size(); ++i) changed[i] = as_dtype(operation, changed[i], specs[i].dtype);
  return changed;
}

}  // namespace

Arrays execute(const op::SgdStep& op, const Specs& specs, Operands inputs) {
  return in_place(op.name(), specs, inputs,
                  [&](const StepKernels& k, std::byte* const* at, const std::byte* g, std::int64_t n) {
                    k.sgd(op, at[0], g, at[1], n);
                  });
}

Arrays execute(const op::AdamStep& op, const Specs& specs, Operands inputs) {
  return in_place(op.name(), specs, inputs,
                  [&](const StepKernels& k, std::byte* const* at, const std::byte* g, std::int64_t n) {
                    k.adam(op, at[0], g, at[1], at[2], n);
                  });
}

}  // namespace fornax::cpu
