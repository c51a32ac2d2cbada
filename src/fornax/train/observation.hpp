#pragma once
// What metrics see of a step.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fornax/array/array.hpp>

namespace fornax::train {

/// A batch as metrics see it. Arrays are on no tape.
struct Observation {
  double loss = std::numeric_limits<double>::quiet_NaN();
  Array output;                                            // scores, predictions; empty if the step gave none
  Array target;                                            // what they are compared with
  std::int64_t items = 0;                                  // in the batch
  std::vector<std::pair<std::string, Array>> extras = {};  // for metrics of the user's own

  // Filled in by the Learner.
  double lr = 0;       // of the step
  double seconds = 0;  // that the step took, its batch's loading included

  /// Throws ValueError that names the metric if the step gave no such array.
  const Array& require_output(std::string_view metric) const;
  const Array& require_target(std::string_view metric) const;
  const Array& require_extra(std::string_view metric, std::string_view name) const;
};

namespace detail {

/// Items from the first dim of target or output, if the step did not say.
void complete(Observation& seen);

}  // namespace detail

}  // namespace fornax::train
