#pragma once
// What recurrent networks over a whole sequence share: their sizes, and their steps in simpler operations.

#include <string>
#include <vector>

#include <fornax/ops/functions.hpp>

namespace fornax::op {

inline void require_shape(std::string_view op, std::string_view what, const Array& like, const Array& x,
                          const Shape& shape) {
  require_same_type(op, like, x);
  if (!(x.shape() == shape))
    throw ShapeError(op, std::string(what) + " has shape " + x.shape().str() + "; needs " + shape.str());
}

/// T, N and H of gates [T, N, count H].
struct SequenceSizes {
  std::int64_t steps, batch, width, count;

  SequenceSizes(std::string_view op, const Array& gates, std::int64_t gate_count) : count(gate_count) {
    require_float(op, gates);
    if (gates.rank() != 3 || gates.shape()[0] == 0 || gates.shape()[2] % count != 0)
      throw ShapeError(op, "the gates have shape " + gates.shape().str() + "; needs [T, N, " + std::to_string(count) +
                               "H] with T >= 1");
    steps = gates.shape()[0], batch = gates.shape()[1], width = gates.shape()[2] / count;
  }
  Shape state() const { return {batch, width}; }
  Shape states() const { return {steps, batch, width}; }
  Shape weight() const { return {count * width, width}; }
};

inline Array at_step(const Array& x, std::int64_t t) { return reshape(narrow(x, 0, t, 1), x.shape().without(0)); }
inline Array gate(const Array& x, std::int64_t i, std::int64_t width) { return narrow(x, 1, i * width, width); }
inline Array sigmoid(const Array& x) { return unary(UnaryFn::Sigmoid, x); }

/// Steps [N, C] as [T, N, C].
inline Array as_steps(const std::vector<Array>& steps) {
  std::vector<Array> raised;
  for (const Array& a : steps) raised.push_back(reshape(a, a.shape().inserted(0, 1)));
  return cat(lent(raised), 0);
}

/// [T, N, C] as [T N, C].
inline Array rows_of_all(const Array& a) { return reshape(a, Shape{a.shape()[0] * a.shape()[1], a.shape()[2]}); }

/// The states before each step.
inline Array before(const Array& first, const Array& states, bool reverse) {
  const std::int64_t steps = states.shape()[0];
  const Array start = reshape(first, first.shape().inserted(0, 1));
  if (steps == 1) return start;
  if (reverse) return cat({narrow(states, 0, 1, steps - 1), start}, 0);
  return cat({start, narrow(states, 0, 0, steps - 1)}, 0);
}

}  // namespace fornax::op
