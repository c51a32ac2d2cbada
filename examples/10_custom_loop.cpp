// A training loop by hand, for those who want to see every step: batches, gradients, clipping, a schedule, averaged
// weights, and the best model kept.

#include <cmath>
#include <cstdio>

#include <fornax/data/data.hpp>
#include <fornax/fornax.hpp>
#include <fornax/io/io.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

namespace {

// Points in two spirals that wind around each other; the class is the spiral.
struct Spirals {
  std::int64_t size() const { return 2000; }
  data::Labelled get(std::int64_t i) const {
    data::Random random(1, 2, static_cast<std::uint64_t>(i));
    const double way = random.uniform(), turn = 3 * 3.14159265 * way + (i % 2 == 0 ? 0.0 : 3.14159265);
    const double radius = 0.1 + 0.9 * way, blur = 0.02;
    return {TensorData({static_cast<float>(radius * std::cos(turn) + random.uniform(-blur, blur)),
                        static_cast<float>(radius * std::sin(turn) + random.uniform(-blur, blur))}),
            i % 2};
  }
};

template <class Backend> struct Net {
  nn::Linear<Backend> fc1 = nn::LinearConfig{2, 64}.init<Backend>(), fc2 = nn::LinearConfig{64, 64}.init<Backend>(),
                      fc3 = nn::LinearConfig{64, 2}.init<Backend>();
  FORNAX_MODULE(Net, fc1, fc2, fc3)

  Tensor<Backend, 2> forward(const Tensor<Backend, 2>& x) const {
    return fc3.forward(fc2.forward(fc1.forward(x).tanh()).tanh());
  }
};

double accuracy(const Net<Cpu>& net, const data::LabelledBatch& all) {
  const auto classes = net.forward(Tensor<Cpu, 2>::from_data(all.inputs)).argmax(1).squeeze_dim(1);
  return classes.equal(Tensor<Cpu, 1, Int>::from_data(all.labels)).to_float().mean().into_scalar();
}

}  // namespace

int main() {
  try {
    manual_seed(7);
    const auto [train, valid] = data::split(Spirals(), std::array{0.8, 0.2}, 1);
    data::DataLoader loader(train, {.batch_size = 50, .sampler = data::Sampler::shuffled(2)}, data::StackLabelled());
    const auto judged = data::DataLoader(valid, {.batch_size = valid.size()}, data::StackLabelled()).next().value();

    auto net = nn::train(Net<Cpu>());
    optim::AdamW optimizer({.lr = 1e-2});
    optimizer.set_clipping(optim::Clip::global_norm(1));
    const std::int64_t epochs = 30;
    optim::Scheduler scheduler(optimizer, optim::cosine_lr({.t_max = epochs * loader.size()}));
    optim::Ema average({.decay = 0.98});

    double best = 0;
    for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
      double sum = 0;
      for (const auto& batch : loader) {
        auto loss = functional::cross_entropy(net.forward(Tensor<B, 2>::from_data(batch.inputs)),
                                              Tensor<B, 1, Int>::from_data(batch.labels));
        sum += loss.into_scalar();
        optimizer.step(net, std::move(loss).backward());  // the graph is freed on the way back
        scheduler.step();
        average.update(net);
      }
      auto averaged = net;
      average.copy_to(averaged);
      const double right = accuracy(nn::valid(averaged), judged);
      if (epoch % 5 == 0)
        std::printf("epoch %2lld  loss %.4f  accuracy %.1f %%  rate %.5f\n", static_cast<long long>(epoch),
                    sum / static_cast<double>(loader.size()), 100 * right, optimizer.lr());
      if (right > best) {
        best = right;
        io::save_model("spirals.safetensors", averaged, {{"epoch", std::to_string(epoch)}});
      }
    }

    Net<Cpu> kept;
    io::load_model("spirals.safetensors", kept);
    std::printf("best model, read again: accuracy %.1f %%\n", 100 * accuracy(kept, judged));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
