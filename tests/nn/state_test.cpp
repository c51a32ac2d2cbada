// States: what is saved of a module, and what is told when it does not fit.

#include <nn/networks.hpp>

namespace fornax::test {
namespace {

TEST(State, GoesIntoAnotherModuleOfTheSameForm) {
  const auto from = mixed<Taped>({Device(), DType::F64});
  auto to = mixed<Taped>({Device(), DType::F64});
  to.running = Tensor<Taped, 1>::from_data({0.0, 0.0});
  to.order = Tensor<Taped, 1, Int>::from_data({0, 0});
  const nn::State state = nn::state_of(from);
  const nn::LoadReport report = nn::load_state(to, state);
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.loaded, state.size());
  const nn::State again = nn::state_of(to);
  for (const auto& [path, array] : state) EXPECT_EQ(numbers(again.at(path)), numbers(array)) << path;
  EXPECT_TRUE(to.scale.is_require_grad());
  EXPECT_FALSE(to.running.get().is_require_grad());
}

TEST(State, GoesFromOneBackendToAnother) {
  const auto net = PerceptronConfig{}.init<Taped>();
  auto plain = PerceptronConfig{}.init<Cpu>();
  nn::load_state(plain, nn::state_of(net));
  EXPECT_EQ(numbers(plain.fc1.weight.array()), numbers(net.fc1.weight.array()));
  for (const auto& [path, array] : nn::state_of(net)) EXPECT_EQ(array.interpreter(), &Cpu::interpreter());
}

TEST(State, TakesTheModulesDtypeAndLeavesFrozenParametersFrozen) {
  const auto from = PerceptronConfig{}.init<Taped>({Device(), DType::F64});
  auto to = PerceptronConfig{}.init<Taped>();
  nn::freeze(to, "fc1.weight");
  nn::load_state(to, nn::state_of(from));
  EXPECT_EQ(to.fc1.weight.dtype(), DType::F32);
  EXPECT_FALSE(to.fc1.weight.is_require_grad());
  EXPECT_TRUE(to.fc2.weight.is_require_grad());
}

TEST(State, FillsAModuleWithoutValues) {
  const auto from = PerceptronConfig{}.init<Taped>();
  Perceptron<Taped> to;
  to.fc1.bias.emplace();
  to.fc2.bias.emplace();
  nn::load_state(to, nn::state_of(from));
  EXPECT_EQ(numbers(to.fc2.weight.array()), numbers(from.fc2.weight.array()));
  EXPECT_TRUE(to.fc1.weight.is_require_grad());
}

TEST(State, ThatDoesNotFitIsReportedByNameAndChangesNothing) {
  const auto large = PerceptronConfig{.hidden = 8}.init<Taped>();
  auto net = PerceptronConfig{}.init<Taped>();
  nn::State state;
  for (const auto& [path, array] : nn::state_of(large))
    if (path != "fc2.bias") state.add(path, array);
  state.add("fc3.weight", upload(TensorData({1.0f})));
  const Numbers before = numbers(net.fc2.weight.array());
  EXPECT_EQ(
      message_of<ValueError>([&] { nn::load_state(net, state); }),
      "load_state: missing: \"fc2.bias\"; unexpected: \"fc3.weight\"; mismatched: \"fc1.weight\": [3, 8] in the "
      "state, [3, 4] in the module, \"fc1.bias\": [8] in the state, [4] in the module, \"fc2.weight\": [8, 2] in the "
      "state, [4, 2] in the module");
  EXPECT_EQ(numbers(net.fc2.weight.array()), before);
}

TEST(State, LoadsWhatFitsIfThatIsEnough) {
  const auto wide = PerceptronConfig{.out = 7}.init<Taped>();
  auto net = PerceptronConfig{}.init<Taped>();
  EXPECT_THROW(nn::load_state(net, nn::state_of(wide), {.allow_missing = true}), ValueError);
  const nn::LoadReport report = nn::load_state(net, nn::state_of(wide), nn::LoadOptions::partial());
  EXPECT_EQ(report.loaded, 2u);
  EXPECT_EQ(report.mismatched.size(), 2u);
  EXPECT_EQ(numbers(net.fc1.bias->array()), numbers(wide.fc1.bias->array()));
}

TEST(State, OfAnotherKindIsRefused) {
  auto m = mixed<Cpu>();
  nn::State state;
  for (const auto& [path, array] : nn::state_of(m))
    state.add(path, path == "order" ? upload(TensorData({1.0, 2.0})) : array);
  EXPECT_EQ(message_of<ValueError>([&] { nn::load_state(m, state); }),
            "load_state: mismatched: \"order\": f64 in the state, Int in the module");
}

template <class B> struct Tied {
  nn::Linear<B> in, out;
  FORNAX_MODULE(Tied, in, out)
};

TEST(State, KeepsTiedParametersTied) {
  const auto config = nn::LinearConfig{.d_input = 2, .d_output = 2, .bias = false};
  Tied<Taped> from{config.init<Taped>(), {}};
  from.out = from.in;
  Tied<Taped> to{config.init<Taped>(), {}};
  to.out = to.in;
  const nn::State state = nn::state_of(from);
  EXPECT_EQ(state.size(), 2u);
  nn::load_state(to, state);
  EXPECT_EQ(to.in.weight.array().body(), to.out.weight.array().body());
  EXPECT_EQ(numbers(to.in.weight.array()), numbers(from.in.weight.array()));

  // A file that has it once is complete.
  nn::State once;
  once.add("out.weight", upload(TensorData({{1.0f, 2.0f}, {3.0f, 4.0f}})));
  EXPECT_TRUE(nn::load_state(to, once).complete());
  EXPECT_EQ(numbers(to.in.weight.array()), (Numbers{1, 2, 3, 4}));
}

TEST(State, HoldsEachPathOnce) {
  nn::State state;
  state.add("b", upload(TensorData({1.0})));
  state.add("a", upload(TensorData({2.0})));
  EXPECT_EQ(paths(state), (std::vector<std::string>{"b", "a"}));
  EXPECT_THROW(state.add("a", upload(TensorData({3.0}))), ValueError);
  EXPECT_THROW(state.add("c", Array()), ValueError);
  EXPECT_EQ(state.find("c"), nullptr);
  EXPECT_THROW(state.at("c"), ValueError);
}

}  // namespace
}  // namespace fornax::test
