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

// --- Loading ----------------------------------------------------------------------------------------------------------

NamedArrays model() {
  return {{"a", zeros({2})}, {"b", zeros({2, 3})}, {"c", zeros({1}, DType::I64)}, {"d", zeros({4})}};
}

NamedArrays record() {
  return {
      {"a", to_array(TensorData({1.0, 2.0}))}, {"b", zeros({3, 2})}, {"c", zeros({1}, DType::F32)}, {"e", zeros({5})}};
}

TEST(LoadInto, ReplacesAndConvertsWhatFits) {
  NamedArrays target = model();
  const LoadReport report =
      load_into(target, record(), {.allow_missing = true, .allow_unexpected = true, .allow_mismatched = true});
  EXPECT_EQ(report.loaded, Names{"a"});
  EXPECT_EQ(report.missing, Names{"d"});
  EXPECT_EQ(report.unexpected, Names{"e"});
  ASSERT_EQ(report.mismatched.size(), 2U);
  EXPECT_EQ(report.mismatched[0].expected + " / " + report.mismatched[0].found, "f32 [2, 3] / f32 [3, 2]");
  EXPECT_EQ(report.mismatched[1].expected + " / " + report.mismatched[1].found, "i64 [1] / f32 [1]");
  EXPECT_FALSE(report.complete());
  EXPECT_EQ(target.at("a").to_data(), TensorData({1.0F, 2.0F})) << "f64 in the record, f32 in the model";
  EXPECT_EQ(target.at("b").shape(), (Shape{2, 3}));
}

TEST(LoadInto, ChangesNothingWhenItRefuses) {
  NamedArrays target = model();
  EXPECT_EQ(message_of<ValueError>([&] { load_into(target, record()); }),
            "load_into: the record does not fit the model; missing (1): d\n"
            "unexpected (1): e\n"
            "mismatched (2): b is f32 [3, 2] in the record, f32 [2, 3] in the model, "
            "c is f32 [1] in the record, i64 [1] in the model");
  EXPECT_EQ(target.at("a").to_data(), TensorData(Shape{2}, DType::F32));
  EXPECT_THROW(load_into(target, record(), {.allow_missing = true, .allow_unexpected = true}), ValueError);
}

TEST(LoadInto, WithoutCastADtypeIsAMismatch) {
  NamedArrays target{{"a", zeros({2})}};
  const NamedArrays wide{{"a", zeros({2}, DType::F64)}};
  EXPECT_THROW(load_into(target, wide, {.cast = false}), ValueError);
  EXPECT_TRUE(load_into(target, wide).complete());
  EXPECT_EQ(target.at("a").dtype(), DType::F32);
}

}  // namespace
}  // namespace fornax::test
