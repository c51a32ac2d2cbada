#pragma once
// The CPU backend: runs every operation at once, on the calling thread's data.

#include <atomic>

#include <fornax/array/dense.hpp>
#include <fornax/array/interpreter.hpp>
#include <fornax/array/pool.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

class CpuBackend final : public Backend {
 public:
  static CpuBackend& instance() {
    CpuBackend* const made = only_.load(std::memory_order_acquire);
    return made ? *made : make();
  }

  Arrays apply(const Op& op, Operands inputs) override;
  Array apply_one(const Op& op, Operands inputs) override;
  void destroy(ArrayBody* body) noexcept override;
  std::string name() const override { return "Cpu"; }
  Array upload(DType dtype, const Shape& shape, std::span<const std::byte> elements, Device device) override;
  void download(const Array& array, std::span<std::byte> out) override;
  Array shortcut(const op::Binary& op, OperandsOf<2> inputs) override;
  Array shortcut(const op::WithScalar& op, OperandsOf<1> inputs) override;
  Arrays run_program(const fused::Call& call) override;

 private:
  CpuBackend() = default;
  static CpuBackend& make();
  static constinit std::atomic<CpuBackend*> only_;
};

/// An array of one element, not yet written; with other strides, of as many as a body holds.
[[gnu::always_inline]] inline Array cpu_number(CpuBackend& backend, const Shape& shape, DType dtype) {
  auto* body = Pool::make<DenseBody>(&backend, dtype, Device::cpu(), shape);
  body->strides.fill(1);
  body->data = body->inline_bytes;
  return Array(body);
}
inline Array cpu_number(const Shape& shape, DType dtype) { return cpu_number(CpuBackend::instance(), shape, dtype); }
/// A contiguous array with elements not yet written.
Array cpu_empty(std::string_view operation, const Shape& shape, DType dtype);
/// The same with other strides, which must leave no gaps.
Array cpu_empty(std::string_view operation, const Shape& shape, DType dtype, const Strides& strides);
/// `x` itself if its elements are row-major without gaps, else a copy that is.
Array cpu_contiguous(const Array& x);
/// True if x was given away, nobody else sees its memory, and that has no gaps.
bool cpu_writable(const Operand& x);
/// The buffer of the first input that may be written to and has this shape and dtype, else a new one. The input that
/// is reused must be read element by element in step with the writing.
Array cpu_result(std::string_view operation, const Spec& spec, Operands inputs);

}  // namespace fornax
