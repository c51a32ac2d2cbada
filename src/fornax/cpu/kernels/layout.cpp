#include <fornax/array/dense.hpp>
#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

namespace {

std::size_t at(int d) { return static_cast<std::size_t>(d); }

// Strides that read x as `shape` without a copy: every group of new dims must lie inside one group of old dims that
// step through memory evenly. Returns false if there are none.
bool view_strides(const Array& x, const Shape& shape, Strides& strides) {
  if (x.numel() == 0) {
    strides = contiguous_strides(shape);
    return true;
  }
  const Strides& from = dense(x).strides;
  int old_dim = x.rank() - 1, new_dim = shape.rank() - 1;
  while (old_dim >= 0) {
    if (x.shape()[old_dim] == 1) {
      --old_dim;
      continue;
    }
    std::int64_t group = x.shape()[old_dim];
    const std::int64_t step = from[at(old_dim)];
    while (old_dim > 0 && (x.shape()[old_dim - 1] == 1 || from[at(old_dim - 1)] == step * group)) {
      --old_dim;
      group *= x.shape()[old_dim];
    }
    --old_dim;
    std::int64_t covered = 1;
    while (covered < group) {
      if (new_dim < 0 || group % (covered * shape[new_dim]) != 0) return false;
      strides[at(new_dim)] = step * covered;
      covered *= shape[new_dim--];
    }
  }
  for (; new_dim >= 0; --new_dim) strides[at(new_dim)] = 0;  // only sizes of 1 are left
  return true;
}

// How a slice lies in its array: elements before its first, and its strides.
struct Window {
  std::int64_t offset = 0;
  Strides strides{};

  Window(const Array& x, const SliceDims& dims, const Shape& part) {
    for (int d = 0; d < x.rank(); ++d) {
      const SliceDim& s = dims.dims[at(d)];
      if (part.numel() > 0) offset += s.start * dense(x).strides[at(d)];
      strides[at(d)] = s.step * dense(x).strides[at(d)];
    }
  }
};

// Writes x's elements into y's buffer, through strides of the caller's choice.
void write(const Array& x, const Array& y, std::int64_t offset, const Strides& strides) {
  copy(x, dense(y).data + offset * static_cast<std::int64_t>(size_of(y.dtype())), strides);
}

}  // namespace

Array execute(const op::Broadcast&, const Spec& spec, Operands inputs) {
  const Array& x = inputs[0].array();
  const int lead = spec.shape.rank() - x.rank();
  Strides strides{};
  for (int d = 0; d < x.rank(); ++d)
    strides[at(d + lead)] = x.shape()[d] == 1 && spec.shape[d + lead] != 1 ? 0 : dense(x).strides[at(d)];
  return view(x, spec.shape, strides, 0);
}

Array execute(const op::Reshape& op, const Spec& spec, Operands inputs) {
  const Array& x = inputs[0].array();
  Strides strides{};
  if (view_strides(x, spec.shape, strides)) return view(x, spec.shape, strides, 0);
  const Array y = cpu_empty(op.name(), spec.shape, x.dtype());
  copy(x, dense(y).data, contiguous_strides(x.shape()));
  return y;
}

Array execute(const op::Permute& op, const Spec& spec, Operands inputs) {
  const Array& x = inputs[0].array();
  Strides strides{};
  for (int d = 0; d < x.rank(); ++d) strides[at(d)] = dense(x).strides[at(op.dims[at(d)])];
  return view(x, spec.shape, strides, 0);
}

Array execute(const op::Slice& op, const Spec& spec, Operands inputs) {
  const Array& x = inputs[0].array();
  const Window window(x, *op.at, spec.shape);
  return view(x, spec.shape, window.strides, window.offset);
}

Array execute(const op::SliceAssign& op, const Spec& spec, Operands inputs) {
  const Array& values = inputs[1].array();
  const std::byte* before = dense(inputs[0].array()).data;
  const Array x = cpu_result(op.name(), spec, inputs.first(1));
  if (dense(x).data != before) copy(inputs[0].array(), dense(x).data, dense(x).strides);
  const Window window(x, *op.at, values.shape());
  write(values, x, window.offset, window.strides);
  return x;
}

Array execute(const op::Cat& op, const Spec& spec, Operands inputs) {
  const Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  std::int64_t start = 0;
  for (const Operand& x : inputs) {
    write(x.array(), y, start * dense(y).strides[at(op.dim)], dense(y).strides);
    start += x->shape()[op.dim];
  }
  return y;
}

}  // namespace fornax::cpu
