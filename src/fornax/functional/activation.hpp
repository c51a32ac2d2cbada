#pragma once
// Activation functions. They keep shape and dtype, take Float tensors, and pass NaN on unless they say otherwise. At a
// kink the slope is PyTorch's, named with each.

#include <limits>

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// max(x, 0); relu'(0) = 0.
Array relu(const Array& x);
/// min(max(x, 0), 6); slope 0 at 0 and 6.
Array relu6(const Array& x);
/// x where x > 0, else slope * x; the slope at 0 is `slope`.
Array leaky_relu(const Array& x, double slope = 0.01);
/// leaky_relu with learned slopes: weight has one element, or one for each size of dim 1 (of dim 0 for rank 1).
///
/// Errors: ShapeError if the number of weights is neither.
Array prelu(const Array& x, const Array& weight);
/// leaky_relu with slopes drawn evenly from [low, high) for each element if `training`, else their mean.
///
/// Errors: ValueError if low > high.
/// Source: Xu et al., "Empirical evaluation of rectified activations in convolutional network", 2015.
struct RRelu {
  double low = 1.0 / 8, high = 1.0 / 3;
  bool training = false;
  Generator* generator = nullptr;  // the device's own if null
};
Array rrelu(const Array& x, const RRelu& options = {});
/// x where x > 0, else alpha (exp(x) - 1); the slope at 0 is alpha.
Array elu(const Array& x, double alpha = 1);
/// x where x > 0, else alpha (exp(x / alpha) - 1); the slope at 0 is 1. Errors: ValueError if alpha is 0.
Array celu(const Array& x, double alpha = 1);
/// scale * elu(x, alpha) with the constants that keep mean 0 and variance 1.
///
/// Source: Klambauer et al., "Self-normalizing neural networks", 2017, appendix A.
Array selu(const Array& x);

/// How gelu is computed.
enum class Gelu : std::uint8_t { Erf, Tanh };
/// x Φ(x), Φ the normal distribution function; by its complement erfc, so that no digits cancel for x < 0. Gelu::Tanh is
/// the approximation x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))).
///
/// Source: Hendrycks, Gimpel, "Gaussian error linear units", 2016.
Array gelu(const Array& x, Gelu form = Gelu::Erf);
/// x sigmoid(x).
Array silu(const Array& x);
/// x tanh(softplus(x)).
Array mish(const Array& x);
/// log(1 + exp(beta x)) / beta without overflow; x itself where beta x > threshold. No threshold is needed for
/// accuracy: PyTorch's is 20.
///
/// Errors: ValueError if beta is not positive.
Array softplus(const Array& x, double beta = 1, double threshold = std::numeric_limits<double>::infinity());
/// x / (1 + |x|).
Array softsign(const Array& x);
/// 1 / (1 + exp(-x)) without overflow.
Array sigmoid(const Array& x);
/// log(sigmoid(x)) without overflow.
Array log_sigmoid(const Array& x);
/// min(max(alpha x + beta, 0), 1), as in ONNX and Burn; slope alpha at the bounds.
Array hard_sigmoid(const Array& x, double alpha = 0.2, double beta = 0.5);
/// min(max(x + 3, 0), 6) / 6, as in PyTorch; slope 0 at -3 and 3. Elsewhere the slope is PyTorch's: 1/6 rounded to f32,
/// in f64 too.
Array hardsigmoid(const Array& x);
/// x min(max(x + 3, 0), 6) / 6; slope -1/2 at -3 and 3/2 at 3.
Array hardswish(const Array& x);
/// min(max(x, low), high) with slope 0 at the bounds. Errors: ValueError if low > high.
Array hardtanh(const Array& x, double low = -1, double high = 1);
/// x - tanh(x).
Array tanhshrink(const Array& x);
/// x where |x| > lambda, else 0. Errors: ValueError if lambda is negative.
Array hardshrink(const Array& x, double lambda = 0.5);
/// x moved toward 0 by lambda, 0 where |x| <= lambda. Errors: ValueError if lambda is negative.
Array softshrink(const Array& x, double lambda = 0.5);
/// x moved toward 0 by bias where |x| > lambda, else 0. Errors: ValueError if lambda is negative.
Array shrink(const Array& x, double lambda = 0.5, double bias = 0);
/// x where x > bound, else value.
Array threshold(const Array& x, double bound, double value);
/// x where x > alpha, else 0.
Array thresholded_relu(const Array& x, double alpha = 1);
/// a sigmoid(b), a and b the halves of x along a dim.
///
/// Shapes: [..., 2n, ...] -> [..., n, ...].
/// Errors: ShapeError if the size is odd.
Array glu(const Array& x, std::int64_t dim = -1);
/// silu(x gate) * (x value): the gated layer of Shazeer, "GLU variants improve Transformer", 2020.
///
/// Shapes: x [..., in], gate and value [in, out] -> [..., out].
Array swiglu(const Array& x, const Array& gate, const Array& value);

// --- Typed --------------------------------------------------------------------------------------------------------------

#define FORNAX_ACTIVATION(name)                                                      \
  template <BackendType B, std::size_t D> Tensor<B, D> name(const Tensor<B, D>& x) { \
    return Tensor<B, D>::unchecked(name(x.array()));                                 \
  }
FORNAX_ACTIVATION(relu)
FORNAX_ACTIVATION(relu6)
FORNAX_ACTIVATION(selu)
FORNAX_ACTIVATION(silu)
FORNAX_ACTIVATION(mish)
FORNAX_ACTIVATION(softsign)
FORNAX_ACTIVATION(sigmoid)
FORNAX_ACTIVATION(log_sigmoid)
FORNAX_ACTIVATION(hardsigmoid)
FORNAX_ACTIVATION(hardswish)
FORNAX_ACTIVATION(tanhshrink)
#undef FORNAX_ACTIVATION

template <BackendType B, std::size_t D> Tensor<B, D> leaky_relu(const Tensor<B, D>& x, double slope = 0.01) {
  return Tensor<B, D>::unchecked(leaky_relu(x.array(), slope));
}
template <BackendType B, std::size_t D> Tensor<B, D> prelu(const Tensor<B, D>& x, const Tensor<B, 1>& weight) {
  return Tensor<B, D>::unchecked(prelu(x.array(), weight.array()));
}
template <BackendType B, std::size_t D> Tensor<B, D> rrelu(const Tensor<B, D>& x, const RRelu& options = {}) {
  return Tensor<B, D>::unchecked(rrelu(x.array(), options));
}
template <BackendType B, std::size_t D> Tensor<B, D> elu(const Tensor<B, D>& x, double alpha = 1) {
  return Tensor<B, D>::unchecked(elu(x.array(), alpha));
}
template <BackendType B, std::size_t D> Tensor<B, D> celu(const Tensor<B, D>& x, double alpha = 1) {
  return Tensor<B, D>::unchecked(celu(x.array(), alpha));
}
template <BackendType B, std::size_t D> Tensor<B, D> gelu(const Tensor<B, D>& x, Gelu form = Gelu::Erf) {
  return Tensor<B, D>::unchecked(gelu(x.array(), form));
}
template <BackendType B, std::size_t D>
Tensor<B, D> softplus(const Tensor<B, D>& x, double beta = 1,
                      double threshold = std::numeric_limits<double>::infinity()) {
  return Tensor<B, D>::unchecked(softplus(x.array(), beta, threshold));
}
template <BackendType B, std::size_t D>
Tensor<B, D> hard_sigmoid(const Tensor<B, D>& x, double alpha = 0.2, double beta = 0.5) {
  return Tensor<B, D>::unchecked(hard_sigmoid(x.array(), alpha, beta));
}
template <BackendType B, std::size_t D> Tensor<B, D> hardtanh(const Tensor<B, D>& x, double low = -1, double high = 1) {
  return Tensor<B, D>::unchecked(hardtanh(x.array(), low, high));
}
template <BackendType B, std::size_t D> Tensor<B, D> hardshrink(const Tensor<B, D>& x, double lambda = 0.5) {
  return Tensor<B, D>::unchecked(hardshrink(x.array(), lambda));
}
template <BackendType B, std::size_t D> Tensor<B, D> softshrink(const Tensor<B, D>& x, double lambda = 0.5) {
  return Tensor<B, D>::unchecked(softshrink(x.array(), lambda));
}
template <BackendType B, std::size_t D>
Tensor<B, D> shrink(const Tensor<B, D>& x, double lambda = 0.5, double bias = 0) {
  return Tensor<B, D>::unchecked(shrink(x.array(), lambda, bias));
}
template <BackendType B, std::size_t D> Tensor<B, D> threshold(const Tensor<B, D>& x, double bound, double value) {
  return Tensor<B, D>::unchecked(threshold(x.array(), bound, value));
}
template <BackendType B, std::size_t D> Tensor<B, D> thresholded_relu(const Tensor<B, D>& x, double alpha = 1) {
  return Tensor<B, D>::unchecked(thresholded_relu(x.array(), alpha));
}
template <BackendType B, std::size_t D> Tensor<B, D> glu(const Tensor<B, D>& x, std::int64_t dim = -1) {
  static_assert(D >= 1, "glu needs rank >= 1");
  return Tensor<B, D>::unchecked(glu(x.array(), dim));
}
template <BackendType B, std::size_t D>
Tensor<B, D> swiglu(const Tensor<B, D>& x, const Tensor<B, 2>& gate, const Tensor<B, 2>& value) {
  static_assert(D >= 1, "swiglu needs rank >= 1");
  return Tensor<B, D>::unchecked(swiglu(x.array(), gate.array(), value.array()));
}

}  // namespace fornax::functional
