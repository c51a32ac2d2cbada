#pragma once
// Layers whose weight is computed from other parameters. They go around any layer with a member `weight`.

#include <fornax/nn/conv.hpp>
#include <fornax/nn/linear.hpp>
#include <fornax/nn/mode.hpp>

namespace fornax::nn {

namespace detail {

// The dim of a weight that stands for the layer's outputs.
template <class L> inline constexpr int output_dim = 0;
template <class B> inline constexpr int output_dim<Linear<B>> = 1;
template <class B, int N> inline constexpr int output_dim<ConvTranspose<B, N>> = 1;

/// ‖v‖ over all dims but one, which stays: [n].
Array norms_along(const Array& v, int dim);
/// g v / ‖v‖ with the norms over all dims but one.
Array with_norms(const Array& v, const Array& g, int dim);

struct Singular {
  Array u, v;
};
/// One step of the power iteration, or several, from u; of values cut off from derivatives.
Singular iterate(const Array& weight, const Array& u, int dim, std::int64_t steps, double eps);
/// w / (uᵀ w v), w as a matrix with one dim in front.
Array without_norm(const Array& weight, const Singular& vectors, int dim);

// The layer with another weight.
template <class L> L with_weight(const L& layer, Array weight) {
  L copy = layer;
  using T = std::remove_cvref_t<decltype(copy.weight)>;
  copy.weight = T::unchecked(std::move(weight));
  return copy;
}

}  // namespace detail

/// A layer with the weight g v / ‖v‖: length and direction of the weights of each output are trained apart. v stands where
/// the layer has its weight.
///
/// Source: Salimans, Kingma, "Weight normalization", 2016.
/// Example: auto layer = nn::weight_norm(nn::LinearConfig{...}.init<B>());
template <class L> struct WeightNorm {
  using B = fornax::detail::backend_of_t<L>;
  L layer;
  Tensor<B, 1> g;
  FORNAX_MODULE(WeightNorm, layer, g)

  template <class... X> auto forward(const X&... x) const {
    return detail::with_weight(layer, detail::with_norms(layer.weight.array(), g.array(), detail::output_dim<L>))
        .forward(x...);
  }
};
/// The layer as it is, with the norms of its weight as g.
template <Module L> WeightNorm<L> weight_norm(L layer) {
  using B = fornax::detail::backend_of_t<L>;
  auto g = Tensor<B, 1>::unchecked(fornax::detach(detail::norms_along(layer.weight.array(), detail::output_dim<L>)));
  if constexpr (B::is_autodiff) g = g.require_grad();
  return {std::move(layer), std::move(g)};
}

/// A layer with its weight divided by the weight's largest singular value, which a power iteration follows: a step for each
/// forward in training. Derivatives take its vectors u and v as constants.
///
/// Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral normalization for generative adversarial networks", 2018.
template <class L> struct SpectralNorm {
  using B = fornax::detail::backend_of_t<L>;
  L layer;
  Buffer<B, 1> u, v;
  std::int64_t n_power_iterations = 1;
  double eps = 1e-12;
  FORNAX_MODULE(SpectralNorm, layer, u, v, n_power_iterations, eps)

  template <class... X> auto forward(const X&... x) const {
    constexpr int dim = detail::output_dim<L>;
    detail::Singular vectors{u.get().array(), v.get().array()};
    if (is_training<B>()) {
      vectors = detail::iterate(layer.weight.array(), vectors.u, dim, n_power_iterations, eps);
      u.set(Tensor<B, 1>::unchecked(vectors.u));
      v.set(Tensor<B, 1>::unchecked(vectors.v));
    }
    return detail::with_weight(layer, detail::without_norm(layer.weight.array(), vectors, dim)).forward(x...);
  }
};
/// The layer with the vectors as 15 steps from a random start leave them.
template <Module L> SpectralNorm<L> spectral_norm(L layer, const InitOptions& on = {}) {
  using B = fornax::detail::backend_of_t<L>;
  constexpr int dim = detail::output_dim<L>;
  const Array& w = layer.weight.array();
  const Array start = Initializer::normal(0, 1).init(Shape{w.shape()[dim]}, 1, 1, {w.device(), w.dtype(), on.generator},
                                                     B::interpreter());
  const detail::Singular vectors = detail::iterate(w, start, dim, 15, 1e-12);
  return {std::move(layer), Tensor<B, 1>::unchecked(vectors.u), Tensor<B, 1>::unchecked(vectors.v)};
}

}  // namespace fornax::nn
