// Sizes are checked where they are made.
#include <gtest/gtest.h>

#include <fornax/array/error.hpp>
#include <fornax/array/shape.hpp>

namespace fornax {
namespace {

std::string message_of(auto&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Shape, OfRankZeroHasOneElement) {
  EXPECT_EQ(Shape{}.rank(), 0);
  EXPECT_EQ(Shape{}.numel(), 1);
}

TEST(Shape, WithASizeOfZeroHasNoElements) { EXPECT_EQ((Shape{3, 0, 5}).numel(), 0); }

TEST(Shape, RefusesNegativeSizes) {
  EXPECT_THROW((Shape{2, -1}), ShapeError);
  EXPECT_EQ(message_of([] { Shape{2, -1}; }), "shape: negative size: [2, -1]");
}

TEST(Shape, RefusesAProductBeyond64Bits) {
  const std::int64_t big = std::int64_t{1} << 40;
  EXPECT_THROW((Shape{big, big}), ShapeError);
  EXPECT_THROW((Shape{big, big, 0}), ShapeError) << "strides would overflow, though there is no element";
  EXPECT_THROW((Shape{std::int64_t{1} << 60}), ShapeError);
}

TEST(Shape, RefusesMoreThanEightDims) { EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), ShapeError); }

TEST(Shape, InsertsAndRemovesDims) {
  const Shape s{2, 3};
  EXPECT_EQ(s.inserted(1, 7), (Shape{2, 7, 3}));
  EXPECT_EQ(s.without(0), (Shape{3}));
  EXPECT_EQ(s.with(1, 9), (Shape{2, 9}));
}

TEST(BroadcastShape, AlignsRanksAtTheLastDim) {
  EXPECT_EQ(broadcast_shape("add", Shape{4, 1, 3}, Shape{5, 1}), (Shape{4, 5, 3}));
  EXPECT_EQ(broadcast_shape("add", Shape{1}, Shape{0}), (Shape{0}));
}

TEST(BroadcastShape, SaysWhichDimDiffers) {
  EXPECT_EQ(message_of([] {
              broadcast_shape("add", Shape{8, 3}, Shape{8, 5});
            }),
            "add: dim 1 differs: lhs [8, 3], rhs [8, 5]; sizes must be equal or 1");
}

TEST(CheckedDim, CountsNegativeDimsFromTheBack) {
  EXPECT_EQ(checked_dim("sum", -1, 3), 2);
  EXPECT_THROW(checked_dim("sum", 3, 3), IndexError);
  EXPECT_THROW(checked_dim("sum", -4, 3), IndexError);
}

}  // namespace
}  // namespace fornax
