#include <fornax/functional/regression_loss.hpp>

#include <cmath>
#include <numbers>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>

namespace fornax::functional {

using namespace impl;

namespace impl {

Array reduced(const Array& loss, Reduction reduction) {
  switch (reduction) {
    case Reduction::None: return loss;
    case Reduction::Mean: return reduce_all(ReduceFn::Mean, loss);
    case Reduction::Sum: return reduce_all(ReduceFn::Sum, loss);
    case Reduction::BatchMean: break;
  }
  const std::int64_t batch = loss.shape()[checked_dim("loss", 0, loss.rank())];
  return reduce_all(ReduceFn::Sum, loss) / static_cast<double>(batch);
}

}  // namespace impl

Array mse_loss(const Array& x, const Array& target, Reduction reduction) {
  require_floats("mse_loss", {&x, &target});
  return reduced(square(x - target), reduction);
}

Array l1_loss(const Array& x, const Array& target, Reduction reduction) {
  require_floats("l1_loss", {&x, &target});
  return reduced(absolute(x - target), reduction);
}

Array smooth_l1_loss(const Array& x, const Array& target, double beta, Reduction reduction) {
  require_floats("smooth_l1_loss", {&x, &target});
  require_not_negative("smooth_l1_loss", "beta", beta);
  const Array d = x - target, size = absolute(d);
  if (beta == 0) return reduced(size, reduction);
  // A huge difference is not squared: its infinity would make NaN of the slope 0.
  const Array near = with_scalar(ScalarFn::Less, size, beta);
  return reduced(where(near, square(where(near, d, 0.0)) * (0.5 / beta), size - 0.5 * beta), reduction);
}

Array huber_loss(const Array& x, const Array& target, double delta, Reduction reduction) {
  require_floats("huber_loss", {&x, &target});
  require_positive("huber_loss", "delta", delta);
  const Array d = x - target, size = absolute(d), near = lower_equal(size, delta);
  return reduced(where(near, square(where(near, d, 0.0)) * 0.5, (size - 0.5 * delta) * delta), reduction);
}

Array lp_loss(const Array& x, const Array& target, double p, Reduction reduction) {
  require_floats("lp_loss", {&x, &target});
  require_positive("lp_loss", "p", p);
  const Array size = absolute(x - target), zero = equal(size, 0.0);
  return reduced(where(zero, 0.0, pow(where(zero, 1.0, size), p)), reduction);
}

Array kl_div(const Array& x, const Array& target, bool log_target, Reduction reduction) {
  require_floats("kl_div", {&x, &target});
  if (log_target) return reduced(exp(target) * (target - x), reduction);
  const Array zero = equal(target, 0.0);
  return reduced(target * log(where(zero, 1.0, target)) - target * x, reduction);
}

Array poisson_nll_loss(const Array& x, const Array& target, const PoissonNll& options, Reduction reduction) {
  require_floats("poisson_nll_loss", {&x, &target});
  require_not_negative("poisson_nll_loss", "eps", options.eps);
  Array loss = options.log_input ? exp(x) - target * x : x - target * log(x + options.eps);
  if (options.full) {
    const Array large = greater(target, 1.0), t = where(large, target, 1.0);
    loss = loss + where(large, t * log(t) - t + 0.5 * log(t * (2 * std::numbers::pi)), 0.0);
  }
  return reduced(loss, reduction);
}

Array gaussian_nll_loss(const Array& x, const Array& target, const Array& variance, const GaussianNll& options,
                        Reduction reduction) {
  require_floats("gaussian_nll_loss", {&x, &target, &variance});
  require_positive("gaussian_nll_loss", "eps", options.eps);
  const Array given = variance.rank() + 1 == x.rank() ? unsqueeze(variance, -1) : variance;
  const Array var = detach(at_least(given, options.eps)) + (given - detach(given));
  const Array loss = 0.5 * (log(var) + square(x - target) / var);
  return reduced(options.full ? loss + 0.5 * std::log(2 * std::numbers::pi) : loss, reduction);
}

}  // namespace fornax::functional
