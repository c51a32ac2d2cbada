// The settings of operations as text.

#include <set>
#include <string>

#include <gtest/gtest.h>

#include <fornax/ops/describe.hpp>
#include <support/samples.hpp>

namespace fornax::test {
namespace {

TEST(Describe, SaysEverySetting) {
  EXPECT_EQ(settings_text(op::Unary{UnaryFn::Exp}), "");
  EXPECT_EQ(settings_text(op::Softmax{1, false}), "dim=1");
  EXPECT_EQ(settings_text(op::WithScalar{ScalarFn::Add, 2.5}), "scalar=2.5");
  EXPECT_EQ(settings_text(op::WithScalar{ScalarFn::Add, 3}), "scalar=3");
  EXPECT_EQ(settings_text(op::Clamp{0.0, 1.0, true, false}), "low=0");
  EXPECT_EQ(settings_text(op::Cast{DType::BF16}), "dtype=bf16");
  EXPECT_EQ(settings_text(op::Reshape{Shape{2, 3}}), "shape=[2, 3]");
  EXPECT_EQ(settings_text(op::Permute{{2, 0, 1}}), "dims=[2, 0, 1]");
  EXPECT_EQ(settings_text(op::Permute{{0, 1}}), "dims=[0, 1]");
  EXPECT_EQ(settings_text(op::Permute{{1, 0}}), "dims=[1, 0]");
  EXPECT_EQ(settings_text(op::Slice{Ref(new Box<SliceDims>(SliceDims{{SliceDim{0, 2, 1}, SliceDim{4, 3, -2}}}))}),
            "at=[0:+2, 4:+3*-2]");
  EXPECT_EQ(settings_text(op::Scatter{1, Update::Add}), "dim=1, update=add");
  EXPECT_EQ(settings_text(op::Reduce{ReduceFn::Sum, DimSet::all(2)}), "dims=[0, 1]");
  EXPECT_EQ(settings_text(op::MatMul{true, false}), "transpose_lhs=true, transpose_rhs=false");
  EXPECT_EQ(settings_text(op::Conv({.dims = 2, .stride = {2, 1}, .before = {1, 0}, .after = {0, 1}})),
            "stride=[2, 1], before=[1, 0], after=[0, 1], dilation=[1, 1], groups=1");
  EXPECT_EQ(settings_text(op::ArgSort{0, true, 5}), "dim=0, descending=true, count=5");
}

// Operations of one name that do different things read differently.
TEST(Describe, SamplesOfOneNameAndOtherSettingsDiffer) {
  std::set<std::string> texts;
  for (const Case& c : all_cases()) texts.insert(std::string(name(c.op)) + " " + settings_text(c.op));
  EXPECT_GT(texts.size(), 150u);
  EXPECT_TRUE(texts.contains("cumsum dim=0, reverse=true") || texts.contains("cumsum dim=1, reverse=true"));
}

}  // namespace
}  // namespace fornax::test
