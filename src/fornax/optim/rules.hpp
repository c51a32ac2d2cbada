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
void require_at_least(std::string_view owner, std::string_view setting, std::int64_t value, std::int64_t least);

/// average = keep average + (1 - keep) x, in place.
inline void blend(Array& average, const Array& x, double keep) { average = std::move(average) * keep + x * (1 - keep); }
/// The same with x x, in the buffer of x if that is given away.
inline void blend_square(Array& average, Array x, double keep) {
  average = std::move(average) * keep + unary(UnaryFn::Square, std::move(x)) * (1 - keep);
}
/// w -= factor x.
inline void descend(Array& w, Array x, double factor) { w = std::move(w) + std::move(x) * -factor; }
/// sqrt(x) + eps.
///
/// Adam's quotient m / (sqrt(v) / r + eps), with r = sqrt(1 - beta2^t), is written r m / (sqrt(v) + eps r): r then goes into
/// the rate and costs no pass over the array.
inline Array root_plus(const Array& x, double eps) { return sqrt(x) + eps; }

/// What makes up for the start at zero of averages of g and g² after some steps.
struct AdamStart {
  double root, scale;  // sqrt(1 - beta2^t), and that by 1 - beta1^t

  AdamStart(std::int64_t step, double beta1, double beta2);
};

struct AdamDirection {
  Array array;
  double scale;  // which it is still to be multiplied with
};
/// Lets the averages "exp_avg" and "exp_avg_sq" take up g; what they say is the direction, both corrected for their start.
/// With amsgrad the largest average of squares so far counts.
AdamDirection adam_direction(Slots& kept, const Array& w, Array g, double beta1, double beta2, double eps,
                             bool amsgrad = false);

}  // namespace fornax::optim
