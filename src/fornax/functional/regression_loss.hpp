#pragma once
// Losses between numbers and numbers. Shapes broadcast; with Reduction::None the result has the broadcast shape, else
// [1]. In the typed form the reduction is a template argument: mse_loss<Reduction::Sum>(x, y).

#include <fornax/functional/reduction.hpp>

namespace fornax::functional {

/// (x - target)².
Array mse_loss(const Array& x, const Array& target, Reduction reduction = Reduction::Mean);
/// |x - target|; slope 0 where they are equal.
Array l1_loss(const Array& x, const Array& target, Reduction reduction = Reduction::Mean);
/// d² / (2 beta) where d = |x - target| is below beta, else d - beta / 2. With beta 0 it is l1_loss.
///
/// Errors: ValueError if beta is negative.
/// Source: Girshick, "Fast R-CNN", 2015.
Array smooth_l1_loss(const Array& x, const Array& target, double beta = 1, Reduction reduction = Reduction::Mean);
/// d² / 2 where d = |x - target| is at most delta, else delta (d - delta / 2).
///
/// Errors: ValueError if delta is not positive.
/// Source: Huber, "Robust estimation of a location parameter", 1964.
Array huber_loss(const Array& x, const Array& target, double delta = 1, Reduction reduction = Reduction::Mean);
/// |x - target|^p; slope 0 where they are equal. Errors: ValueError if p is not positive.
Array lp_loss(const Array& x, const Array& target, double p = 2, Reduction reduction = Reduction::Mean);

/// Kullback-Leibler divergence t (log t - x) of log-probabilities x from probabilities t; 0 where t = 0. With
/// `log_target` t is given by its logarithm. Its mean over distributions is Reduction::BatchMean.
///
/// Units: nats.
Array kl_div(const Array& x, const Array& target, bool log_target = false, Reduction reduction = Reduction::Mean);

/// Negative log-likelihood of counts under Poisson distributions.
///
/// With `log_input` x is the logarithm of the rate: exp(x) - t x; else x - t log(x + eps). With `full` Stirling's
/// approximation of log t! is added where t > 1: t log t - t + log(2 π t) / 2.
/// Units:  nats.
/// Errors: ValueError if eps is negative.
struct PoissonNll {
  bool log_input = true, full = false;
  double eps = 1e-8;
};
Array poisson_nll_loss(const Array& x, const Array& target, const PoissonNll& options = {},
                       Reduction reduction = Reduction::Mean);

/// Negative log-likelihood under normal distributions: (log v + (x - t)² / v) / 2, plus log(2 π) / 2 with `full`.
///
/// Shapes:   variance as x, or without its last dim: then it is shared along that dim.
/// Gradient: v is at least eps; that bound moves the value, not the gradient.
/// Units:    nats.
/// Errors:   ValueError if eps is not positive.
struct GaussianNll {
  bool full = false;
  double eps = 1e-6;
};
Array gaussian_nll_loss(const Array& x, const Array& target, const Array& variance, const GaussianNll& options = {},
                        Reduction reduction = Reduction::Mean);

// --- Typed --------------------------------------------------------------------------------------------------------------

template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> mse_loss(const Tensor<B, D>& x, const Tensor<B, D>& target) {
  return Reduced<R, B, D>::unchecked(mse_loss(x.array(), target.array(), R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> l1_loss(const Tensor<B, D>& x, const Tensor<B, D>& target) {
  return Reduced<R, B, D>::unchecked(l1_loss(x.array(), target.array(), R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> smooth_l1_loss(const Tensor<B, D>& x, const Tensor<B, D>& target, double beta = 1) {
  return Reduced<R, B, D>::unchecked(smooth_l1_loss(x.array(), target.array(), beta, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> huber_loss(const Tensor<B, D>& x, const Tensor<B, D>& target, double delta = 1) {
  return Reduced<R, B, D>::unchecked(huber_loss(x.array(), target.array(), delta, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> lp_loss(const Tensor<B, D>& x, const Tensor<B, D>& target, double p = 2) {
  return Reduced<R, B, D>::unchecked(lp_loss(x.array(), target.array(), p, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> kl_div(const Tensor<B, D>& x, const Tensor<B, D>& target, bool log_target = false) {
  return Reduced<R, B, D>::unchecked(kl_div(x.array(), target.array(), log_target, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> poisson_nll_loss(const Tensor<B, D>& x, const Tensor<B, D>& target, const PoissonNll& options = {}) {
  return Reduced<R, B, D>::unchecked(poisson_nll_loss(x.array(), target.array(), options, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D, std::size_t V>
Reduced<R, B, D> gaussian_nll_loss(const Tensor<B, D>& x, const Tensor<B, D>& target, const Tensor<B, V>& variance,
                                   const GaussianNll& options = {}) {
  static_assert(V == D || V + 1 == D, "the variance has the input's rank, or one dim less");
  return Reduced<R, B, D>::unchecked(gaussian_nll_loss(x.array(), target.array(), variance.array(), options, R));
}

}  // namespace fornax::functional
