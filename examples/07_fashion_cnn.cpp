// A convolutional network learns to tell ten kinds of clothes apart: dataset, loaders, schedule, Learner, and the saved
// model read again.

#include <cstdio>

#include <fornax/data/data.hpp>
#include <fornax/fornax.hpp>
#include <fornax/io/io.hpp>

#include "support/example.hpp"

using namespace fornax;

namespace {

struct FashionCnnConfig {
  std::int64_t channels = 32, hidden = 256;
  double dropout = 0.3;
  std::int64_t epochs = 10, batch_size = 128;
  double max_lr = 3e-3, weight_decay = 1e-2;
  std::int64_t workers = 1;
  std::uint64_t seed = 1;
  std::string data = "";  // directory of the data set; that of Debian's package if empty
  FORNAX_CONFIG(FashionCnnConfig, channels, hidden, dropout, epochs, batch_size, max_lr, weight_decay, workers, seed,
                data)

  void validate() const {
    nn::require_positive("FashionCnnConfig", "channels", channels);
    nn::require_positive("FashionCnnConfig", "epochs", epochs);
    nn::require_positive("FashionCnnConfig", "batch_size", batch_size);
  }
};

template <class B> struct FashionCnn {
  nn::Conv2d<B> conv1, conv2;
  nn::MaxPool2d pool;
  nn::Dropout dropout;
  nn::Linear<B> fc1, fc2;
  FORNAX_MODULE(FashionCnn, conv1, conv2, pool, dropout, fc1, fc2)

  explicit FashionCnn(const FashionCnnConfig& c)
      : conv1(nn::Conv2dConfig{.channels = {1, c.channels}, .padding = nn::ConvPad::Same}.init<B>()),
        conv2(nn::Conv2dConfig{.channels = {c.channels, 2 * c.channels}, .padding = nn::ConvPad::Same}.init<B>()),
        dropout{c.dropout},
        fc1(nn::LinearConfig{.d_input = 2 * c.channels * 7 * 7, .d_output = c.hidden}.init<B>()),
        fc2(nn::LinearConfig{.d_input = c.hidden, .d_output = kFashionClasses}.init<B>()) {}
  FashionCnn() = default;

  // [N, 28, 28] grey levels -> [N, 10] logits.
  Tensor<B, 2> forward(const Tensor<B, 3, Int>& images) const {
    const auto x = (images.to_float() / 255.0).unsqueeze_dim(1);
    const auto small = pool.forward(conv1.forward(x).relu());
    const auto features = pool.forward(conv2.forward(small).relu());
    const auto row = dropout.forward(features.flatten<2>(1));
    return fc2.forward(dropout.forward(fc1.forward(row).relu()));
  }

  auto step(const data::LabelledBatch& batch) const {
    const auto logits = forward(Tensor<B, 3, Int>::from_data(batch.inputs));
    const auto labels = Tensor<B, 1, Int>::from_data(batch.labels);
    return train::ClassificationOutput<B>{functional::cross_entropy(logits, labels), logits, labels};
  }
};

auto loader_of(data::TensorDataset set, const FashionCnnConfig& c, bool shuffled) {
  const auto sampler = shuffled ? data::Sampler::shuffled(c.seed) : data::Sampler::sequential();
  return data::DataLoader(std::move(set),
                          {.batch_size = c.batch_size, .sampler = sampler, .workers = static_cast<int>(c.workers)},
                          data::StackLabelled());
}

void run(const FashionCnnConfig& c, const examples::RunOptions& options) {
  c.validate();
  const std::string directory = c.data.empty() ? find_fashion_mnist() : c.data;
  auto [train_images, train_labels] = read_fashion_mnist(directory, FashionSplit::Train);
  auto [test_images, test_labels] = read_fashion_mnist(directory, FashionSplit::Test);
  auto train_loader = loader_of(data::TensorDataset(train_images, train_labels), c, true);
  auto test_loader = loader_of(data::TensorDataset(test_images, test_labels), c, false);

  manual_seed(c.seed);
  auto learner = examples::builder(options)
                     .name("fashion-cnn")
                     .config(c)
                     .epochs(c.epochs)
                     .seed(c.seed)
                     .metric(train::Accuracy())
                     .metric(train::LearningRate())
                     .metric(train::Throughput())
                     .schedule(optim::one_cycle_lr(
                         {.max_lr = c.max_lr, .total_steps = c.epochs * train_loader.size(), .cycle_momentum = false}))
                     .checkpoint(train::keep_last(1))
                     .build(nn::train(FashionCnn<Cpu>(c)), optim::AdamW({.weight_decay = c.weight_decay}));
  const auto trained = learner.fit(train_loader, test_loader);
  if (trained.outcome() != train::Outcome::Finished) return;

  const std::string path = options.directory + "/model.safetensors";
  io::save_model(path, trained.model, {{"config", c.to_json()}});

  // What another program would do with it.
  FashionCnn<Cpu> model(c);
  io::load_model(path, model);
  const auto some = Tensor<Cpu, 3, Int>::from_data(test_images).narrow(0, 0, 5);
  const auto classes = model.forward(some).argmax(1).to_data();
  std::printf("\n%s\n", path.c_str());
  for (int i = 0; i < 5; ++i)
    std::printf("  picture %d: %-12s (it is: %s)\n", i,
                std::string(fashion_mnist_class_name(static_cast<int>(classes[i]))).c_str(),
                std::string(fashion_mnist_class_name(static_cast<int>(test_labels[i]))).c_str());
  std::printf("test accuracy %.2f %%\n", 100 * trained.value("accuracy"));
}

}  // namespace

FORNAX_EXAMPLE(FashionCnnConfig, run, "fashion_cnn", "a convolutional network on Fashion-MNIST")
