// A page with a model of ten layers: what modules and configs cost a user's compiler.
#include <cstdio>

#include <fornax/fornax.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

template <class B> struct Net {
  nn::Conv2d<B> conv1, conv2, conv3;
  nn::BatchNorm<B> norm1, norm2, norm3;
  nn::Linear<B> fc1, fc2, fc3;
  nn::Dropout drop;
  FORNAX_MODULE(Net, conv1, conv2, conv3, norm1, norm2, norm3, fc1, fc2, fc3, drop)

  Tensor<B, 2> forward(const Tensor<B, 4>& x) const {
    auto h = norm1.forward(conv1.forward(x)).relu();
    h = norm2.forward(conv2.forward(h)).relu();
    h = norm3.forward(conv3.forward(h)).relu();
    auto y = fc1.forward(h.template flatten<2>(1, 3)).relu();
    return fc3.forward(fc2.forward(drop.forward(y)).relu());
  }
};

struct NetConfig {
  std::int64_t channels = 8, hidden = 32, classes = 10;
  double dropout = 0.5;
  FORNAX_CONFIG(NetConfig, channels, hidden, classes, dropout)

  template <class B> Net<B> init() const {
    const auto conv = [](std::int64_t from, std::int64_t to) {
      return nn::Conv2dConfig{.channels = {from, to}, .kernel_size = 3, .padding = 1}.init<B>();
    };
    const auto norm = [&] { return nn::BatchNormConfig{.num_features = channels}.init<B>(); };
    const auto linear = [](std::int64_t from, std::int64_t to) {
      return nn::LinearConfig{.d_input = from, .d_output = to}.init<B>();
    };
    return {conv(1, channels),
            conv(channels, channels),
            conv(channels, channels),
            norm(),
            norm(),
            norm(),
            linear(channels * 64, hidden),
            linear(hidden, hidden),
            linear(hidden, classes),
            nn::Dropout{dropout}};
  }
};

int main() {
  const auto config = NetConfig::from_json(NetConfig{.hidden = 64}.to_json());
  auto net = config.init<B>();
  std::printf("%s", nn::summary(net).c_str());
  const auto x = Tensor<B, 4>::random({4, 1, 8, 8});
  const auto targets = Tensor<B, 1, Int>::from_data({1, 2, 3, 4});
  auto loss = functional::cross_entropy(net.forward(x), targets);
  const auto gradients = std::move(loss).backward();
  nn::freeze(net, "conv*");
  nn::load_state(net, nn::state_of(net));
  std::printf("%zu gradients, %lld parameters\n", gradients.size(), static_cast<long long>(nn::num_params(net)));
  return nn::valid(net).forward(x.inner()).shape()[1] == config.classes ? 0 : 1;
}
