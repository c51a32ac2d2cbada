// A network of two layers learns to tell ten kinds of clothes apart, written with plain tensors.
//
//   04_fashion_mnist [--data DIRECTORY] [--out PICTURE.png] [--epochs N]

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <fornax/data/fashion_mnist.hpp>
#include <fornax/fornax.hpp>

#include "support/picture.hpp"
#include "support/progress.hpp"

using namespace fornax;
using B = Autodiff<Cpu>;

namespace {

constexpr std::int64_t kPixels = 28 * 28, kHidden = 128, kClasses = 10, kBatch = 100;
constexpr double kLearningRate = 0.05, kMomentum = 0.9;  // the rate falls to zero over the training

// Images as rows of numbers in [0, 1], and classes as integers.
struct Samples {
  Tensor<B, 2> images;
  Tensor<B, 1, Int> labels;
  explicit Samples(const ImageSet& set)
      : images(Tensor<B, 3, Int>::from_data(set.images).to_float().reshape({-1, kPixels}) / 255.0),
        labels(Tensor<B, 1, Int>::from_data(set.labels).to_int()) {}
};

// A weight that learns: its values, and the running direction of its updates.
struct Parameter {
  Tensor<B, 2> value;
  Tensor<Cpu, 2> velocity;
  explicit Parameter(const Tensor<B, 2>& start) : value(start.require_grad()), velocity(start.inner().zeros_like()) {}

  void update(const Gradients<B>& grads, double rate) {
    velocity = velocity * kMomentum + value.grad(grads).value();
    value = Tensor<B, 2>::from_inner(value.inner() - velocity * rate).require_grad();
  }
};

struct Network {
  Parameter w1 = uniform(kPixels, kHidden), b1 = zeros(kHidden);
  Parameter w2 = uniform(kHidden, kClasses), b2 = zeros(kClasses);

  static Parameter uniform(std::int64_t in, std::int64_t out) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    return Parameter(Tensor<B, 2>::random({in, out}, Distribution::uniform(-bound, bound)));
  }
  static Parameter zeros(std::int64_t out) { return Parameter(Tensor<B, 2>::zeros({1, out})); }

  // [N, 784] -> [N, 10]: the logarithm of each class's probability.
  Tensor<B, 2> forward(const Tensor<B, 2>& x) const {
    const auto hidden = (x.matmul(w1.value) + b1.value).relu();
    return (hidden.matmul(w2.value) + b2.value).log_softmax(1);
  }
};

std::int64_t count_right(const Tensor<B, 2>& log_probabilities, const Tensor<B, 1, Int>& labels) {
  return log_probabilities.argmax(1).squeeze(1).equal(labels).to_int().sum().into_scalar();
}

void train(Network& net, const Samples& data, int epochs) {
  const std::int64_t n = data.labels.numel();
  examples::Progress progress(epochs, n);
  for (int epoch = 0; epoch < epochs; ++epoch) {
    progress.begin_epoch();
    const auto order = Tensor<B, 1, Int>::random_permutation(n);
    for (std::int64_t start = 0; start < n; start += kBatch) {
      const auto batch = order.narrow(0, start, std::min(kBatch, n - start));
      const auto labels = data.labels.select(0, batch);
      const auto log_probabilities = net.forward(data.images.select(0, batch));
      // Mean negative log-likelihood of the true classes.
      auto loss = -log_probabilities.gather(1, labels.unsqueeze_dim(1)).mean();
      const double loss_value = loss.into_scalar();
      const auto grads = std::move(loss).backward();
      const double done = (epoch + static_cast<double>(start) / static_cast<double>(n)) / epochs;
      for (Parameter* p : {&net.w1, &net.b1, &net.w2, &net.b2}) p->update(grads, kLearningRate * (1 - done));
      progress.step(batch.numel(), loss_value, count_right(log_probabilities, labels));
    }
    progress.end_epoch();
  }
}

void picture(const std::string& path, const ImageSet& test, const Tensor<B, 2>& log_probabilities) {
  const auto classes = log_probabilities.argmax(1).to_data();
  std::vector<int> predicted, truth;
  std::vector<std::string> names;
  constexpr int kShown = 24;
  for (int i = 0; i < kShown; ++i) {
    predicted.push_back(static_cast<int>(classes[i]));
    truth.push_back(static_cast<int>(test.labels[i]));
  }
  for (int c = 0; c < kClasses; ++c) names.emplace_back(fashion_mnist_class_name(c));
  const auto shown = Tensor<Cpu, 3, Int>::from_data(test.images).narrow(0, 0, kShown).to_data();
  examples::write_prediction_picture(path, shown, predicted, truth, names, 6);
}

}  // namespace

int main(int argc, char** argv) {
  std::string directory, out = "fashion_mnist.png";
  int epochs = 12;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--data") directory = argv[i + 1];
    if (option == "--out") out = argv[i + 1];
    if (option == "--epochs") epochs = std::atoi(argv[i + 1]);
  }
  try {
    if (directory.empty()) directory = find_fashion_mnist();
    const ImageSet train_set = read_fashion_mnist(directory, FashionSplit::Train);
    const ImageSet test_set = read_fashion_mnist(directory, FashionSplit::Test);

    manual_seed(1);
    Network net;
    train(net, Samples(train_set), epochs);

    const Samples test(test_set);
    const auto log_probabilities = no_grad([&] { return net.forward(test.images); });
    const double right = static_cast<double>(count_right(log_probabilities, test.labels));
    picture(out, test_set, log_probabilities);
    std::printf("test accuracy %.2f %% on %lld images\n", 100.0 * right / static_cast<double>(test.labels.numel()),
                static_cast<long long>(test.labels.numel()));
    std::printf("picture of predictions: %s\n", out.c_str());
  } catch (const Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
