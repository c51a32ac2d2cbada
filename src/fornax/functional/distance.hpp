#pragma once
// Distances, similarities and unit vectors. p may be any number >= 0 and infinity; p = 0 counts differences.

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// x / max(‖x‖_p, eps) along a dim.
///
/// Gradient: at x = 0 that of x / eps.
/// Errors:   ValueError if p is negative or eps not positive.
struct LpNormalize {
  double p = 2;
  std::int64_t dim = -1;
  double eps = 1e-12;
};
Array lp_normalize(const Array& x, const LpNormalize& options = {});

/// sum(a b) / (max(‖a‖, eps) max(‖b‖, eps)) along a dim, which goes away. Shapes broadcast.
///
/// Errors: ValueError if eps is not positive.
Array cosine_similarity(const Array& a, const Array& b, std::int64_t dim = 1, double eps = 1e-8);
/// ‖a - b + eps‖_p along the last dim, which goes away. Shapes broadcast. eps keeps equal vectors off the kink at 0.
///
/// Errors: ValueError if p is negative.
Array pairwise_distance(const Array& a, const Array& b, double p = 2, double eps = 1e-6);
/// ‖a_i - b_j‖_p of every row of a with every row of b; slope 0 at distance 0.
///
/// Shapes: a [..., P, M], b [..., R, M], leading dims broadcast -> [..., P, R]. Memory for P R M differences.
/// Errors: ShapeError if M differs; ValueError if p is negative.
Array cdist(const Array& a, const Array& b, double p = 2);

// --- Typed --------------------------------------------------------------------------------------------------------------

template <BackendType B, std::size_t D>
Tensor<B, D> lp_normalize(const Tensor<B, D>& x, const LpNormalize& options = {}) {
  static_assert(D >= 1, "lp_normalize needs rank >= 1");
  return Tensor<B, D>::unchecked(lp_normalize(x.array(), options));
}
template <BackendType B, std::size_t D>
requires(D >= 1) Tensor<B, D - 1> cosine_similarity(const Tensor<B, D>& a, const Tensor<B, D>& b, std::int64_t dim = 1,
                                                    double eps = 1e-8) {
  return Tensor<B, D - 1>::unchecked(cosine_similarity(a.array(), b.array(), dim, eps));
}
template <BackendType B, std::size_t D>
requires(D >= 1) Tensor<B, D - 1> pairwise_distance(const Tensor<B, D>& a, const Tensor<B, D>& b, double p = 2,
                                                    double eps = 1e-6) {
  return Tensor<B, D - 1>::unchecked(pairwise_distance(a.array(), b.array(), p, eps));
}
template <BackendType B, std::size_t D> Tensor<B, D> cdist(const Tensor<B, D>& a, const Tensor<B, D>& b, double p = 2) {
  static_assert(D >= 2, "cdist needs rank >= 2; unsqueeze() adds a dim");
  return Tensor<B, D>::unchecked(cdist(a.array(), b.array(), p));
}

}  // namespace fornax::functional
