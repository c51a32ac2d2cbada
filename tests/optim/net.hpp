#pragma once
// A small model and a course of gradients that the tests of this room share.

#include <cmath>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/values.hpp>

namespace fornax::test {

using B = Autodiff<Cpu>;

template <class T> struct Layer {
  Tensor<T, 2> weight;
  Tensor<T, 1> bias;
  FORNAX_FIELDS(weight, bias)
};

inline Layer<B> make_layer(DType dtype = DType::F64) {
  return {Tensor<B, 2>::from_data({{0.5, -1.0, 2.0}, {0.1, 0.8, -0.3}}, {}, dtype).require_grad(),
          Tensor<B, 1>::from_data({0.2, -0.4, 1.5}, {}, dtype).require_grad()};
}

/// Gradients g = a w + sin(0.7 k + 1.3 t) for step t, from 1 on: k the position, a 0.5 for the weight and 1.5 for the
/// bias.
inline optim::NamedGradients gradients_at(Layer<B>& layer, int t) {
  optim::NamedGradients all;
  for (const nn::NamedParameter& p : nn::parameters_of(layer)) {
    const std::vector<double> w = p.array->to_data().to_vector<double>();
    std::vector<double> g(w.size());
    for (std::size_t k = 0; k < g.size(); ++k)
      g[k] = (p.path == "weight" ? 0.5 : 1.5) * w[k] + std::sin(0.7 * static_cast<double>(k) + 1.3 * t);
    all.set(p.path, upload(TensorData(g, p.array->shape()).convert(p.array->dtype())));
  }
  return all;
}

/// Steps t = first to last of the course.
template <class O> void run(O& optimizer, Layer<B>& layer, int first, int last) {
  for (int t = first; t <= last; ++t) optimizer.step(layer, gradients_at(layer, t));
}

inline void expect_values(const Layer<B>& layer, const Numbers& weight, const Numbers& bias, double tolerance = 1e-12) {
  EXPECT_NO_THROW(layer.weight.to_data().assert_approx_eq(TensorData(weight, Shape{2, 3}), tolerance, tolerance));
  EXPECT_NO_THROW(layer.bias.to_data().assert_approx_eq(TensorData(bias), tolerance, tolerance));
}

inline bool same(const Layer<B>& a, const Layer<B>& b) {
  return a.weight.to_data() == b.weight.to_data() && a.bias.to_data() == b.bias.to_data();
}

}  // namespace fornax::test
