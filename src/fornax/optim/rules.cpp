#include <fornax/optim/rules.hpp>

#include <cmath>

namespace fornax::optim {

double norm_of(const Array& x) {
  if (x.numel() == 0) return 0;
  const Array wide = size_of(x.dtype()) < 4 ? cast(x, DType::F32) : x;
  const double norm = std::sqrt(reduce_all(ReduceFn::Sum, unary(UnaryFn::Square, wide)).item());
  if (std::isfinite(norm)) return norm;
  // A square may overflow where the norm does not.
  const double largest = reduce_all(ReduceFn::Max, unary(UnaryFn::Abs, wide)).item();
  if (!std::isfinite(largest)) return largest;
  return largest * std::sqrt(reduce_all(ReduceFn::Sum, unary(UnaryFn::Square, wide / largest)).item());
}

bool all_finite(const Array& x) { return reduce_all(ReduceFn::All, unary(UnaryFn::IsFinite, x)).item() != 0; }

AdamStart::AdamStart(std::int64_t step, double beta1, double beta2)
    : root(std::sqrt(1 - std::pow(beta2, static_cast<double>(step)))),
      scale(root / (1 - std::pow(beta1, static_cast<double>(step)))) {}

AdamDirection adam_direction(Slots& kept, const Array& w, Array g, double beta1, double beta2, double eps,
                             bool amsgrad) {
  Array& m = kept.array("exp_avg", w);
  blend(m, g, beta1);
  Array& v = kept.array("exp_avg_sq", w);
  blend_square(v, std::move(g), beta2);
  const auto [root, scale] = AdamStart(kept.step, beta1, beta2);
  if (!amsgrad) return {m / root_plus(v, eps * root), scale};
  Array& largest = kept.array("max_exp_avg_sq", w);
  largest = binary(BinaryFn::Maximum, std::move(largest), v);
  return {m / root_plus(largest, eps * root), scale};
}

void refuse(std::string_view optimizer, std::string_view setting, double value, std::string_view wanted) {
  throw ValueError(optimizer,
                   std::string(setting) + " is " + Scalar(value).str() + "; it must be " + std::string(wanted));
}

void require_not_negative(std::string_view optimizer, std::string_view setting, double value) {
  if (!(value >= 0) || std::isinf(value)) refuse(optimizer, setting, value, "finite and not negative");
}

void require_positive(std::string_view optimizer, std::string_view setting, double value) {
  if (!(value > 0) || std::isinf(value)) refuse(optimizer, setting, value, "finite and positive");
}

void require_fraction(std::string_view optimizer, std::string_view setting, double value) {
  if (!(value >= 0 && value < 1)) refuse(optimizer, setting, value, "in [0, 1)");
}

void require_at_least(std::string_view owner, std::string_view setting, std::int64_t value, std::int64_t least) {
  if (value < least)
    throw ValueError(owner, std::string(setting) + " is " + std::to_string(value) + "; it must be at least " +
                                std::to_string(least));
}

}  // namespace fornax::optim
