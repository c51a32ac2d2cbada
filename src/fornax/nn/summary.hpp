#pragma once
// A module as a table for people to read.

#include <fornax/nn/module.hpp>
#include <fornax/tensor/trace.hpp>

namespace fornax::nn {

/// Multiplications, each with its addition, in the matrix products and convolutions of a recorded program.
std::int64_t multiply_adds(const trace::Program& program);
/// The same of model.forward(x...), which runs once, in evaluation.
template <Module M, AnyTensor... X>
requires(sizeof...(X) > 0) std::int64_t multiply_adds(const M& module, const X&... x) {
  using B = detail::backend_of_module<M>;
  if constexpr (B::is_autodiff) {
    return multiply_adds(valid(module), x.inner()...);
  } else {
    const auto forward = [&](const auto&... t) { return lift<Trace<B>>(module).forward(t...); };
    return multiply_adds(trace::record({.statistics = false, .max_elements = 0}, forward, x...));
  }
}

namespace detail {

/// Without multiply-adds if they are negative.
std::string summary(const Listing& module, std::int64_t multiply_adds);

}  // namespace detail

/// A line for each layer with its type, the shapes of its tensors, the number of its parameters (those that are tied count
/// where they come first), their memory and its settings, and a line of totals.
///
/// Example: std::cout << nn::summary(model);
template <Module M> std::string summary(const M& module) {
  return detail::summary(detail::listing_of(module, true), -1);
}
/// The same with the number of multiply_adds for an input.
template <Module M, AnyTensor... X>
requires(sizeof...(X) > 0) std::string summary(const M& module, const X&... x) {
  return detail::summary(detail::listing_of(module, true), multiply_adds(module, x...));
}

}  // namespace fornax::nn
