#include <fornax/train/observation.hpp>

#include <fornax/array/error.hpp>

namespace fornax::train {

namespace {

const Array& require(const Array& array, std::string_view metric, const char* what) {
  if (!array.defined())
    throw ValueError(metric, std::string("the step gave no ") + what + ", which this metric is computed from");
  return array;
}

}  // namespace

const Array& Observation::require_output(std::string_view metric) const { return require(output, metric, "output"); }
const Array& Observation::require_target(std::string_view metric) const { return require(target, metric, "target"); }
const Array& Observation::require_extra(std::string_view metric, std::string_view name) const {
  for (const auto& [key, array] : extras)
    if (key == name) return array;
  throw ValueError(metric, "the step gave no \"" + std::string(name) + "\" among its extras");
}

namespace detail {

void complete(Observation& seen) {
  if (seen.items != 0) return;
  const Array& rows = seen.target.defined() ? seen.target : seen.output;
  seen.items = rows.defined() && rows.rank() > 0 ? rows.shape()[0] : 1;
}

}  // namespace detail
}  // namespace fornax::train
