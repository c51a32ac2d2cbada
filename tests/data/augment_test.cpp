#include <fornax/data/augment.hpp>

#include <array>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using namespace fornax::data;
using U8 = std::uint8_t;

// [1, 2, 3]: 1 2 3 over 4 5 6.
TensorData small() { return TensorData(std::vector<U8>{1, 2, 3, 4, 5, 6}, Shape{1, 2, 3}); }
TensorData levels(const std::vector<U8>& values, const Shape& shape) { return TensorData(values, shape); }

TEST(Augment, FlipsMirror) {
  EXPECT_EQ(flip_horizontal(small()), levels({3, 2, 1, 6, 5, 4}, Shape{1, 2, 3}));
  EXPECT_EQ(flip_vertical(small()), levels({4, 5, 6, 1, 2, 3}, Shape{1, 2, 3}));
  const TensorData channels(std::vector<float>{1, 2, 3, 4}, Shape{2, 1, 2});
  EXPECT_EQ(flip_horizontal(channels), TensorData(std::vector<float>{2, 1, 4, 3}, Shape{2, 1, 2}));
  EXPECT_EQ(message_of<ShapeError>([] { flip_vertical(TensorData({1.0F})); }),
            "flip_vertical: the picture has shape [1]; [C, H, W] is needed");
}

TEST(Augment, ARandomFlipHappensAsOftenAsItShould) {
  Random random(3);
  int flipped = 0;
  for (int i = 0; i < 1000; ++i) flipped += random_flip(small(), random, 0.3) == small() ? 0 : 1;
  EXPECT_NEAR(flipped, 300, 73);  // five standard deviations: sqrt(1000 * 0.3 * 0.7) = 14.5
  EXPECT_EQ(random_flip(small(), random, 0), small());
  EXPECT_EQ(random_flip(small(), random, 1), flip_horizontal(small()));
}

TEST(Augment, CropsMayReachBeyondThePicture) {
  EXPECT_EQ(crop(small(), 0, 1, 2, 2), levels({2, 3, 5, 6}, Shape{1, 2, 2}));
  EXPECT_EQ(crop(small(), -1, 2, 2, 2, 9), levels({9, 9, 3, 9}, Shape{1, 2, 2}));
  EXPECT_EQ(center_crop(small(), 1, 1), levels({2}, Shape{1, 1, 1}));
  EXPECT_EQ(center_crop(small(), 2, 5), levels({0, 1, 2, 3, 0, 0, 4, 5, 6, 0}, Shape{1, 2, 5}));
  EXPECT_THROW(crop(small(), 0, 0, 0, 1), ShapeError);
}

TEST(Augment, RandomCropsReachEveryPlace) {
  Random random(1);
  std::set<std::vector<U8>> seen;
  for (int i = 0; i < 300; ++i) seen.insert(random_crop(small(), random, 2, 2, 1).to_vector<U8>());
  EXPECT_EQ(seen.size(), 12U) << "3 rows and 4 columns to begin at";
  EXPECT_EQ(random_crop(small(), random, 2, 3), small());
  EXPECT_EQ(message_of<ShapeError>([&] { random_crop(small(), random, 3, 3); }), "random_crop: 3 x 3 pixels of 2 x 3");
}

TEST(Augment, ResizeIsBilinear) {
  EXPECT_EQ(resize(small(), 2, 3), small());
  // Half the height: the means of the rows, 2.5 3.5 4.5, which round to even.
  EXPECT_EQ(resize(small(), 1, 3), levels({2, 4, 4}, Shape{1, 1, 3}));
  // Twice the width of 0 4: new centres lie at -1/4, 1/4, 3/4 and 5/4.
  EXPECT_EQ(resize(TensorData(std::vector<float>{0, 4}, Shape{1, 1, 2}), 1, 4),
            TensorData(std::vector<float>{0, 1, 3, 4}, Shape{1, 1, 4}));
}

TEST(Augment, NormaliseMakesFloats) {
  const TensorData picture(std::vector<U8>{0, 255, 51, 102}, Shape{2, 1, 2});
  EXPECT_EQ(to_float(picture).dtype(), DType::F32);
  normalise(picture, std::array{0.5}, std::array{0.5})
      .assert_approx_eq(TensorData(std::vector<float>{-1, 1, -0.6F, -0.2F}, Shape{2, 1, 2}), 1e-6);
  normalise(picture, std::array{0.0, 0.2}, std::array{1.0, 0.1})
      .assert_approx_eq(TensorData(std::vector<float>{0, 1, 0, 2}, Shape{2, 1, 2}), 1e-6, 1e-6);
  EXPECT_EQ(message_of<ShapeError>([&] {
              normalise(picture, std::array{0.0, 0.0, 0.0}, std::array{1.0});
            }),
            "normalise: 3 means and 1 deviations for 2 channels");
  EXPECT_THROW(normalise(picture, std::array{0.0}, std::array{0.0}), ValueError);
}

}  // namespace
}  // namespace fornax::test
