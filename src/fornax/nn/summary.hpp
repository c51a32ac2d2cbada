#pragma once
// A module as a table for people to read.

#include <fornax/nn/module.hpp>

namespace fornax::nn {

namespace detail {

std::string summary(const Listing& module);

}  // namespace detail

/// A line for each layer with its type, the shapes of its tensors, the number of its parameters (those that are tied count
/// where they come first), their memory and its settings, and a line of totals.
///
/// Example: std::cout << nn::summary(model);
template <Module M> std::string summary(const M& module) { return detail::summary(detail::listing_of(module, true)); }

}  // namespace fornax::nn
