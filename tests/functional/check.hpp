#pragma once
// Functions of the functional room beside PyTorch's values and gradients, and beside differences.

#include <functional>
#include <string>
#include <vector>

#include <fornax/functional/functional.hpp>
#include <support/gradients.hpp>
#include <support/values.hpp>

namespace fornax::test {

using Inputs = std::vector<Array>;
using Composition = std::function<Array(const Inputs&)>;

/// A function at some inputs: its values, and for each input the gradient of sum(w y), w = (1, 2, ..., n) / n, where y
/// has n elements. Integers have none, and {} stands where PyTorch defines none.
struct Row {
  std::string name;
  Composition f;
  std::vector<TensorData> inputs;
  Numbers values;
  std::vector<Numbers> gradients;
  bool detached = false;  // a part of the values has no gradient: differences would see it
};

inline TensorData real(const Numbers& values, const Shape& shape) { return {values, shape}; }
inline TensorData whole(const Integers& values, const Shape& shape) { return {values, shape}; }

/// (1, 2, ..., n) / n.
inline TensorData ramp(const Shape& shape, DType dtype) {
  Numbers w(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<double>(i + 1) / static_cast<double>(w.size());
  return TensorData(w, shape).convert(dtype);
}

/// Gradients of sum(w f(x)) with respect to the Float inputs on the tape `on`; zeros where none arrived.
inline Inputs gradients_of(Interpreter& on, const Composition& f, const Inputs& x) {
  Inputs leaves = x, gradients(x.size());
  for (Array& a : leaves)
    if (is_float(a.dtype())) a = autodiff::require_grad(on, a);
  const Array y = f(leaves);
  autodiff::GradientStore store;
  if (autodiff::is_tracked(on, y)) store = autodiff::backward(on, y, upload(ramp(y.shape(), y.dtype())));
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!is_float(x[i].dtype())) continue;
    gradients[i] = store.find(leaves[i]);
    if (!gradients[i].defined()) gradients[i] = zeros_like(x[i]);
  }
  return gradients;
}

inline Interpreter& first_tape() { return Autodiff<Cpu>::interpreter(); }
inline Interpreter& second_tape() { return Autodiff<Autodiff<Cpu>>::interpreter(); }

/// First gradients against central differences of the values, second ones against differences of the first.
inline void expect_derivatives(const Composition& f, const std::vector<TensorData>& x) {
  const Mask mask = float_inputs(x);
  const double h = 1e-5;
  // Truncation is h²/6 times a third derivative below 1000, rounding 1e-16 / h times values below 100.
  const double tolerance = 1e-7;
  const auto values = [&](const std::vector<TensorData>& at) { return std::vector{f(upload(at)).to_data()}; };
  const TensorData y = values(x)[0];
  const std::vector<TensorData> expected = differences(values, x, mask, {ramp(y.shape(), DType::F64)}, h);
  const Inputs first = gradients_of(first_tape(), f, upload(x));
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!mask[i]) continue;
    EXPECT_NO_THROW(first[i].to_data().assert_approx_eq(expected[i], tolerance, tolerance)) << "gradient " << i;
  }

  const auto sum_of_gradients = [&](const std::vector<TensorData>& at) {
    double sum = 0;
    const Inputs g = gradients_of(first_tape(), f, upload(at));
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (!mask[i]) continue;
      const TensorData d = g[i].to_data(), w = ramp(d.shape(), DType::F64);
      for (std::int64_t j = 0; j < d.numel(); ++j) sum += d[j] * w[j];
    }
    return std::vector{TensorData({sum})};
  };
  const std::vector<TensorData> curvature = differences(sum_of_gradients, x, mask, {TensorData({1.0})}, h);
  Inputs leaves = upload(x);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (mask[i]) leaves[i] = autodiff::require_grad(first_tape(), leaves[i]);
  const Inputs inner = gradients_of(second_tape(), f, leaves);
  Array s = upload(TensorData({0.0}));
  for (std::size_t i = 0; i < x.size(); ++i)
    if (mask[i]) s = s + reduce_all(ReduceFn::Sum, inner[i] * upload(ramp(inner[i].shape(), DType::F64)));
  autodiff::GradientStore store;
  if (autodiff::is_tracked(first_tape(), s)) store = autodiff::backward(first_tape(), s, Array());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!mask[i]) continue;
    const Array found = store.find(leaves[i]);
    const TensorData second = found.defined() ? found.to_data() : TensorData(x[i].shape(), DType::F64);
    EXPECT_NO_THROW(second.assert_approx_eq(curvature[i], 10 * tolerance, 10 * tolerance)) << "second gradient " << i;
  }
}

/// In f64 to 12 digits, in f32 to 5.
inline void expect_row(const Row& row) {
  SCOPED_TRACE(row.name);
  for (const DType dtype : {DType::F64, DType::F32}) {
    Inputs x;
    for (const TensorData& d : row.inputs) x.push_back(upload(is_float(d.dtype()) ? d.convert(dtype) : d));
    const double digits = dtype == DType::F64 ? 1e-12 : 2e-5;
    expect_near(numbers(row.f(x)), row.values, digits, "values", digits);
    const Inputs gradients = gradients_of(first_tape(), row.f, x);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (gradients[i].defined() && !row.gradients.at(i).empty())
        expect_near(numbers(gradients[i]), row.gradients.at(i), digits, "gradient " + std::to_string(i), digits);
  }
}

/// Each row against PyTorch, and against differences.
inline void expect_rows(std::span<const Row> rows) {
  for (const Row& row : rows) {
    expect_row(row);
    SCOPED_TRACE(row.name);
    if (!row.detached) expect_derivatives(row.f, row.inputs);
  }
}

}  // namespace fornax::test
