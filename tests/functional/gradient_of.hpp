#pragma once
// Gradients of functions that are composed of operations.

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/gradients.hpp>
#include <support/values.hpp>

namespace fornax::test {

using ArrayFunction = std::function<Array(const std::vector<Array>&)>;

/// Gradients of <v, f(x)> with respect to every input; zeros where none arrived.
inline std::vector<Array> gradients_of(Interpreter& on, const ArrayFunction& f, const std::vector<Array>& x,
                                       const Array& v) {
  std::vector<Array> leaves, gradients;
  for (const Array& a : x) leaves.push_back(autodiff::require_grad(on, a));
  const Array y = f(leaves);
  autodiff::GradientStore store;
  if (autodiff::is_tracked(on, y)) store = autodiff::backward(on, Operand(y), v);
  for (std::size_t i = 0; i < x.size(); ++i) {
    gradients.push_back(store.find(leaves[i]));
    if (!gradients[i].defined()) gradients[i] = zeros_like(x[i]);
  }
  return gradients;
}

/// Compares them in f64 with central differences: truncation is h²/6 times a third derivative of at most a few
/// hundred, rounding some units of the values divided by h; together below the tolerance.
inline void expect_gradients(const ArrayFunction& f, const std::vector<Array>& inputs, const std::string& what = {}) {
  constexpr double h = 1e-5, tolerance = 1e-7;
  Random random(77);
  const std::vector<TensorData> x = to_data(inputs);
  const TensorData v = weights(f(inputs).shape(), DType::F64, random);
  const auto value = [&](const std::vector<TensorData>& at) { return std::vector{f(upload(at)).to_data()}; };
  const std::vector<TensorData> expected = differences(value, x, Mask(x.size(), true), {v}, h);
  const std::vector<Array> gradients = gradients_of(Autodiff<Cpu>::interpreter(), f, inputs, upload(v));
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(gradients[i].shape(), x[i].shape()) << what;
    EXPECT_NO_THROW(gradients[i].to_data().assert_approx_eq(expected[i], tolerance, tolerance))
        << what << " input " << i;
  }
}

/// The same for the derivative of <w, gradient of input 0>: second order.
inline void expect_second_gradients(const ArrayFunction& f, const std::vector<Array>& inputs,
                                    const std::string& what = {}) {
  Random random(78);
  const Array v = upload(weights(f(inputs).shape(), DType::F64, random));
  const auto gradient = [&](const std::vector<Array>& x) {
    return gradients_of(Autodiff<Autodiff<Cpu>>::interpreter(), f, x, v)[0];
  };
  const auto squared = [&](const std::vector<Array>& x) {
    const Array g = gradient(x);
    return g * g;  // so that linear functions have a second derivative too
  };
  expect_gradients(squared, inputs, what);
}

/// Numbers in [-2, 2) on a grid of 1/64, in random order.
inline Array drawn(const Shape& shape, unsigned seed, DType dtype = DType::F64) {
  Random random(seed);
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (double& v : values) v = std::floor(256 * uniform(random)) / 64 - 2;
  return upload(TensorData(values, shape).convert(dtype));
}

/// Different numbers, 1/8 apart, in random order: no tie lies within a step.
inline Array different(const Shape& shape, unsigned seed) {
  Random random(seed);
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto j = static_cast<std::size_t>(uniform(random) * static_cast<double>(i + 1));
    values[i] = values[j];
    values[j] = static_cast<double>(i) / 8 - 1.05;
  }
  return upload(TensorData(values, shape));
}

/// That f throws an E which names the operation.
template <class E, class F> void expect_refused(F&& f, std::string_view operation, const std::string& what) {
  try {
    f();
    ADD_FAILURE() << what << ": accepted";
  } catch (const E& e) {
    EXPECT_EQ(e.operation(), operation) << what << ": " << e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << what << ": an error of another type: " << e.what();
  }
}

}  // namespace fornax::test
