#include <algorithm>

#include <fornax/cpu/isa/random.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

Array execute(const op::Dropout& op, const Spec& spec, Operands inputs) {
  const DType type = compute_type(spec.dtype);
  const RandomKernels& kernels = random_kernels(type, isa());
  std::int64_t run = 1;  // elements that are lost together
  for (int d = op.dims; d < spec.shape.rank(); ++d) run *= spec.shape[d];
  if (spec.shape.numel() == 0) return cpu_empty(op.name(), spec.shape, spec.dtype);
  const bool as_it_is = spec.dtype == type && is_contiguous(inputs[0].array());
  const Array x = as_it_is ? Array() : as_contiguous(op.name(), inputs[0].array(), type);
  const std::byte* const from = dense(as_it_is ? inputs[0].array() : x).data;
  const Array y = as_it_is ? cpu_result(op.name(), spec, inputs) : x;
  const auto size = static_cast<std::int64_t>(size_of(type));
  // Ranges start with a block, of which four draws come.
  const std::int64_t n = spec.shape.numel(), draws = (n + run - 1) / run;
  parallel_for((draws + 3) / 4, std::max<std::int64_t>(1, kLeastElements / 8 / run),
               [&](std::int64_t a, std::int64_t b) {
                 const std::int64_t begin = 4 * a * run, end = std::min(4 * b * run, n);
                 kernels.dropout(op.draw.seed, op.draw.offset + static_cast<std::uint64_t>(a), 1 - op.probability, run,
                                 from + begin * size, dense(y).data + begin * size, end - begin);
               });
  return as_dtype(op.name(), y, spec.dtype);
}

}  // namespace fornax::cpu
