#pragma once
// Layers that lose elements at random, in training only: on Autodiff backends (see is_training).

#include <fornax/functional/dropout.hpp>
#include <fornax/nn/layer.hpp>
#include <fornax/nn/mode.hpp>

namespace fornax::nn {

#define FORNAX_DROPOUT(Name, function)                                                          \
  struct Name {                                                                                 \
    double prob = 0.5; /* of losing an element */                                               \
    FORNAX_LAYER(Name, prob)                                                                    \
    void validate() const { require_probability(#Name, "prob", prob); }                         \
    template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const { \
      return functional::function(x, {.probability = prob, .training = is_training<B>()});      \
    }                                                                                           \
  };                                                                                            \
  using Name##Config = Name;

/// Elements are 0 with probability prob, the others divided by 1 - prob.
FORNAX_DROPOUT(Dropout, dropout)
/// The same of whole channels: [N, C, ...].
FORNAX_DROPOUT(FeatureDropout, feature_dropout)
/// Dropout that keeps the mean and variance of what selu gives.
FORNAX_DROPOUT(AlphaDropout, alpha_dropout)
#undef FORNAX_DROPOUT

// PyTorch's names of FeatureDropout, by the number of spatial dims.
using Dropout1d = FeatureDropout;
using Dropout2d = FeatureDropout;
using Dropout3d = FeatureDropout;

/// x plus normal noise of deviation std, in training.
struct GaussianNoise {
  double std = 0.1;
  FORNAX_LAYER(GaussianNoise, std)
  void validate() const { require_not_negative("GaussianNoise", "std", std); }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return is_training<B>() ? x + x.detach().random_like(Distribution::normal(0, std)) : x;
  }
};
using GaussianNoiseConfig = GaussianNoise;

}  // namespace fornax::nn
