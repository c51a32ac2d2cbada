#include <fornax/io/state_dict.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using namespace fornax::io;
using Rules = std::vector<Rename>;
using Names = std::vector<std::string>;

Array zeros(const Shape& shape, DType dtype = DType::F32) { return to_array(TensorData(shape, dtype)); }

Names names_of(const NamedArrays& arrays) {
  Names names;
  for (const auto& [name, array] : arrays) names.push_back(name);
  return names;
}

// --- Names ------------------------------------------------------------------------------------------------------------

TEST(Rename, AStarStaysWithinOneLevelAndTwoStarsDoNot) {
  EXPECT_EQ(rename("encoder.3.gamma", Rules{{"encoder.*.gamma", "blocks.*.weight"}}), "blocks.3.weight");
  EXPECT_EQ(rename("encoder.3.norm.gamma", Rules{{"encoder.*.gamma", "blocks.*.weight"}}), "encoder.3.norm.gamma");
  EXPECT_EQ(rename("encoder.3.norm.gamma", Rules{{"encoder.**.gamma", "blocks.**.weight"}}), "blocks.3.norm.weight");
  EXPECT_EQ(rename("a.1.b.2.c", Rules{{"a.*.b.*.**", "**.*-*"}}), "c.1-2") << "each kind of sign in its order";
  EXPECT_EQ(rename("x", Rules{{"**", "model.**"}}), "model.x");
  EXPECT_EQ(rename("", Rules{{"*", "empty*"}}), "empty");
  EXPECT_EQ(rename("a", Rules{{"b", "c"}}), "a");
}

TEST(Rename, RulesApplyOneAfterTheOther) {
  const Rules rules{rename_prefix("module.", ""), rename_suffix(".gamma", ".weight"), {"fc.weight", "head.weight"}};
  EXPECT_EQ(rename("module.fc.gamma", rules), "head.weight");
  EXPECT_EQ(rename("other.module.x", rules), "other.module.x");
}

TEST(Rename, TakesTimeThatGrowsWithTheLengthsOnly) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "**a";
  EXPECT_EQ(rename(std::string(2000, 'a') + "b", Rules{{pattern, "x"}}), std::string(2000, 'a') + "b");
}

TEST(Rename, RefusesReplacementsWithoutCounterpartAndNamesThatMeet) {
  EXPECT_EQ(message_of<ValueError>([] {
              rename("ab", Rules{{"a*", "**"}});
            }),
            "rename: the replacement \"**\" has more * or ** than the pattern \"a*\"");
  const NamedArrays arrays{{"a.x", zeros({1})}, {"b.x", zeros({1})}};
  EXPECT_EQ(message_of<ValueError>([&] {
              rename(arrays, {{"*.x", "x"}, {"x", "y"}});
            }),
            "rename: \"a.x\" and \"b.x\" both become \"y\"");
}

TEST(Rename, FilterKeepsWhatFitsAnyPattern) {
  const NamedArrays arrays{{"a.w", zeros({1})}, {"a.b", zeros({1})}, {"c.d.w", zeros({1})}};
  EXPECT_EQ(names_of(filter(arrays, {"*.w"})), Names{"a.w"});
  EXPECT_EQ(names_of(filter(arrays, {"**.w", "a.b"})), (Names{"a.b", "a.w", "c.d.w"}));
}

// --- PyTorch ----------------------------------------------------------------------------------------------------------

TEST(FromTorch, TransposesLinearWeightsAndDropsCounters) {
  const NamedArrays state{{"fc.weight", to_array(TensorData({{1.0F, 2.0F, 3.0F}, {4.0F, 5.0F, 6.0F}}))},
                          {"fc.bias", zeros({2})},
                          {"conv.weight", zeros({8, 3, 5, 5})},
                          {"bn.weight", zeros({8})},
                          {"bn.num_batches_tracked", zeros({}, DType::I64)}};
  const NamedArrays ours = from_torch(state, {.transposed = {"fc.weight"}, .names = {{"bn.weight", "bn.gamma"}}});
  EXPECT_EQ(names_of(ours), (Names{"bn.gamma", "conv.weight", "fc.bias", "fc.weight"}));
  EXPECT_EQ(ours.at("fc.weight").to_data(), TensorData({{1.0F, 4.0F}, {2.0F, 5.0F}, {3.0F, 6.0F}}));
  EXPECT_EQ(ours.at("conv.weight").shape(), (Shape{8, 3, 5, 5}));
  EXPECT_EQ(message_of<ShapeError>([&] { from_torch(state, {.transposed = {"**.weight"}}); }),
            "from_torch: \"bn.weight\" has shape [8]; a weight to be transposed is a matrix");
}

}  // namespace
}  // namespace fornax::test
