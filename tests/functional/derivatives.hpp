#pragma once
// Derivatives of functions that are composed of operations.

#include <functional>
#include <vector>

#include <support/gradients.hpp>
#include <support/values.hpp>

namespace fornax::test {

using Composed = std::function<std::vector<Array>(const std::vector<Array>&)>;

/// The gradients of the weighted sum of f's results, first order and second, against central differences. The inputs
/// are f64; `tolerance` is that of the first order, the second gets twenty times as much.
inline void expect_derivatives(const Composed& f, const std::vector<TensorData>& x, double tolerance = 1e-7) {
  Interpreter &first = Autodiff<Cpu>::interpreter(), &second = Autodiff<Autodiff<Cpu>>::interpreter();
  Random random(7);
  std::vector<TensorData> v, u;
  for (const Array& y : f(upload(x))) v.push_back(weights(y.shape(), y.dtype(), random));
  for (const TensorData& d : x) u.push_back(weights(d.shape(), DType::F64, random));
  const auto weighted = [](const std::vector<Array>& y, const std::vector<TensorData>& w) {
    Array sum = floats({0});
    for (std::size_t i = 0; i < y.size(); ++i) sum = sum + reduce_all(ReduceFn::Sum, y[i] * upload(w[i]));
    return sum;
  };
  const auto gradients = [&](Interpreter& on, const std::vector<Array>& at) {
    std::vector<Array> leaves, g;
    for (const Array& a : at) leaves.push_back(autodiff::require_grad(on, a));
    const autodiff::GradientStore store = autodiff::backward(on, weighted(f(leaves), v), Array());
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      g.push_back(store.find(leaves[i]));
      if (!g.back().defined()) g.back() = zeros_like(at[i]);
    }
    return g;
  };
  const Mask mask(x.size(), true);
  const Function value = [&](const std::vector<TensorData>& at) {
    return std::vector{weighted(f(upload(at)), v).to_data()};
  };
  const Function slope = [&](const std::vector<TensorData>& at) {
    return std::vector{weighted(gradients(first, upload(at)), u).to_data()};
  };
  const std::vector<std::optional<TensorData>> one{TensorData({1.0})};
  const std::vector<TensorData> expected = differences(value, x, mask, one, 1e-6);
  const std::vector<Array> found = gradients(first, upload(x));
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_NO_THROW(found[i].to_data().assert_approx_eq(expected[i], tolerance, tolerance)) << "input " << i;

  std::vector<Array> leaves;
  for (const TensorData& d : x) leaves.push_back(autodiff::require_grad(first, upload(d)));
  const Array along = weighted(gradients(second, leaves), u);
  autodiff::GradientStore store;
  if (autodiff::is_tracked(first, along)) store = autodiff::backward(first, along, Array());
  const std::vector<TensorData> expected_second = differences(slope, x, mask, one, 1e-6);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Array g = store.find(leaves[i]);
    const TensorData got = g.defined() ? g.to_data() : TensorData(x[i].shape(), DType::F64);
    EXPECT_NO_THROW(got.assert_approx_eq(expected_second[i], 20 * tolerance, 20 * tolerance)) << "second, input " << i;
  }
}

/// Numbers evenly on [-1, 1), the same on every run.
inline TensorData random_data(const Shape& shape, std::uint64_t seed) {
  Random random(seed);
  return weights(shape, DType::F64, random);
}

/// Matrix number `index` of a batch.
inline Array matrix_at(const Array& a, std::int64_t index) {
  const Shape& s = a.shape();
  const std::int64_t rows = s[s.rank() - 2], columns = s[s.rank() - 1];
  return reshape(narrow(reshape(a, Shape{a.numel() / (rows * columns), rows, columns}), 0, index, 1),
                 Shape{rows, columns});
}

}  // namespace fornax::test
