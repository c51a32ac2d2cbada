// A linear neuron as a module: y = x * w + b should give 10 for x = 2. Its settings are a config, which is JSON on disk.

#include <cstdio>

#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

// A struct of tensors; a Float tensor is a parameter.
template <class B> struct Neuron {
  Tensor<B, 1> w, b;
  FORNAX_MODULE(Neuron, w, b)

  Tensor<B, 1> forward(const Tensor<B, 1>& x) const { return x * w + b; }
};

struct NeuronConfig {
  double w = 3, b = 1;
  std::int64_t steps = 100;
  double learning_rate = 0.01;
  FORNAX_CONFIG(NeuronConfig, w, b, steps, learning_rate)

  void validate() const { nn::require_positive("NeuronConfig", "learning_rate", learning_rate); }
  template <class B> Neuron<B> init(const nn::InitOptions& on = {}) const {
    validate();
    return {nn::init_parameter<B>(nn::Initializer::constant(w), {1}, on),
            nn::init_parameter<B>(nn::Initializer::constant(b), {1}, on)};
  }
};

int main() {
  try {
    const NeuronConfig config{.steps = 60, .learning_rate = 0.02};
    std::printf("%s", config.to_json().c_str());

    auto neuron = config.init<B>();
    std::printf("\n%s\n", nn::summary(neuron).c_str());

    const auto x = Tensor<B, 1>::from_data({2.0f}), target = Tensor<B, 1>::from_data({10.0f});
    const nn::MseLoss loss;
    optim::Sgd sgd({.lr = config.learning_rate});
    for (std::int64_t step = 1; step <= config.steps; ++step) {
      auto error = loss.forward(neuron.forward(x), target);
      if (step % 10 == 0) std::printf("step %2lld  loss %.9f\n", static_cast<long long>(step), error.into_scalar());
      sgd.step(neuron, std::move(error).backward());
    }

    // The same neuron without a tape.
    const Neuron<Cpu> trained = nn::valid(neuron);
    std::printf("w = %.4f, b = %.4f, y = %.4f\n", trained.w.into_scalar(), trained.b.into_scalar(),
                trained.forward(x.inner()).into_scalar());
  } catch (const Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
