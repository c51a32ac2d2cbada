// A page that trains a network with a Learner, as a user would write it.
#include <cstdio>
#include <fornax/fornax.hpp>
#include <fornax/train/train.hpp>
#include <vector>

using namespace fornax;

struct Points {
  TensorData x, y;
};

template <class B> struct Line {
  nn::Linear<B> linear;
  FORNAX_MODULE(Line, linear)

  train::RegressionOutput<B> step(const Points& batch) const {
    auto x = Tensor<B, 2>::from_data(batch.x), y = Tensor<B, 2>::from_data(batch.y);
    auto output = linear.forward(x);
    return {(output - y).square().mean(), output, y};
  }
};

int main() {
  using B = Autodiff<Cpu>;
  std::vector<Points> batches{{TensorData({{0.0F}, {1.0F}}), TensorData({{1.0F}, {3.0F}})},
                              {TensorData({{2.0F}, {-1.0F}}), TensorData({{5.0F}, {-1.0F}})}};
  auto learner = train::LearnerBuilder()
                     .metric(train::Mae())
                     .epochs(100)
                     .early_stopping({.metric = "mae", .split = train::Split::Train, .patience = 50})
                     .build(Line<B>{nn::LinearConfig{.d_input = 1, .d_output = 1}.init<B>()}, optim::Sgd({.lr = 0.1}));
  auto trained = learner.fit(batches);
  std::printf("%.2f x + %.2f\n", trained.model.linear.weight.into_scalar(), trained.model.linear.bias->into_scalar());
  return trained.value("mae", train::Split::Train) < 0.01 ? 0 : 1;
}
