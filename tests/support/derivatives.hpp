#pragma once
// Functions that are composed of operations: their derivatives beside central differences, and beside PyTorch's.

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <support/gradients.hpp>
#include <support/values.hpp>

namespace fornax::test {

using Inputs = std::vector<Array>;
/// A function of arrays with one result, and one with several.
using Composition = std::function<Array(const Inputs&)>;
using Compositions = std::function<Inputs(const Inputs&)>;

inline Interpreter& first_tape() { return Autodiff<Cpu>::interpreter(); }
inline Interpreter& second_tape() { return Autodiff<Autodiff<Cpu>>::interpreter(); }

// --- Data --------------------------------------------------------------------------------------------------------------

inline TensorData real(const Numbers& values, const Shape& shape) { return {values, shape}; }
inline TensorData whole(const Integers& values, const Shape& shape) { return {values, shape}; }

/// (1, 2, ..., n) / n.
inline TensorData ramp(const Shape& shape, DType dtype = DType::F64) {
  Numbers w(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<double>(i + 1) / static_cast<double>(w.size());
  return TensorData(w, shape).convert(dtype);
}

/// Numbers evenly on [-1, 1), the same on every run.
inline TensorData random_data(const Shape& shape, std::uint64_t seed) {
  Random random(seed);
  return weights(shape, DType::F64, random);
}

/// Numbers in [-2, 2) on a grid of 1/64, in random order.
inline Array drawn(const Shape& shape, unsigned seed, DType dtype = DType::F64) {
  Random random(seed);
  Numbers values(static_cast<std::size_t>(shape.numel()));
  for (double& v : values) v = std::floor(256 * uniform(random)) / 64 - 2;
  return floats(values, shape, dtype);
}

/// Different numbers, 1/8 apart, in random order: no tie lies within a step.
inline Array different(const Shape& shape, unsigned seed) {
  Random random(seed);
  Numbers values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto j = static_cast<std::size_t>(uniform(random) * static_cast<double>(i + 1));
    values[i] = values[j];
    values[j] = static_cast<double>(i) / 8 - 1.05;
  }
  return floats(values, shape);
}

// --- Gradients ---------------------------------------------------------------------------------------------------------

template <class F> Compositions results_of(const F& f) {
  if constexpr (std::same_as<std::invoke_result_t<const F&, const Inputs&>, Array>)
    return [f](const Inputs& x) { return Inputs{f(x)}; };
  else
    return f;
}

/// The sum of <v, y> over all Float results y; empty if no v is defined.
inline Array weighted(const Inputs& y, const Inputs& v) {
  Array sum;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!v[i].defined()) continue;
    const Array part = reduce_all(ReduceFn::Sum, y[i] * v[i]);
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

/// Gradients of the sum of <v, y> over the results y = f(x) with respect to the Float inputs, on the tape `on`; zeros
/// where none arrived, empty for other inputs. Without v, ramps.
template <class F> Inputs gradients_of(Interpreter& on, const F& f, const Inputs& x, Inputs v = {}) {
  Inputs leaves = x, gradients(x.size());
  for (Array& a : leaves)
    if (is_float(a.dtype())) a = autodiff::require_grad(on, a);
  const Inputs y = results_of(f)(leaves);
  if (v.empty())
    for (const Array& a : y) v.push_back(is_float(a.dtype()) ? upload(ramp(a.shape(), a.dtype())) : Array());
  autodiff::GradientStore store;
  const Array sum = weighted(y, v);
  if (sum.defined() && autodiff::is_tracked(on, sum)) store = autodiff::backward(on, sum, Array());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!is_float(x[i].dtype())) continue;
    gradients[i] = store.find(leaves[i]);
    if (!gradients[i].defined()) gradients[i] = zeros_like(x[i]);
  }
  return gradients;
}

/// The gradients of <w, f(x)>, of the sum of f(x) without w.
inline std::vector<Numbers> gradients(const Composition& f, const Inputs& x, const Numbers& w = {}) {
  const Shape shape = f(x).shape();
  std::vector<Numbers> all;
  for (const Array& g : gradients_of(
           first_tape(), f, x, {floats(w.empty() ? Numbers(static_cast<std::size_t>(shape.numel()), 1.0) : w, shape)}))
    all.push_back(g.defined() ? numbers(g) : Numbers());
  return all;
}

/// The gradient of <w, f(x)> for a function of one array.
inline Numbers gradient(const std::function<Array(const Array&)>& f, const Array& x, const Numbers& w) {
  return gradients([&](const Inputs& a) { return f(a[0]); }, {x}, w)[0];
}

/// How derivatives are compared. With a step of 1e-5 the truncation is 2e-11 times a third derivative, the rounding
/// 1e-11 times the values.
struct Compared {
  std::string what = {};
  double tolerance = 1e-7;
  double step = 1e-5;
};

inline std::vector<Array> random_weights(const Inputs& like, std::uint64_t seed) {
  Random random(seed);
  Inputs w;
  for (const Array& a : like)
    w.push_back(is_float(a.dtype()) ? upload(weights(a.shape(), a.dtype(), random)) : Array());
  return w;
}

/// Against differences of the number `value`.
inline void expect_slopes(const Inputs& found, const std::function<Array(const Inputs&)>& value,
                          const std::vector<TensorData>& x, const Compared& how, const std::string& order) {
  const Mask mask = float_inputs(x);
  const Function at = [&](const std::vector<TensorData>& moved) { return std::vector{value(upload(moved)).to_data()}; };
  const std::vector<TensorData> expected = differences(at, x, mask, {TensorData({1.0})}, how.step);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!mask[i]) continue;
    EXPECT_EQ(found[i].shape(), x[i].shape()) << how.what << order << i;
    EXPECT_NO_THROW(found[i].to_data().assert_approx_eq(expected[i], how.tolerance, how.tolerance))
        << how.what << order << i;
  }
}

/// The gradient of a random combination of f's results with respect to every Float input, against differences. The
/// inputs are f64.
template <class F>
void expect_gradients(const F& function, const std::vector<TensorData>& x, const Compared& how = {}) {
  const Compositions f = results_of(function);
  const Inputs v = random_weights(f(upload(x)), 7);
  expect_slopes(
      gradients_of(first_tape(), f, upload(x), v), [&](const Inputs& at) { return weighted(f(at), v); }, x, how,
      " gradient ");
}

/// The same, and the gradient of a random combination of the gradient's elements against differences of it.
template <class F>
void expect_derivatives(const F& function, const std::vector<TensorData>& x, const Compared& how = {}) {
  expect_gradients(function, x, how);
  const Compositions f = results_of(function);
  const Inputs v = random_weights(f(upload(x)), 7), u = random_weights(upload(x), 8);
  Inputs leaves = upload(x);
  for (Array& a : leaves)
    if (is_float(a.dtype())) a = autodiff::require_grad(first_tape(), a);
  const Array along = weighted(gradients_of(second_tape(), f, leaves, v), u);
  autodiff::GradientStore store;
  if (autodiff::is_tracked(first_tape(), along)) store = autodiff::backward(first_tape(), along, Array());
  Inputs found;
  for (std::size_t i = 0; i < x.size(); ++i) {
    found.push_back(store.find(leaves[i]));
    if (!found[i].defined()) found[i] = upload(TensorData(x[i].shape(), DType::F64));
  }
  expect_slopes(
      found, [&](const Inputs& at) { return weighted(gradients_of(first_tape(), f, at, v), u); }, x, how,
      " second gradient ");
}

template <class F> void expect_gradients(const F& f, const Inputs& x, const Compared& how = {}) {
  expect_gradients(f, to_data(x), how);
}
template <class F> void expect_derivatives(const F& f, const Inputs& x, const Compared& how = {}) {
  expect_derivatives(f, to_data(x), how);
}

// --- Beside PyTorch ----------------------------------------------------------------------------------------------------

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
    if (!row.detached) expect_derivatives(row.f, row.inputs, {.what = row.name});
  }
}

}  // namespace fornax::test
