#pragma once
// What the sources of this room share; not part of the public surface.

#include <string>
#include <string_view>

#include <fornax/array/error.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

/// The 2-norm of all elements: in f32 at least, and without overflow.
double norm_of(const Array& x);
bool all_finite(const Array& x);

/// Throws ValueError naming the optimizer and the setting.
[[noreturn]] void refuse(std::string_view optimizer, std::string_view setting, double value, std::string_view wanted);
/// 0 <= value < infinity, 0 < value < infinity, 0 <= value < 1.
void require_not_negative(std::string_view optimizer, std::string_view setting, double value);
void require_positive(std::string_view optimizer, std::string_view setting, double value);
void require_fraction(std::string_view optimizer, std::string_view setting, double value);

/// average = keep average + (1 - keep) x, in place.
inline void blend(Array& average, const Array& x, double keep) { average = std::move(average) * keep + x * (1 - keep); }
/// The same with x x.
inline void blend_square(Array& average, const Array& x, double keep) {
  average = std::move(average) * keep + unary(UnaryFn::Square, x) * (1 - keep);
}
/// w -= factor x.
inline void descend(Array& w, Array x, double factor) { w = std::move(w) + std::move(x) * -factor; }
/// sqrt(x) * factor + eps, from a square that is kept.
inline Array root_plus(const Array& x, double factor, double eps) {
  Array root = sqrt(x);
  if (factor != 1) root = std::move(root) * factor;
  return std::move(root) + eps;
}

}  // namespace fornax::optim
