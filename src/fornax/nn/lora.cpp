#include <fornax/nn/lora.hpp>

#include <fornax/array/error.hpp>
#include <fornax/ops/functions.hpp>

namespace fornax::nn {

void LoraConfig::validate() const {
  require_positive("LoraConfig", "rank", rank);
  require_positive("LoraConfig", "alpha", alpha);
}

namespace detail {

std::vector<LowRank> init_lora(const LoraConfig& config, const Parameters& parameters, Generator* generator,
                               Interpreter& on, bool autodiff) {
  std::vector<LowRank> parts;
  for (const NamedParameter& p : parameters) {
    const Array& w = *p.array;
    if (!is_float(w.dtype()) || w.rank() < 2 || w.numel() == 0 || !matches(config.pattern, p.path)) continue;
    const std::int64_t rows = w.shape()[0], columns = w.numel() / rows;
    const InitOptions where{w.device(), w.dtype(), generator};
    const auto make = [&](const Initializer& initializer, const Shape& shape) {
      return init_parameter(initializer, shape, shape[0], shape[1], where, on, autodiff);
    };
    parts.push_back({p.path, make(Initializer::kaiming_uniform(kDefaultGain), Shape{rows, config.rank}),
                     make(Initializer::zeros(), Shape{config.rank, columns})});
  }
  if (parts.empty())
    throw ValueError("LoraConfig", "no parameter of rank 2 or more matches the pattern \"" + config.pattern + "\"");
  return parts;
}

void apply_lora(const Parameters& parameters, std::string_view path, const Array& left, const Array& right,
                double scale) {
  for (const NamedParameter& p : parameters) {
    if (p.path != path) continue;
    const Array& w = *p.array;
    if (w.rank() < 2 || w.shape()[0] != left.shape()[0] || w.numel() != left.shape()[0] * right.shape()[1])
      throw ShapeError("Lora", "\"" + p.path + "\" has shape " + w.shape().str() + "; the change is of " +
                                   left.shape().str() + " times " + right.shape().str());
    p.set(w + reshape(matmul(left, right) * scale, w.shape()));
    return;
  }
  throw ValueError("Lora", "the model has no parameter \"" + std::string(path) + "\"");
}

}  // namespace detail
}  // namespace fornax::nn
