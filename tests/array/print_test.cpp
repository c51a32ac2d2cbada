// How host data look as text. The layout is that of PyTorch: one format for all elements, columns that line up.

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/array/tensor_data.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::string text(const TensorData& data) {
  std::ostringstream out;
  out << data;
  return out.str();
}

TEST(Printing, NestsListsByRank) {
  EXPECT_EQ(text(TensorData(std::vector<float>{3}, Shape{})), "3.");
  EXPECT_EQ(text(TensorData({1.0F, 2.5F, -3.0F})), "[ 1.0000,  2.5000, -3.0000]");
  EXPECT_EQ(text(TensorData({{1.0F, 2.0F}, {3.0F, -40.0F}})), "[[  1.,   2.],\n [  3., -40.]]");
  EXPECT_EQ(text(TensorData({{{1.0F, 2.0F}}, {{3.0F, 4.0F}}})), "[[[1., 2.]],\n\n [[3., 4.]]]");
}

TEST(Printing, OfNoElements) {
  EXPECT_EQ(text(TensorData(Shape{0}, DType::I8)), "[]");
  EXPECT_EQ(text(TensorData(Shape{0, 3}, DType::F32)), "[]");
  EXPECT_EQ(text(TensorData(Shape{2, 0}, DType::F32)), "[[],\n []]");
  EXPECT_LT(text(TensorData(Shape{1'000'000, 0}, DType::F32)).size(), 100u) << "a million empty rows are not all shown";
}

TEST(Printing, OfFloatsChoosesOneFormatForAll) {
  EXPECT_EQ(text(TensorData({1e-6F, 1.0F})), "[1.0000e-06, 1.0000e+00]");
  EXPECT_EQ(text(TensorData({1e10F, 1.0F})), "[1.0000e+10, 1.0000e+00]");
  EXPECT_EQ(text(TensorData({999999.5F, 1.0F})), "[999999.5000,      1.0000]");
  EXPECT_EQ(text(TensorData({-0.0F, 0.0F})), "[-0.,  0.]");
  EXPECT_EQ(text(TensorData({0.123456F, 2.0F}).convert(DType::F16)), "[0.1235, 2.0000]");
}

TEST(Printing, OfNanAndInfinity) {
  EXPECT_EQ(text(TensorData({NAN, kInf, -kInf, 1.0F})), "[ nan,  inf, -inf,   1.]");
  EXPECT_EQ(text(TensorData({NAN, 1.5F})), "[   nan, 1.5000]");
}

TEST(Printing, OfIntegersAndTruths) {
  EXPECT_EQ(text(TensorData({true, false})), "[ true, false]");
  EXPECT_EQ(text(TensorData(std::vector<std::int64_t>{1, std::numeric_limits<std::int64_t>::min()})),
            "[                   1, -9223372036854775808]");
  EXPECT_EQ(text(TensorData(std::vector<std::uint8_t>{1, 200})), "[  1, 200]");
  EXPECT_EQ(text(TensorData(std::vector<std::int64_t>{9007199254740993})), "[9007199254740993]")
      << "2^53 + 1, beyond double";
}

TEST(Printing, AbbreviatesEachDimBeyondAThousandElements) {
  EXPECT_EQ(text(TensorData(Shape{2000}, DType::F32)), "[0., 0., 0., ..., 0., 0., 0.]");
  const std::string row = "[0., 0., 0., ..., 0., 0., 0.]";
  EXPECT_EQ(text(TensorData(Shape{40, 40}, DType::F32)),
            "[" + row + ",\n " + row + ",\n " + row + ",\n ...,\n " + row + ",\n " + row + ",\n " + row + "]");
  const std::string line = "[0, 0, 0, ..., 0, 0, 0]";
  const std::string block =
      "[" + line + ",\n  " + line + ",\n  " + line + ",\n  ...,\n  " + line + ",\n  " + line + ",\n  " + line + "]";
  EXPECT_EQ(text(TensorData(Shape{2, 30, 30}, DType::I32)), "[" + block + ",\n\n " + block + "]")
      << "a dim of 2 is shown whole";
  std::vector<float> values(1000, 1);
  EXPECT_EQ(text(TensorData(values)).find("..."), std::string::npos) << "a thousand are shown";
}

TEST(Printing, MeasuresOnlyWhatItShows) {
  std::vector<float> values(5000, 1);
  values[2500] = 1e30F;
  EXPECT_EQ(text(TensorData(values)), "[1., 1., 1., ..., 1., 1., 1.]");
}

TEST(Printing, FollowsItsOptions) {
  EXPECT_EQ(TensorData({1.23456F, 2.0F}).str({.precision = 2}), "[1.23, 2.00]");
  EXPECT_EQ(TensorData(Shape{10}, DType::F32).str({.threshold = 5, .edge_items = 2}), "[0., 0., ..., 0., 0.]");
  EXPECT_EQ(TensorData(Shape{10}, DType::F32).str({.threshold = 5, .edge_items = 0}), "[...]");
  EXPECT_EQ(TensorData(Shape{10}, DType::F32).str({.threshold = 10, .edge_items = 1}).size(),
            std::string("[0., 0., 0., 0., 0., 0., 0., 0., 0., 0.]").size());
}

// --- The rest of what host data do ------------------------------------------------------------------------------------

TEST(TensorData, SaysWhatIsRaggedMissingOrDifferent) {
  EXPECT_EQ(message_of<ShapeError>([] {
              TensorData({{1.0, 2.0}, {3.0}});
            }),
            "TensorData: nested lists are ragged: the first row has shape [2], another has [1]");
  EXPECT_EQ(message_of<ShapeError>([] {
              TensorData({{{1.0}, {2.0}}, {{3.0}}});
            }),
            "TensorData: nested lists are ragged: the first row has shape [2, 1], another has [1, 1]");
  EXPECT_EQ(message_of<ShapeError>([] {
              TensorData(std::vector<float>{1, 2, 3}, Shape{2, 2});
            }),
            "TensorData: 3 values for shape [2, 2], which needs 4");
  EXPECT_EQ(message_of<DTypeError>([] { TensorData({1.0F}).values<double>(); }),
            "TensorData: the elements are f32, not f64; convert() or to_vector() changes the type");
  EXPECT_EQ(message_of<IndexError>([] { static_cast<void>(TensorData({1.0F})[1]); }), "TensorData: element 1 of 1");
  EXPECT_EQ(message_of<ShapeError>([] { TensorData({1.0F}).reshape(Shape{2}); }),
            "reshape: [1] has 1 elements, [2] needs 2");
  EXPECT_EQ(message_of<ValueError>([] {
              TensorData({1.0, 2.0}).assert_approx_eq(TensorData({1.0, 2.5}));
            }),
            "assert_approx_eq: 1 of 2 elements differ; element 1 is 2, expected 2.5; largest difference 0.5");
  EXPECT_EQ(message_of<ValueError>([] { TensorData({1.0}).assert_approx_eq(TensorData({{1.0}})); }),
            "assert_approx_eq: shapes differ: [1] and [1, 1]");
}

TEST(TensorData, IsMadeOfSpansVectorsAndShapes) {
  const float raw[] = {1, 2, 3, 4};
  EXPECT_EQ(TensorData(std::span<const float>(raw), Shape{2, 2}), TensorData({{1.0F, 2.0F}, {3.0F, 4.0F}}));
  EXPECT_EQ(TensorData(std::vector<std::int64_t>{1, 2}).shape(), (Shape{2}));
  EXPECT_EQ(TensorData(Shape{2}, DType::I16), TensorData(std::vector<std::int16_t>{0, 0}));
  EXPECT_EQ(TensorData().numel(), 0);
  EXPECT_EQ(TensorData(std::vector<long long>{5}).dtype(), DType::I64);
  EXPECT_EQ(TensorData({{{{1.0F}}}}).shape(), (Shape{1, 1, 1, 1}));
  EXPECT_EQ(TensorData({1.0F, 2.0F}).reshape(Shape{2, 1}), TensorData({{1.0F}, {2.0F}}));
}

TEST(TensorData, ComparesWithTolerancesThatAreRelativeToTheExpected) {
  const TensorData a({100.0, 1e-9}), b({101.0, 0.0});
  EXPECT_TRUE(a.approx_eq(b, 0.01, 1e-8));
  EXPECT_FALSE(a.approx_eq(b, 0.0099, 1e-8)) << "1 is more than 0.0099 * 101";
  EXPECT_FALSE(a.approx_eq(b, 0.01, 1e-10));
  EXPECT_TRUE(TensorData({1.0F}).approx_eq(TensorData({1.0}))) << "dtypes may differ";
  EXPECT_FALSE(TensorData({1.0}).approx_eq(TensorData({1.0, 1.0}))) << "shapes may not";
  EXPECT_FALSE(TensorData({double{kInf}}).approx_eq(TensorData({-double{kInf}})));
}

}  // namespace
}  // namespace fornax::test
