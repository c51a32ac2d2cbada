#pragma once
// Short ways to write arrays of numbers, and to compare them with what they should be.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/tensor_data.hpp>
#include <support/errors.hpp>
#include <support/samples.hpp>

namespace fornax::test {

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using Numbers = std::vector<double>;
using Integers = std::vector<std::int64_t>;

inline Array floats(const Numbers& values, DType dtype = DType::F64) {
  return upload(TensorData(values).convert(dtype));
}
inline Array floats(const Numbers& values, const Shape& shape, DType dtype = DType::F64) {
  return upload(TensorData(values, shape).convert(dtype));
}
inline Array ints(const Integers& values, DType dtype = DType::I64) {
  return upload(TensorData(values).convert(dtype));
}
inline Array ints(const Integers& values, const Shape& shape, DType dtype = DType::I64) {
  return upload(TensorData(values, shape).convert(dtype));
}
inline Array bools(const Integers& values) { return ints(values, DType::Bool); }

inline Numbers numbers(const Array& a) { return a.to_data().to_vector<double>(); }
inline Integers integers(const Array& a) { return a.to_data().to_vector<std::int64_t>(); }

/// Equal, NaN with NaN, and a zero of the same sign.
inline bool same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

/// Every number the same: NaN equals NaN, and zeros agree in sign.
inline void expect_same(const Numbers& values, const Numbers& expected, const std::string& what = {}) {
  ASSERT_EQ(values.size(), expected.size()) << what;
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_TRUE(same(values[i], expected[i]))
        << what << " element " << i << " is " << values[i] << ", expected " << expected[i];
}

/// Every number within `relative` of what is expected; infinities and NaN exactly.
inline void expect_near(const Numbers& values, const Numbers& expected, double relative, const std::string& what = {},
                        double absolute = 0) {
  EXPECT_NO_THROW(TensorData(values).assert_approx_eq(TensorData(expected), relative, absolute)) << what;
}

/// The same, the difference measured by the largest of the expected values: for sums whose terms cancel.
inline void expect_near_largest(const Numbers& a, const Numbers& b, double tolerance, const char* what) {
  double largest = 0, difference = 0;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  EXPECT_LE(difference, tolerance * largest) << what;
}

}  // namespace fornax::test
