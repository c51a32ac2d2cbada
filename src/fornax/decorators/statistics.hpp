#pragma once
// What the decorators that watch say of an array's elements.

#include <cstdint>
#include <string>

#include <fornax/array/array.hpp>

namespace fornax {

/// What an array holds, without its elements.
struct ArrayReport {
  Shape shape;
  DType dtype = DType::F32;
  std::int64_t nans = 0, infinities = 0, zeros = 0;  // numbers of elements
  double min = 0, max = 0, mean = 0, stddev = 0;     // of the finite elements; 0 if there are none
  bool measured = true;                              // false: shape and dtype alone are known

  /// "f32 [2, 3]: min -1, max 2, mean 0.5; 1 NaN, 0 inf, 2 zeros".
  std::string str() const;
};

/// Reads every element; decorators are looked through.
ArrayReport report_on(const Array& a);
/// True if no element is NaN or infinite; at once for dtypes that have neither. Decorators are looked through.
bool all_finite(const Array& a);

}  // namespace fornax
