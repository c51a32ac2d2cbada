// Configs: defaults, JSON there and back, and what is told about a text that does not fit.

#include <cstdio>

#include <nn/networks.hpp>

namespace fornax::test {

enum class Shade { Light, Dark };
FORNAX_ENUM(Shade, Light, Dark)

namespace {

struct Inner {
  std::int32_t size = 0;
  std::optional<double> rate = {};
  FORNAX_CONFIG(Inner, size, rate)
  void validate() const { nn::require_positive("Inner", "size", size); }
};

struct Outer {
  bool flag = false;
  std::string name = "x";
  Shade shade = Shade::Dark;
  std::vector<Inner> list;
  std::array<std::int64_t, 2> pair = {1, 2};
  std::optional<Inner> maybe;
  PerDim<2> kernel = 3;
  nn::ConvPadding<2> padding = 1;
  nn::Initializer initializer = nn::Initializer::normal(0, 0.02);
  std::uint8_t small = 7;
  float ratio = 0.1f;
  FORNAX_CONFIG(Outer, flag, name, shade, list, pair, maybe, kernel, padding, initializer, small, ratio)
};

TEST(Config, HasDefaultsAndIsFilledByName) {
  const PerceptronConfig config{.hidden = 16};
  EXPECT_EQ(config.in, 3);
  EXPECT_EQ(config.hidden, 16);
  EXPECT_EQ(config.init<Taped>().fc1.weight.dims(), (std::array<std::int64_t, 2>{3, 16}));
}

TEST(Config, IsWrittenInTheOrderOfItsFields) {
  EXPECT_EQ(PerceptronConfig{.dropout = 0.25}.to_json(),
            "{\n  \"in\": 3,\n  \"hidden\": 4,\n  \"out\": 2,\n  \"dropout\": 0.25\n}\n");
}

TEST(Config, ComesBackFromJson) {
  Outer config;
  config.flag = true;
  config.name = "a \"quoted\" näme";
  config.shade = Shade::Light;
  config.list = {{.size = 4}, {.size = 5, .rate = 0.5}};
  config.pair = {8, 9};
  config.maybe = Inner{.size = 6};
  config.kernel = {3, 5};
  config.padding = nn::ConvPad::Same;
  config.initializer = nn::Initializer::kaiming_uniform(0.5, true);
  config.ratio = 0.3f;
  const std::string text = config.to_json();
  const Outer again = Outer::from_json(text);
  EXPECT_EQ(again.to_json(), text);
  EXPECT_EQ(again.name, config.name);
  EXPECT_EQ(again.shade, Shade::Light);
  EXPECT_EQ(again.list.size(), 2u);
  EXPECT_EQ(again.list[1].rate, 0.5);
  EXPECT_FALSE(again.list[0].rate.has_value());
  EXPECT_EQ(again.maybe->size, 6);
  EXPECT_EQ(again.kernel[1], 5);
  EXPECT_TRUE(again.padding.same);
  EXPECT_EQ(again.initializer.kind(), nn::InitKind::KaimingUniform);
  EXPECT_EQ(again.ratio, 0.3f);
  EXPECT_EQ(Outer::from_json(Outer{}.to_json()).to_json(), Outer{}.to_json());
}

TEST(Config, ReportsEveryFaultByPath) {
  const std::string text =
      R"({"flag": 1, "name": "n", "shade": "Blue", "list": [{"size": 1.5, "rate": null}, {"rate": "x"}],
    "pair": [1], "maybe": {"size": 1, "rate": 2, "color": 3}, "kernel": [1, 2, 3], "padding": "Some",
    "initializer": {"kind": "Normal", "mean": 0}, "small": 300, "hiden": 4})";
  EXPECT_EQ(
      message_of<FormatError>([&] { Outer::from_json(text); }),
      "Outer: in the text, \"hiden\" is unknown; known are flag, name, shade, list, pair, maybe, kernel, padding, "
      "initializer, small, ratio; \"flag\" is 1; must be true or false; \"shade\" is \"Blue\"; must be one of Light, "
      "Dark; \"list.0.size\" is 1.5; must be a whole number; \"list.1.size\" is missing; \"list.1.rate\" is \"x\"; "
      "must be a number; \"pair\" is [1]; must be a list of 2; \"maybe.color\" is unknown; known are size, rate; "
      "\"kernel\" is [1,2,3]; must be 2 whole numbers, or one for all; \"padding\" is \"Some\"; must be 2 whole "
      "numbers, or one for all; \"initializer.deviation\" is missing; \"small\" is 300; must be a whole number from 0 "
      "to 255; \"ratio\" is missing");
}

TEST(Config, KeepsDefaultsOfMissingFieldsIfThatIsAllowed) {
  EXPECT_EQ(message_of<FormatError>([] { PerceptronConfig::from_json("{\"hidden\": 9}"); }),
            "PerceptronConfig: in the text, \"in\" is missing; \"out\" is missing; \"dropout\" is missing");
  const auto config = PerceptronConfig::from_json("{\"hidden\": 9}", {.allow_missing = true});
  EXPECT_EQ(config.hidden, 9);
  EXPECT_EQ(config.dropout, 0.5);
  const auto outer = Outer::from_json("{\"list\": [{\"size\": 2}]}", {.allow_missing = true});
  EXPECT_EQ(outer.list[0].size, 2);
  EXPECT_EQ(outer.initializer.kind(), nn::InitKind::Normal);
  EXPECT_THROW(PerceptronConfig::from_json("{\"hiden\": 9}", {.allow_missing = true}), FormatError);
}

TEST(Config, ReadsOneNumberForAllDims) {
  const auto conv = nn::Conv2dConfig::from_json(R"({"channels": [1, 2], "kernel_size": 5, "padding": 2})", {true});
  EXPECT_EQ(conv.kernel_size[1], 5);
  EXPECT_EQ(conv.padding.sizes[0], 2);
}

TEST(Config, IsValidatedWhereverItStands) {
  EXPECT_EQ(message_of<FormatError>([] { Outer::from_json(R"({"list": [{"size": 1}, {"size": -2}]})", {true}); }),
            "Outer: in the text, \"list.1\": Inner: size is -2; must be positive");
  EXPECT_EQ(message_of<ValueError>([] { nn::LinearConfig{.d_output = 3}.init<Cpu>(); }),
            "LinearConfig: d_input is 0; must be positive");
  EXPECT_EQ(message_of<ValueError>([] { nn::DropoutConfig{.prob = 1.5}.init(); }),
            "Dropout: prob is 1.5; must be in [0, 1]");
  EXPECT_EQ(message_of<ValueError>([] {
              nn::Conv2dConfig{.channels = {4, 6}, .groups = 4}.init<Cpu>();
            }),
            "Conv2dConfig: groups is 4; must be a divisor of the channels [4, 6]");
  EXPECT_EQ(message_of<ValueError>([] { nn::BatchNormConfig{.num_features = 2, .momentum = 2}.init<Cpu>(); }),
            "BatchNormConfig: momentum is 2; must be in [0, 1]");
}

TEST(Config, RefusesTextsThatAreNoJsonAndNumbersThatJsonHasNot) {
  EXPECT_THROW(PerceptronConfig::from_json("{"), FormatError);
  EXPECT_EQ(message_of<FormatError>([] { PerceptronConfig::from_json("[1]"); }),
            "PerceptronConfig: in the text, there is no object, but [1]");
  EXPECT_THROW(PerceptronConfig{.dropout = std::numeric_limits<double>::infinity()}.to_json(), ValueError);
}

TEST(Config, IsSavedToAFile) {
  const std::string path = testing::TempDir() + "fornax_config.json";
  PerceptronConfig{.hidden = 77}.save(path);
  EXPECT_EQ(PerceptronConfig::load(path).hidden, 77);
  std::remove(path.c_str());
  EXPECT_THROW(PerceptronConfig::load(path), IoError);
}

}  // namespace
}  // namespace fornax::test
