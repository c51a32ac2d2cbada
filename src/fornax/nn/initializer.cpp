#include <fornax/nn/initializer.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/array/error.hpp>
#include <fornax/functional/layout.hpp>
#include <fornax/functional/linalg.hpp>
#include <fornax/ops/functions/special.hpp>

namespace fornax::nn {

namespace {

double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

class Maker {
 public:
  Maker(const Shape& shape, const InitOptions& on, Interpreter& backend) : shape_(shape), on_(on), backend_(backend) {}

  Array full(double value) const { return fornax::full(backend_, shape_, on_.dtype, on_.device, value); }
  Array draw(const Distribution& distribution) const { return cast(draw(distribution, shape_, wide()), on_.dtype); }
  Array within(double bound) const { return draw(Distribution::uniform(-bound, bound)); }
  Array normal(double mean, double deviation) const { return draw(Distribution::normal(mean, deviation)); }

  // Source: Burkardt, "The truncated normal distribution", 2014: the inverse of the distribution function, of numbers that
  // are even between its values at the bounds.
  Array truncated(double mean, double deviation, double low, double high) const {
    const double from = 2 * normal_distribution((low - mean) / deviation) - 1;
    const double to = 2 * normal_distribution((high - mean) / deviation) - 1;
    const Array even = draw(Distribution::uniform(from, to), shape_, DType::F64);
    const Scalar bounds[] = {low, high};
    return cast(clamp(erfinv(even) * (deviation * std::sqrt(2.0)) + mean, &bounds[0], &bounds[1]), on_.dtype);
  }

  Array orthogonal(double gain) const {
    if (shape_.rank() < 2)
      throw ShapeError("Initializer", "Orthogonal needs at least 2 dims, the parameter has shape " + shape_.str());
    const std::int64_t rows = shape_[0], columns = rows == 0 ? 0 : shape_.numel() / rows;
    const bool wide = rows < columns;
    const Array draws =
        draw(Distribution::normal(0, 1), wide ? Shape{columns, rows} : Shape{rows, columns}, DType::F64);
    const auto [q, r] = linalg::qr(draws);
    // With the signs of the diagonal every orthogonal matrix is equally likely.
    const Array diagonal = functional::diagonal(r);
    const Array signs = where(lower(diagonal, full_like(diagonal, 0)), full_like(diagonal, -1), 1.0);
    Array result = q * signs;
    if (wide) result = swap_dims(result, 0, 1);
    return cast(reshape(result * gain, shape_), on_.dtype);
  }

 private:
  // 16 bits are too few to draw with.
  DType wide() const { return on_.dtype == DType::F64 ? DType::F64 : DType::F32; }
  Array draw(const Distribution& distribution, const Shape& shape, DType dtype) const {
    const Draw from = on_.generator ? on_.generator->draw(shape.numel()) : draw_default(on_.device, shape.numel());
    return fornax::random(backend_, {shape, dtype, on_.device}, distribution, from);
  }

  Shape shape_;
  InitOptions on_;
  Interpreter& backend_;
};

}  // namespace

void Initializer::validate(std::string_view config, std::string_view field) const {
  const auto refuse = [&](const std::string& why) { throw ValueError(config, std::string(field) + ": " + why); };
  if (!std::isfinite(a_) || !std::isfinite(b_))
    refuse(std::string(detail::name_of(kind_)) + " has a setting that is not finite");
  const auto range = [](double low, double high) { return detail::text_of(low) + " to " + detail::text_of(high); };
  if (kind_ == InitKind::Uniform && a_ > b_) refuse("Uniform from " + range(a_, b_) + " is empty");
  if (kind_ == InitKind::Normal && b_ < 0) refuse("Normal has the deviation " + detail::text_of(b_));
  if (kind_ != InitKind::TruncatedNormal) return;
  if (!(b_ > 0)) refuse("TruncatedNormal has the deviation " + detail::text_of(b_));
  if (!(low_ < high_)) refuse("TruncatedNormal from " + range(low_, high_) + " is empty");
}

Array Initializer::init(const Shape& shape, std::int64_t fan_in, std::int64_t fan_out, const InitOptions& on,
                        Interpreter& backend) const {
  validate("Initializer", detail::name_of(kind_));
  if (!is_float(on.dtype))
    throw DTypeError("Initializer", std::string("parameters are Float, not ").append(name(on.dtype)));
  const Maker make(shape, on, backend);
  const auto fan = static_cast<double>(std::max<std::int64_t>(fan_out_only_ ? fan_out : fan_in, 1));
  const auto both = static_cast<double>(std::max<std::int64_t>(fan_in + fan_out, 1));
  switch (kind_) {
    case InitKind::Constant: return make.full(a_);
    case InitKind::Uniform: return make.draw(Distribution::uniform(a_, b_));
    case InitKind::Normal: return make.normal(a_, b_);
    case InitKind::TruncatedNormal: return make.truncated(a_, b_, low_, high_);
    case InitKind::KaimingUniform: return make.within(std::abs(a_) * std::sqrt(3 / fan));
    case InitKind::KaimingNormal: return make.normal(0, std::abs(a_) / std::sqrt(fan));
    case InitKind::XavierUniform: return make.within(std::abs(a_) * std::sqrt(6 / both));
    case InitKind::XavierNormal: return make.normal(0, std::abs(a_) * std::sqrt(2 / both));
    case InitKind::Orthogonal: return make.orthogonal(a_);
  }
  throw ValueError("Initializer", "there is no kind " + std::to_string(static_cast<int>(kind_)));
}

void Initializer::pass(detail::ConfigIo& io, std::string_view name) {
  if (!io.enter(name, "kind, value, low, high, mean, deviation, gain, fan_out_only")) return;
  detail::pass(io, "kind", kind_);
  switch (kind_) {
    case InitKind::Constant: io.number("value", a_); break;
    case InitKind::Uniform:
      io.number("low", a_);
      io.number("high", b_);
      break;
    case InitKind::Normal:
    case InitKind::TruncatedNormal:
      io.number("mean", a_);
      io.number("deviation", b_);
      if (kind_ == InitKind::TruncatedNormal) {
        io.number("low", low_);
        io.number("high", high_);
      }
      break;
    case InitKind::KaimingUniform:
    case InitKind::KaimingNormal:
      io.number("gain", a_);
      io.boolean("fan_out_only", fan_out_only_);
      break;
    case InitKind::XavierUniform:
    case InitKind::XavierNormal:
    case InitKind::Orthogonal: io.number("gain", a_); break;
  }
  io.leave();
}

Array detail::init_parameter(const Initializer& initializer, const Shape& shape, std::int64_t fan_in,
                             std::int64_t fan_out, const InitOptions& on, Interpreter& backend, bool autodiff) {
  const Array values = initializer.init(shape, fan_in, fan_out, on, backend);
  return autodiff ? autodiff::require_grad(backend, values) : values;
}

}  // namespace fornax::nn
