// Transfer learning: a network that knows shirts, trousers, pullovers, dresses and coats learns sandals, bags and boots from
// a few pictures. Its convolutions are read from a file and frozen; only a new head is trained.

#include <cstdio>

#include <fornax/data/data.hpp>
#include <fornax/fornax.hpp>
#include <fornax/io/io.hpp>

using namespace fornax;
using B = Autodiff<Cpu>;

namespace {

template <class Backend> struct Features {
  nn::Conv2d<Backend> conv1 = nn::Conv2dConfig{.channels = {1, 16}}.init<Backend>(),
                      conv2 = nn::Conv2dConfig{.channels = {16, 32}}.init<Backend>();
  nn::MaxPool2d pool;
  FORNAX_MODULE(Features, conv1, conv2, pool)

  // [N, 28, 28] -> [N, 800].
  Tensor<Backend, 2> forward(const Tensor<Backend, 3, Int>& images) const {
    const auto x = (images.to_float() / 255.0).unsqueeze_dim(1);
    const auto small = pool.forward(conv1.forward(x).relu());
    return pool.forward(conv2.forward(small).relu()).template flatten<2>(1);
  }
};

template <class Backend> struct Classifier {
  Features<Backend> features;
  nn::Linear<Backend> head = nn::LinearConfig{800, 5}.init<Backend>();
  FORNAX_MODULE(Classifier, features, head)

  Tensor<Backend, 2> forward(const Tensor<Backend, 3, Int>& images) const {
    return head.forward(features.forward(images));
  }
};

/// Pictures whose class is in [first, first + 5), with classes from 0 on; at most `most` of them.
data::TensorDataset classes_from(const ImageSet& set, std::int64_t first, std::int64_t most) {
  const auto labels = Tensor<Cpu, 1, Int>::from_data(set.labels).to_int();
  const auto wanted = labels.greater_equal_elem(first).bool_and(labels.lower_elem(first + 5));
  const auto all = wanted.nonzero().front();
  const auto places = all.narrow(0, 0, std::min(most, all.numel()));
  const auto images = Tensor<Cpu, 3, Int>::from_data(set.images).select(0, places);
  return {images.to_data(), (labels.select(0, places) - first).to_data()};
}

double accuracy(const Classifier<Cpu>& net, const data::TensorDataset& set) {
  data::DataLoader loader(set, {.batch_size = 500}, data::StackLabelled());
  std::int64_t right = 0;
  for (const auto& batch : loader) {
    const auto classes = net.forward(Tensor<Cpu, 3, Int>::from_data(batch.inputs)).argmax(1).squeeze_dim(1);
    right += classes.equal(Tensor<Cpu, 1, Int>::from_data(batch.labels)).to_int().sum().into_scalar();
  }
  return static_cast<double>(right) / static_cast<double>(set.size());
}

void train(Classifier<B>& net, const data::TensorDataset& set, std::int64_t epochs) {
  data::DataLoader loader(set, {.batch_size = 50, .sampler = data::Sampler::shuffled(1)}, data::StackLabelled());
  optim::Adam adam({.lr = 2e-3});
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch)
    for (const auto& batch : loader) {
      auto loss = functional::cross_entropy(net.forward(Tensor<B, 3, Int>::from_data(batch.inputs)),
                                            Tensor<B, 1, Int>::from_data(batch.labels));
      adam.step(net, std::move(loss).backward());
    }
}

}  // namespace

int main() {
  try {
    const std::string directory = find_fashion_mnist();
    const ImageSet train_set = read_fashion_mnist(directory, FashionSplit::Train);
    const ImageSet test_set = read_fashion_mnist(directory, FashionSplit::Test);

    manual_seed(1);
    {
      auto net = nn::train(Classifier<Cpu>());
      train(net, classes_from(train_set, 0, 10000), 3);
      std::printf("clothes, of 10000 pictures: %.1f %% right\n",
                  100 * accuracy(nn::valid(net), classes_from(test_set, 0, 5000)));
      io::save_model("features.safetensors", net.features);
    }

    const auto few = classes_from(train_set, 5, 100), judged = classes_from(test_set, 5, 5000);
    auto scratch = nn::train(Classifier<Cpu>());
    train(scratch, few, 30);
    std::printf("shoes and bags, of 100 pictures, from nothing: %.1f %%\n", 100 * accuracy(nn::valid(scratch), judged));

    auto transferred = nn::train(Classifier<Cpu>());
    io::load_model("features.safetensors", transferred.features);
    const std::size_t frozen = nn::freeze(transferred, "features.*");
    train(transferred, few, 30);
    std::printf("the same with features that were learned before (%zu tensors frozen, %lld numbers trained): %.1f %%\n",
                frozen, static_cast<long long>(nn::num_trainable_params(transferred)),
                100 * accuracy(nn::valid(transferred), judged));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
