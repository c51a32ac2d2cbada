// The program of docs/guide/07-modules.md, which quotes the regions between [name] and [/name].
// [start]
#include <cstdio>
#include <fornax/fornax.hpp>
#include <iostream>

using namespace fornax;
using B = Autodiff<Cpu>;
// [/start]

// [module]
template <class B> struct Net {
  nn::Linear<B> fc1, fc2;
  nn::Dropout drop;
  FORNAX_MODULE(Net, fc1, fc2, drop)

  Tensor<B, 2> forward(const Tensor<B, 2>& x) const { return fc2.forward(drop.forward(fc1.forward(x).relu())); }
};
// [/module]

// [config]
struct NetConfig {
  std::int64_t in = 2, hidden = 16, out = 2;
  double dropout = 0.1;
  FORNAX_CONFIG(NetConfig, in, hidden, out, dropout)

  void validate() const { nn::require_positive("NetConfig", "hidden", hidden); }

  template <class B> Net<B> init(const nn::InitOptions& on = {}) const {
    validate();
    return {nn::LinearConfig{.d_input = in, .d_output = hidden}.init<B>(on),
            nn::LinearConfig{.d_input = hidden, .d_output = out}.init<B>(on),
            nn::DropoutConfig{.prob = dropout}.init()};
  }
};
// [/config]

// [own]
template <class B> struct Centre {
  Tensor<B, 1> scale;        // a parameter
  nn::Buffer<B, 1> mean;     // saved with the module, not trained
  std::int64_t window = 10;  // a setting
  FORNAX_MODULE(Centre, scale, mean, window)
};
// [/own]

// [tied]
template <class B> struct AutoEncoder {
  nn::Linear<B> encoder, decoder;
  FORNAX_MODULE(AutoEncoder, encoder, decoder)
};
// [/tied]

int main() {
  // [init]
  manual_seed(1);
  auto net = NetConfig{.hidden = 32}.init<B>();
  std::cout << nn::summary(net);
  // [/init]

  // [paths]
  for (const auto& p : nn::parameters_of(net)) std::cout << p.path << " " << p.array->shape().str() << "\n";
  // [/paths]

  // [train]
  auto x = Tensor<B, 2>::from_data({{0.0, 0.0}, {0.0, 1.0}, {1.0, 0.0}, {1.0, 1.0}});
  auto y = Tensor<B, 1, Int>::from_data({0, 1, 1, 0});
  auto loss = nn::CrossEntropyLossConfig{}.init<B>();
  optim::Adam adam({.lr = 0.05});
  for (int step = 0; step < 100; ++step) {
    auto error = loss.forward(net.forward(x), y);
    adam.step(net, std::move(error).backward());
  }
  // [/train]

  // [valid]
  const Net<Cpu> trained = nn::valid(net);
  std::cout << trained.forward(x.inner()).argmax(1).squeeze_dim(1) << "\n";
  // [/valid]

  // [weights]
  const auto square = nn::LinearConfig{.d_input = 8, .d_output = 8};
  AutoEncoder<B> auto_encoder{square.init<B>(), square.init<B>()};
  auto_encoder.decoder.weight = auto_encoder.encoder.weight;
  std::cout << nn::num_params(auto_encoder) << "\n";
  // [/weights]

  // [freeze]
  nn::freeze(net, "fc1.*");
  std::cout << nn::num_trainable_params(net) << " of " << nn::num_params(net) << "\n";
  nn::unfreeze(net);
  // [/freeze]

  // [json]
  const auto config = NetConfig::from_json(R"({"in": 2, "hidden": 8, "out": 3, "dropout": 0})");
  std::cout << config.to_json();
  try {
    NetConfig::from_json(R"({"in": 2, "hiden": 8, "out": 3, "dropout": 0})");
  } catch (const Error& e) {
    std::cout << e.what() << "\n";
  }
  // [/json]

  // [state]
  const nn::State state = nn::state_of(net);
  auto other = NetConfig{.hidden = 32}.init<B>();
  nn::load_state(other, state);
  auto smaller = NetConfig{.hidden = 16}.init<B>();
  try {
    nn::load_state(smaller, state);
  } catch (const Error& e) {
    std::cout << e.what() << "\n";
  }
  // [/state]

  // [bytes]
  manual_seed(2);
  const auto layer = nn::LinearConfig{.d_input = 256, .d_output = 256}.init<B>();
  const nn::Linear<Cpu> exact = nn::valid(layer);
  const nn::QuantizedLinear<Cpu> bytes = nn::quantize(exact);
  const auto samples = Tensor<Cpu, 2>::random({8, 256}, Distribution::normal(0, 1));
  const auto difference =
      (bytes.forward(samples) - exact.forward(samples)).square().mean() / exact.forward(samples).square().mean();
  std::printf("%.1f %%\n", 100 * difference.sqrt().into_scalar());
  std::cout << name(nn::state_of(bytes).at("weight").dtype()) << "\n";
  // [/bytes]

  // [transform]
  auto energy = [](const auto& model, const auto& in) { return model.forward(in).square().sum(); };
  const Net<Cpu> slope = grad(energy)(trained, x.inner());
  std::cout << slope.fc2.bias->shape().str() << "\n";
  // [/transform]
}
