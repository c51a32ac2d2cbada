#pragma once
// Small networks for the tests of modules.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <fornax/nn/nn.hpp>
#include <support/errors.hpp>
#include <support/values.hpp>

namespace fornax::test {

using Taped = Autodiff<Cpu>;

/// A perceptron of two layers.
template <class B> struct Perceptron {
  nn::Linear<B> fc1, fc2;
  nn::Dropout drop;
  FORNAX_MODULE(Perceptron, fc1, fc2, drop)

  Tensor<B, 2> forward(const Tensor<B, 2>& x) const { return fc2.forward(drop.forward(fc1.forward(x).relu())); }
};

struct PerceptronConfig {
  std::int64_t in = 3, hidden = 4, out = 2;
  double dropout = 0.5;
  FORNAX_CONFIG(PerceptronConfig, in, hidden, out, dropout)

  template <BackendType B> Perceptron<B> init(const nn::InitOptions& on = {}) const {
    return {nn::LinearConfig{.d_input = in, .d_output = hidden}.init<B>(on),
            nn::LinearConfig{.d_input = hidden, .d_output = out}.init<B>(on),
            nn::DropoutConfig{.prob = dropout}.init()};
  }
};

/// Everything that a module may hold.
template <class B> struct Mixed {
  std::vector<nn::Linear<B>> blocks;
  std::array<nn::Linear<B>, 2> pair;
  std::optional<nn::Linear<B>> maybe;
  std::tuple<nn::Linear<B>, nn::Dropout> both;
  Tensor<B, 1> scale;
  Tensor<B, 1, Int> order;
  nn::Buffer<B, 1> running;
  nn::Constant<B, 1> table;
  std::int64_t steps = 0;
  std::string name;
  FORNAX_MODULE(Mixed, blocks, pair, maybe, both, scale, order, running, table, steps, name)
};

template <BackendType B> Mixed<B> mixed(const nn::InitOptions& on = {}) {
  const auto linear = [&] { return nn::LinearConfig{.d_input = 2, .d_output = 2, .bias = false}.init<B>(on); };
  Mixed<B> m;
  m.blocks = {linear(), linear()};
  m.pair = {linear(), linear()};
  m.maybe = linear();
  m.both = {linear(), nn::Dropout{0.25}};
  m.scale = nn::init_parameter<B>(nn::Initializer::ones(), {2}, on);
  m.order = Tensor<B, 1, Int>::from_data({1, 0});
  m.running = Tensor<B, 1>::from_data({5.0, 6.0});
  m.table = Tensor<B, 1>::from_data({7.0, 8.0});
  m.steps = 3;
  m.name = "mixed";
  return m;
}

inline std::vector<std::string> paths(const nn::Parameters& parameters) {
  std::vector<std::string> all;
  for (const auto& p : parameters) all.push_back(p.path);
  return all;
}
inline std::vector<std::string> paths(const nn::State& state) {
  std::vector<std::string> all;
  for (const auto& [path, array] : state) all.push_back(path);
  return all;
}

}  // namespace fornax::test
