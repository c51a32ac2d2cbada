#pragma once

#include <atomic>
#include <cstdint>

#include <fornax/array/array.hpp>
#include <fornax/array/ref.hpp>

namespace fornax::autodiff {

/// A user's function that sees the complete gradient of a tensor during backward.
struct Hook : Counted {
  virtual ~Hook() = default;
  /// Returns the gradient to go on with, or an empty Array to leave it as it is.
  virtual Array call(const Array& gradient) = 0;

  std::atomic<bool> active{true};
};

}  // namespace fornax::autodiff
