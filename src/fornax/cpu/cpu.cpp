#include <fornax/cpu/cpu.hpp>

#include <fornax/array/pool.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/memory.hpp>
#include <fornax/cpu/numbers.hpp>
#include <fornax/cpu/tag.hpp>

namespace fornax {

constinit std::atomic<CpuBackend*> CpuBackend::only_{nullptr};

// Never destroyed: static variables anywhere may hold arrays.
CpuBackend& CpuBackend::make() {
  static CpuBackend* const backend = new CpuBackend;
  only_.store(backend, std::memory_order_release);
  return *backend;
}

Array CpuBackend::apply_one(const Op& op, Operands inputs) {
  if (!inputs.empty()) {
    Array y = cpu::execute_on_few(op, inputs);
    if (y.defined()) return y;
  }
  return std::move(apply(op, inputs)[0]);
}

namespace {

template <class T>
concept Elementwise =
    std::is_same_v<T, op::Unary> || std::is_same_v<T, op::Binary> || std::is_same_v<T, op::WithScalar> ||
    std::is_same_v<T, op::Where> || std::is_same_v<T, op::Clamp> || std::is_same_v<T, op::Cast>;

// What repeats one element is computed once and repeats one again: gradients of sums and constants are of this kind.
template <class T> Array execute_repeated(const T& op, const Spec& spec, Operands inputs) {
  for (const Operand& x : inputs)
    if (!repeats_one_element(x.array())) return {};
  Arrays ones;
  for (const Operand& x : inputs) ones.push_back(view(x.array(), Shape{}, Strides{}, 0));
  const Array y = cpu::execute(op, Spec{Shape{}, spec.dtype, spec.device}, lent(ones));
  return view(y, spec.shape, Strides{}, 0);
}

}  // namespace

Arrays CpuBackend::apply(const Op& op, Operands inputs) {
  return std::visit(
      [&]<class T>(const T& o) -> Arrays {
        if constexpr (std::is_same_v<T, op::Custom>) {
          Arrays x;
          for (const Operand& i : inputs) x.push_back(i.array());
          return o.function->forward(x);
        } else {
          const SpecOf<T> spec = o.infer(inputs);
          if constexpr (Elementwise<T>)
            if (Array y = execute_repeated(o, spec, inputs); y.defined()) return y;
          return cpu::execute(o, spec, inputs);
        }
      },
      static_cast<const OpVariant&>(op));
}

void CpuBackend::destroy(ArrayBody* body) noexcept {
  auto* d = static_cast<DenseBody*>(body);
  if (d->storage) release_storage(d->storage);
  Pool::destroy(d);
}

namespace {

// One element; for the most frequent size the compiler makes it one instruction.
void copy_number(const std::byte* from, std::byte* to, std::size_t bytes) {
  if (bytes == sizeof(float)) {
    std::memcpy(to, from, sizeof(float));
  } else {
    std::memcpy(to, from, bytes);
  }
}

}  // namespace

Array CpuBackend::upload(DType dtype, const Shape& shape, std::span<const std::byte> elements, Device) {
  if (shape.numel() == 1) {
    Array number = cpu_number(*this, shape, dtype);
    copy_number(elements.data(), dense(number).data, elements.size());
    return number;
  }
  Array a = cpu_empty("from_data", shape, dtype);
  if (!elements.empty()) std::memcpy(dense(a).data, elements.data(), elements.size());
  return a;
}

void CpuBackend::download(const Array& array, std::span<std::byte> out) {
  if (array.numel() == 1) return copy_number(dense(array).data, out.data(), out.size());
  if (out.empty()) return;
  if (is_contiguous(array)) {
    std::memcpy(out.data(), dense(array).data, out.size());
  } else {
    cpu::copy(array, out.data(), contiguous_strides(array.shape()));
  }
}

Interpreter& Cpu::interpreter() { return CpuBackend::instance(); }

Array cpu_empty(std::string_view operation, const Shape& shape, DType dtype) {
  const std::size_t bytes = static_cast<std::size_t>(shape.numel()) * size_of(dtype);
  auto* body = Pool::make<DenseBody>(&CpuBackend::instance(), dtype, Device::cpu(), shape);
  Array array(body);
  set_contiguous_strides(body->strides, shape);
  if (bytes <= DenseBody::kInline) {
    body->data = body->inline_bytes;
  } else {
    body->storage = allocate_storage(operation, bytes);
    body->data = body->storage->data;
  }
  return array;
}

Array cpu_empty(std::string_view operation, const Shape& shape, DType dtype, const Strides& strides) {
  Array array = cpu_empty(operation, shape, dtype);
  dense(array).strides = strides;
  return array;
}

Array cpu_contiguous(const Array& x) {
  if (is_contiguous(x)) return x;
  Array y = cpu_empty("contiguous", x.shape(), x.dtype());
  cpu::copy(x, dense(y).data, dense(y).strides);
  return y;
}

bool cpu_writable(const Operand& x) {
  if (!x.reusable() || !is_contiguous(x.array())) return false;
  const DenseBody& d = dense(x.array());
  return !d.storage || d.storage->references.is_one();
}

Array cpu_result(std::string_view operation, const Spec& spec, Operands inputs) {
  for (const Operand& x : inputs)
    if (x.reusable() && x->dtype() == spec.dtype && x->shape() == spec.shape && cpu_writable(x)) return x.take();
  return cpu_empty(operation, spec.shape, spec.dtype);
}

}  // namespace fornax
