#pragma once
// Linear and bilinear maps of the last dim.

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// x weightᵀ + bias; f of that with an activation f, which costs no pass over memory: it is computed while a block of the
/// product is in the first caches.
///
/// Shapes: x [..., in], weight [out, in], bias [out] or empty -> [..., out].
/// Errors: ShapeError if the sizes do not fit; ValueError, with a bias, for an activation other than relu, gelu, gelu_tanh, silu,
///         tanh and sigmoid.
Array linear(const Array& x, const Array& weight, const Array& bias = {}, std::optional<UnaryFn> activation = {});
/// x weight + bias: the weight as Burn keeps it, [in, out].
Array linear_io(const Array& x, const Array& weight, const Array& bias = {}, std::optional<UnaryFn> activation = {});
/// y[..., o] = sum over i, j of a[..., i] weight[o, i, j] b[..., j], plus bias[o].
///
/// Shapes: a [..., I], b [..., J] with equal leading dims, weight [O, I, J], bias [O] or empty -> [..., O].
Array bilinear(const Array& a, const Array& b, const Array& weight, const Array& bias = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D>
Tensor<B, D> linear(const Tensor<B, D>& x, const Tensor<B, 2>& weight, const Optional<B, 1>& bias = {},
                    std::optional<UnaryFn> activation = {}) {
  static_assert(D >= 1, "linear needs rank >= 1");
  return Tensor<B, D>::unchecked(linear(x.array(), weight.array(), impl::array_or_none(bias), activation));
}
template <BackendType B, std::size_t D>
Tensor<B, D> linear_io(const Tensor<B, D>& x, const Tensor<B, 2>& weight, const Optional<B, 1>& bias = {},
                       std::optional<UnaryFn> activation = {}) {
  static_assert(D >= 1, "linear_io needs rank >= 1");
  return Tensor<B, D>::unchecked(linear_io(x.array(), weight.array(), impl::array_or_none(bias), activation));
}
template <BackendType B, std::size_t D>
Tensor<B, D> bilinear(const Tensor<B, D>& a, const Tensor<B, D>& b, const Tensor<B, 3>& weight,
                      const Optional<B, 1>& bias = {}) {
  static_assert(D >= 1, "bilinear needs rank >= 1");
  return Tensor<B, D>::unchecked(bilinear(a.array(), b.array(), weight.array(), impl::array_or_none(bias)));
}

}  // namespace fornax::functional
