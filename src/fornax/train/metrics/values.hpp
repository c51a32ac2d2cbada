#pragma once
// What the sources of this folder share. Not part of the public surface.

#include <cmath>
#include <limits>
#include <vector>

#include <fornax/array/error.hpp>
#include <fornax/io/named.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/optim/state.hpp>

namespace fornax::train::detail {

inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

inline double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }
inline double real(std::size_t n) { return static_cast<double>(n); }
inline double real(std::int64_t n) { return static_cast<double>(n); }

/// Values of a state; none are left out, and read as none.
template <class T> void put_values(optim::State& to, const std::string& name, const std::vector<T>& values) {
  if (!values.empty()) to.arrays[name] = io::to_array(TensorData(values));
}
template <class T> std::vector<T> get_values(const optim::State& from, const std::string& name) {
  const auto at = from.arrays.find(name);
  return at == from.arrays.end() ? std::vector<T>() : at->second.to_data().template to_vector<T>();
}

/// Scores [N, C, ...] as N times C times the rest.
struct ClassDims {
  std::int64_t outer, classes, inner;
  explicit ClassDims(const Shape& shape) : outer(shape[0]), classes(shape[1]), inner(1) {
    for (int d = 2; d < shape.rank(); ++d) inner *= shape[d];
  }
};
/// True if the targets have the scores' shape without the dim of classes.
inline bool of_classes(const Shape& scores, const Shape& targets) {
  if (scores.rank() < 2 || targets.rank() != scores.rank() - 1 || targets[0] != scores[0]) return false;
  for (int d = 1; d < targets.rank(); ++d)
    if (targets[d] != scores[d + 1]) return false;
  return true;
}
[[noreturn]] inline void refuse_shapes(const std::string& metric, const Array& scores, const Array& targets,
                                       const std::string& wanted) {
  throw ShapeError(metric, "the output is " + scores.shape().str() + ", the target " + targets.shape().str() + "; " +
                               wanted + " would fit");
}

}  // namespace fornax::train::detail
