#include <fornax/ops/fft.hpp>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

Spec Fft::infer(Operands x) const {
  require_inputs(name(), x, 1);
  const Array& a = x[0].array();
  if (a.dtype() != DType::F64 && a.dtype() != DType::F32)
    throw DTypeError(name(),
                     "takes f64 or f32 elements, got " + std::string(fornax::name(a.dtype())) + "; cast() converts");
  if (a.rank() < 2 || a.shape()[a.rank() - 1] != 2)
    throw ShapeError(name(), "needs a last dim of 2 for real and imaginary part: got shape " + a.shape().str());
  static_cast<void>(checked_dim(name(), dim < 0 ? a.rank() : dim, a.rank() - 1));
  return {a.shape(), a.dtype(), a.device()};
}

Arrays Fft::vjp(const Arrays&, const Array&, const Array& g, Wanted) const { return run(Fft{dim, !inverse}, {g}); }

SamplesOf<Fft> Fft::samples() {
  return {{{0, false}, {{Shape{4, 2}}}},
          {{0, true}, {{Shape{5, 2}}}},
          {{1, false}, {{Shape{2, 7, 2}}}},
          {{0, true}, {{Shape{6, 3, 2}}}},
          {{0, false}, {{Shape{61, 2}}}}};
}

}  // namespace fornax::op
