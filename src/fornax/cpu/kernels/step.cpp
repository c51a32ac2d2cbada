#include <fornax/cpu/isa/step.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

/// An array that may be written to, with the elements of x in the dtype that is computed in.
Array own_copy(std::string_view operation, const Array& x, DType type) {
  if (x.dtype() != type || !is_contiguous(x)) return as_contiguous(operation, x, type);  // which is a copy
  Array y = cpu_empty(operation, x.shape(), type);
  std::memcpy(dense(y).data, dense(x).data, static_cast<std::size_t>(y.numel()) * size_of(type));
  return y;
}

/// A parameter among all of them.
struct Member {
  std::byte* at[4];    // w, g, and what is kept
  std::int64_t begin;  // of its elements among all elements
};

/// kernel(w, g and what is kept, count) for all sets of inputs, of which the second stays as it is. Threads share out the
/// elements of all parameters together.
template <class Op, class F> Arrays in_place(const Op& op, const Specs& specs, Operands inputs, const F& kernel) {
  const DType type = compute_type(specs[0].dtype);
  const auto size = static_cast<std::int64_t>(size_of(type));
  const std::size_t set = op.set();
  // Nothing is taken before all memory is there: an operation that fails leaves its inputs alone.
  std::vector<Array> x(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Operand& a = inputs[i];
    if (i % set == 1)
      x[i] = as_contiguous(op.name(), a.array(), type);
    else if (a->dtype() != type || !cpu_writable(a))
      x[i] = own_copy(op.name(), a.array(), type);
  }
  std::vector<Member> members(inputs.size() / set);
  Arrays changed;
  changed.reserve(specs.size());
  std::int64_t total = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!x[i].defined()) x[i] = inputs[i].take();
    Member& m = members[i / set];
    m.at[i % set] = dense(x[i]).data;
    if (i % set == 0) m.begin = total, total += x[i].numel();
  }
  parallel_for(total, kLeastElements / 2, [&](std::int64_t begin, std::int64_t end) {
    auto m = std::upper_bound(members.begin(), members.end(), begin,
                              [](std::int64_t i, const Member& other) { return i < other.begin; }) -
             1;
    for (; m != members.end() && m->begin < end; ++m) {
      const std::int64_t next = m + 1 == members.end() ? total : m[1].begin;
      const std::int64_t first = std::max(begin, m->begin) - m->begin, last = std::min(end, next) - m->begin;
      std::byte* at[4] = {};
      for (std::size_t i = 0; i < set; ++i) at[i] = m->at[i] + first * size;
      kernel(step_kernels(type, isa()), at, last - first);
    }
  });
  for (std::size_t i = 0, y = 0; i < x.size(); ++i)
    if (i % set != 1) changed.push_back(as_dtype(op.name(), std::move(x[i]), specs[y++].dtype));
  return changed;
}

}  // namespace

Arrays execute(const op::SgdStep& op, const Specs& specs, Operands inputs) {
  return in_place(op, specs, inputs, [&](const StepKernels& k, std::byte* const* at, std::int64_t n) {
    k.sgd(op, at[0], at[1], at[2], n);
  });
}

Arrays execute(const op::AdamStep& op, const Specs& specs, Operands inputs) {
  return in_place(op, specs, inputs, [&](const StepKernels& k, std::byte* const* at, std::int64_t n) {
    k.adam(op, at[0], at[1], at[2], at[3], n);
  });
}

}  // namespace fornax::cpu
