// State, saved and loaded: N steps, a round trip, N steps are 2 N steps, bit for bit.

#include "net.hpp"

namespace fornax::test {
namespace {

using namespace optim;

template <class O> struct StateOf : testing::Test {
  using Config = typename O::Config;
  // Settings that need as much state as there is.
  static Config settings() {
    Config c;
    if constexpr (requires { c.amsgrad; }) c.amsgrad = true;
    if constexpr (requires { c.centered; }) c.centered = true;
    if constexpr (requires { c.momentum; }) c.momentum = 0.9;
    if constexpr (requires { c.t0; }) c.t0 = 2;
    if constexpr (requires { c.weight_decay; }) c.weight_decay = 0.1;
    return c;
  }
};

using All = testing::Types<Sgd, Asgd, Adam, AdamW, NAdam, RAdam, Adamax, Adan, Adagrad, Adadelta, RmsProp, Rprop, Lion,
                           Lars, Lamb, Adafactor, Muon>;
TYPED_TEST_SUITE(StateOf, All);

// As it would come back from a file: new buffers.
State copied(const State& state) {
  State copy = state;
  for (auto& [name, array] : copy.arrays) array = upload(array.to_data());
  return copy;
}

TYPED_TEST(StateOf, GoesOnWithTheSameBits) {
  for (const DType dtype : {DType::F64, DType::F32, DType::BF16}) {
    Layer<B> straight = make_layer(dtype), resumed = make_layer(dtype);
    TypeParam one(this->settings()), first(this->settings());
    run(one, straight, 1, 10);
    run(first, resumed, 1, 5);
    TypeParam second(this->settings());
    second.load_state(copied(first.state()));
    run(second, resumed, 6, 10);
    EXPECT_TRUE(same(straight, resumed)) << name(dtype);
    EXPECT_EQ(second.state().numbers, one.state().numbers);
  }
}

TYPED_TEST(StateOf, IsASnapshot) {
  Layer<B> layer = make_layer();
  TypeParam optimizer(this->settings());
  run(optimizer, layer, 1, 2);
  const State state = optimizer.state(), before = copied(state);
  run(optimizer, layer, 3, 5);
  for (const auto& [name, array] : before.arrays) EXPECT_EQ(array.to_data(), state.array(name).to_data()) << name;
}

TYPED_TEST(StateOf, MakesStepsThatMove) {
  Layer<B> layer = make_layer();
  TypeParam optimizer(this->settings());
  run(optimizer, layer, 1, 3);
  EXPECT_FALSE(layer.weight.to_data() == make_layer().weight.to_data());
  EXPECT_FALSE(layer.bias.to_data() == make_layer().bias.to_data());
}

TEST(State, OfAnotherOptimizerIsRefused) {
  Layer<B> layer = make_layer();
  Adam adam;
  run(adam, layer, 1, 1);
  Sgd sgd;
  EXPECT_EQ(message_of<ValueError>([&] { sgd.load_state(adam.state()); }),
            "load_state: the state is of Adam, not of Sgd");
}

TEST(State, OfAnotherModelIsRefused) {
  Layer<B> layer = make_layer();
  Adam adam;
  run(adam, layer, 1, 1);
  Adam other;
  other.load_state(adam.state());
  auto bias = layer.bias;
  const auto g = Tensor<Cpu, 1>::ones({3}, {}, DType::F64);
  EXPECT_EQ(message_of<ValueError>([&] { other.step(bias, g); }),
            "Adam: the loaded state has parameter \"bias\", which the model has not");

  Layer<B> wider{Tensor<B, 2>::zeros({2, 4}, {}, DType::F64).require_grad(), layer.bias};
  EXPECT_EQ(message_of<ShapeError>([&] { other.step(wider, wider.weight.square().sum().backward()); }),
            "Adam: what is kept as exp_avg of \"weight\" has shape [2, 3]; a parameter of shape [2, 4] needs [2, 4]");
  EXPECT_EQ(wider.weight.to_data(), (TensorData(Shape{2, 4}, DType::F64)));

  Layer<B> narrow = make_layer(DType::F32);
  EXPECT_EQ(message_of<DTypeError>([&] { run(other, narrow, 1, 1); }),
            "Adam: what is kept as exp_avg of \"weight\" is f64, the parameter is f32");
}

TEST(State, WithMissingOrWrongEntriesIsRefused) {
  Adam adam;
  State state = adam.state();
  state.numbers.erase("lr");
  EXPECT_EQ(message_of<ValueError>([&] { adam.load_state(state); }), "load_state: the state of Adam has no \"lr\"");
  state = adam.state();
  state.numbers["w/step"] = -1;
  EXPECT_EQ(message_of<ValueError>([&] { adam.load_state(state); }),
            "load_state: \"w/step\" is -1, which is no number of steps");
}

TEST(State, HoldsRateAndMomentum) {
  Adam first;
  first.set_lr(0.25);
  first.set_momentum(0.5);
  Adam second;
  second.load_state(first.state());
  EXPECT_EQ(second.lr(), 0.25);
  EXPECT_EQ(second.momentum(), 0.5);
}

}  // namespace
}  // namespace fornax::test
