#pragma once
// A module as a table for people to read.

#include <fornax/nn/module.hpp>
#include <fornax/tensor/trace.hpp>

namespace fornax::nn {

/// Multiplications, each with its addition, in the matrix products and convolutions of a recorded program.
std::int64_t multiply_adds(const trace::Program& program);
namespace detail {

/// The operations of model.forward(x...) in evaluation; the module is on a plain backend.
template <class M, class... X> trace::Program forward_program(const M& module, const X&... x) {
  const auto forward = [&](const auto&... t) { return lift<Trace<backend_of_module<M>>>(module).forward(t...); };
  return trace::record({.statistics = false, .max_elements = 0}, forward, x...);
}

/// What a run of the module is known by: the program, and the tensors that were its constants, slot by slot.
struct Run {
  trace::Program program;
  std::vector<const ArrayBody*> slots;
};
std::string summary(const Listing& module, const Run* run);

}  // namespace detail

/// The same of model.forward(x...), which runs once, in evaluation.
template <Module M, AnyTensor... X>
requires(sizeof...(X) > 0) std::int64_t multiply_adds(const M& module, const X&... x) {
  if constexpr (detail::backend_of_module<M>::is_autodiff) {
    return multiply_adds(valid(module), x.inner()...);
  } else {
    return multiply_adds(detail::forward_program(module, x...));
  }
}

/// A line for each layer with its type, the shapes of its tensors, the number of its parameters (those that are tied count
/// where they come first), their memory and its settings, and a line of totals.
///
/// Example: std::cout << nn::summary(model);
template <Module M> std::string summary(const M& module) {
  return detail::summary(detail::listing_of(module, true), nullptr);
}
/// The same of a run with an input: for layers with a matrix product or a convolution also the shape of what it gives and
/// its multiply_adds, and these of the whole.
template <Module M, AnyTensor... X>
requires(sizeof...(X) > 0) std::string summary(const M& module, const X&... x) {
  const auto of_run = [&](const auto& plain, const auto&... inputs) {
    detail::Run run{detail::forward_program(plain, inputs...), {}};
    for (const detail::Slot& slot : detail::listing_of(plain).slots) run.slots.push_back(slot.array->body());
    return detail::summary(detail::listing_of(module, true), &run);
  };
  if constexpr (detail::backend_of_module<M>::is_autodiff) {
    return of_run(valid(module), x.inner()...);
  } else {
    return of_run(module, x...);
  }
}

}  // namespace fornax::nn
