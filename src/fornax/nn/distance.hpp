#pragma once
// How alike vectors are.

#include <fornax/functional/distance.hpp>
#include <fornax/nn/layer.hpp>

namespace fornax::nn {

/// The cosine of the angle between two arrays along a dim, which goes away.
struct CosineSimilarity {
  std::int64_t dim = 1;
  double eps = 1e-8;
  FORNAX_LAYER(CosineSimilarity, dim, eps)
  void validate() const { require_positive("CosineSimilarity", "eps", eps); }
  template <BackendType B, std::size_t D> Tensor<B, D - 1> forward(const Tensor<B, D>& a, const Tensor<B, D>& b) const {
    return functional::cosine_similarity(a, b, dim, eps);
  }
};

/// The p-norm of a - b + eps along the last dim, which goes away.
struct PairwiseDistance {
  double p = 2, eps = 1e-6;
  FORNAX_LAYER(PairwiseDistance, p, eps)
  void validate() const { require_not_negative("PairwiseDistance", "p", p); }
  template <BackendType B, std::size_t D> Tensor<B, D - 1> forward(const Tensor<B, D>& a, const Tensor<B, D>& b) const {
    return functional::pairwise_distance(a, b, p, eps);
  }
};

}  // namespace fornax::nn
