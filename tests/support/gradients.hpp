#pragma once
// Gradients by reverse mode and by central differences, to be compared.

#include <functional>
#include <vector>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/decorators/autodiff/tag.hpp>
#include <support/layouts.hpp>
#include <support/samples.hpp>

namespace fornax::test {

/// Which inputs a gradient is asked for.
using Mask = std::vector<bool>;

inline Mask float_inputs(const std::vector<TensorData>& x) {
  Mask mask;
  for (const TensorData& d : x) mask.push_back(is_float(d.dtype()));
  return mask;
}

/// How a gradient is asked for: with the operands lent or given, with the tape kept or released.
struct Manner {
  bool give = false, release = false;
};

/// Gradients of <v, f(x)> with respect to the inputs in `mask`, on the interpreter that `on` wraps; zeros where none
/// arrived, empty arrays outside the mask. `v` has an array for each result, empty for one that is left out.
inline std::vector<Array> reverse(Interpreter& on, const Op& op, const std::vector<Array>& x, const Mask& mask,
                                  const std::vector<Array>& v, Manner manner = {}) {
  std::vector<Array> leaves = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (mask[i]) leaves[i] = autodiff::require_grad(on, x[i]);
  std::vector<Array> operands = leaves;
  std::vector<Array> y = execute(op, manner.give ? give(operands) : lend(operands));
  std::vector<Array> gradients(x.size());
  autodiff::GradientStore store;
  if (y.size() == 1) {
    if (autodiff::is_tracked(on, y[0])) store = autodiff::backward(on, Operand(y[0], manner.release), v[0]);
  } else {
    Array sum;
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (!v[i].defined()) continue;
      const Array part = reduce_all(ReduceFn::Sum, y[i] * v[i]);
      sum = sum.defined() ? sum + part : part;
    }
    y.clear();
    if (autodiff::is_tracked(on, sum)) store = autodiff::backward(on, Operand(sum, manner.release), Array());
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!mask[i]) continue;
    gradients[i] = store.find(leaves[i]);
    if (!gradients[i].defined()) gradients[i] = zeros_like(x[i]);
  }
  return gradients;
}

using Function = std::function<std::vector<TensorData>(const std::vector<TensorData>&)>;

/// sum over i of v[i] (a[i] - b[i]), over all elements of the results whose weights are not empty.
inline double weighted_difference(const std::vector<std::optional<TensorData>>& v, const std::vector<TensorData>& a,
                                  const std::vector<TensorData>& b) {
  double sum = 0;
  for (std::size_t r = 0; r < v.size(); ++r) {
    if (!v[r]) continue;
    for (std::int64_t i = 0; i < v[r]->numel(); ++i) sum += (*v[r])[i] * (a[r][i] - b[r][i]);
  }
  return sum;
}

/// The same by central differences: sum over i of v[i] (f(x + h e)[i] - f(x - h e)[i]) / 2h for each element of the
/// inputs in `mask`. The step is what x really moved by, after rounding to its dtype.
inline std::vector<TensorData> differences(const Function& f, std::vector<TensorData> x, const Mask& mask,
                                           const std::vector<std::optional<TensorData>>& v, double h) {
  std::vector<TensorData> gradients;
  for (std::size_t k = 0; k < x.size(); ++k) {
    TensorData gradient(x[k].shape(), DType::F64);
    for (std::int64_t j = 0; mask[k] && j < x[k].numel(); ++j) {
      const TensorData centre = x[k];
      const auto moved = [&](double by) {
        std::vector<double> values = centre.to_vector<double>();
        values[static_cast<std::size_t>(j)] += by;
        return TensorData(values, centre.shape()).convert(centre.dtype());
      };
      x[k] = moved(h);
      const double up = x[k][j];
      const std::vector<TensorData> above = f(x);
      x[k] = moved(-h);
      const double down = x[k][j];
      const std::vector<TensorData> below = f(x);
      x[k] = centre;
      gradient.values<double>()[static_cast<std::size_t>(j)] = weighted_difference(v, above, below) / (up - down);
    }
    gradients.push_back(std::move(gradient));
  }
  return gradients;
}

/// Random weights in [-1, 1) for a result.
inline TensorData weights(const Shape& shape, DType dtype, Random& random) {
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (double& v : values) v = 2 * uniform(random) - 1;
  return TensorData(values, shape).convert(dtype);
}

/// The same for each Float result; only for number `only` of them if it is not negative.
inline std::vector<std::optional<TensorData>> weights(const Specs& specs, Random& random, int only = -1) {
  std::vector<std::optional<TensorData>> all(specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i)
    if (is_float(specs[i].dtype) && (only < 0 || static_cast<int>(i) == only))
      all[i] = weights(specs[i].shape, specs[i].dtype, random);
  return all;
}

inline std::vector<Array> upload(const std::vector<std::optional<TensorData>>& data) {
  std::vector<Array> arrays;
  for (const auto& d : data) arrays.push_back(d ? upload(*d) : Array());
  return arrays;
}

/// Number of the first Float result; -1 if there is none.
inline int first_float(const Specs& specs) {
  for (std::size_t i = 0; i < specs.size(); ++i)
    if (is_float(specs[i].dtype)) return static_cast<int>(i);
  return -1;
}

/// Every differentiable sample with a Float input and a Float result, and the same with sizes of one.
inline std::vector<Case> differentiable_cases() {
  std::vector<Case> all;
  for (const Case& sample : all_cases()) {
    if (!differentiable(sample.op)) continue;
    std::vector<TensorData> zeros;
    for (const SampleInput& i : sample.inputs) zeros.emplace_back(i.shape, i.dtype);
    const bool has_float =
        std::any_of(zeros.begin(), zeros.end(), [](const TensorData& d) { return is_float(d.dtype()); });
    if (!has_float || first_float(infer(sample.op, lend(upload(zeros)))) < 0) continue;
    all.push_back(sample);
    Case c = sample;
    for (std::int64_t size = 2; size <= 6; ++size)
      if (const std::optional<Case> smaller = resized(c, size, 1)) c = *smaller;
    if (c.label() != sample.label()) all.push_back(c);
  }
  return all;
}

}  // namespace fornax::test
