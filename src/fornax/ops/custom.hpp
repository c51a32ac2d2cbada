#pragma once

#include <fornax/ops/rule.hpp>

namespace fornax {

/// A user's operation with its own derivative, written in operations on arrays.
struct CustomFunction : Counted {
  virtual ~CustomFunction() = default;
  virtual std::string_view name() const = 0;
  virtual Arrays forward(const Arrays& x) const = 0;
  /// The gradients that are wanted, one for each input; `g[i]` is empty where no cotangent reached output i.
  virtual Arrays vjp(const Arrays& x, std::span<const Array> g, Wanted wanted) const = 0;
  /// The same for rules that are written in terms of the results y, which backward then keeps.
  virtual Arrays vjp_of_results(const Arrays& x, std::span<const Array> /*y*/, std::span<const Array> g,
                                Wanted wanted) const {
    return vjp(x, g, wanted);
  }
  virtual bool reads_results() const { return false; }
  /// The tangent of each result, for tangents of the inputs, empty ones for zero. Returns false to have it follow from
  /// vjp, which is linear in g.
  virtual bool jvp(const Arrays& /*x*/, std::span<const Array> /*y*/, const Arrays& /*t*/, Arrays& /*result*/) const {
    return false;
  }
};

namespace op {

/// Runs a CustomFunction: any number of inputs and outputs.
struct Custom {
  Ref<CustomFunction> function;

  std::string_view name() const { return function->name(); }
  Keep keep(Wanted) const { return {.inputs = 0xff, .output = function->reads_results()}; }
};

}  // namespace op
}  // namespace fornax
