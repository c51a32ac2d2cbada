// Arrangements: values by hand, gradients by differences.

#include <functional/check.hpp>

namespace fornax::test {
namespace {

using namespace functional;

Array counted(const Shape& shape) {
  return reshape(arange(Cpu::interpreter(), 0.0, static_cast<double>(shape.numel()), 1.0, DType::F64, Device::cpu()),
                 shape);
}

TEST(Layout, MovesDims) {
  const std::int64_t from[] = {0, -1}, to[] = {1, 0}, same[] = {0, 0}, one[] = {0};
  EXPECT_EQ(movedim(counted(Shape{2, 3, 4}), from, to).shape(), (Shape{4, 2, 3}));
  EXPECT_THROW(movedim(counted(Shape{2, 3}), same, from), ValueError);
  EXPECT_THROW(movedim(counted(Shape{2, 3}), from, same), ValueError);
  EXPECT_THROW(movedim(counted(Shape{2, 3}), from, one), ValueError);
  EXPECT_EQ(functional::squeeze(counted(Shape{1, 2, 1})).shape(), Shape{2});
}

TEST(Layout, StacksAndSplits) {
  const Array parts[] = {floats({1, 2}), floats({3, 4})};
  EXPECT_EQ(numbers(stack(parts, -1)), (Numbers{1, 3, 2, 4}));
  const Array uneven[] = {floats({1, 2}), floats({3})};
  EXPECT_THROW(stack(uneven), ShapeError);
  EXPECT_THROW(stack({}), ValueError);
  EXPECT_THROW(stack(parts, 2), IndexError);
  const std::int64_t sizes[] = {1, 0, 2}, negative[] = {4, -1}, huge[] = {INT64_MAX, INT64_MAX, 5};
  const std::vector<Array> three = functional::split(floats({1, 2, 3}), sizes);
  EXPECT_EQ(numbers(three[2]), (Numbers{2, 3}));
  EXPECT_EQ(three[1].numel(), 0);
  EXPECT_THROW(functional::split(floats({1, 2, 3}), negative), ShapeError);
  EXPECT_THROW(functional::split(floats({1, 2, 3}), huge), ShapeError);
  EXPECT_EQ(chunk(floats({1, 2, 3, 4, 5}), 3).size(), 3u);
  EXPECT_EQ(chunk(floats({}), 3).size(), 3u);
  EXPECT_THROW(chunk(floats({1}), 0), ValueError);
}

TEST(Layout, Repeats) {
  const std::int64_t counts[] = {2, 2}, one[] = {1}, negative[] = {-1}, times[] = {0, 2}, huge[] = {INT64_MAX, 9};
  EXPECT_EQ(numbers(tile(floats({1, 2}), counts)), (Numbers{1, 2, 1, 2, 1, 2, 1, 2}));
  EXPECT_THROW(tile(counted(Shape{2, 2}), one), ShapeError);
  EXPECT_THROW(tile(floats({1}), negative), ValueError);
  EXPECT_EQ(numbers(repeat_interleave(floats({1, 2}), 2)), (Numbers{1, 1, 2, 2}));
  EXPECT_EQ(numbers(repeat_interleave(floats({1, 2}), times)), (Numbers{2, 2}));
  EXPECT_EQ(numbers(repeat_interleave(counted(Shape{1, 1, 1, 1, 1, 1, 1, 2}), 2, -1)), (Numbers{0, 0, 1, 1}));
  EXPECT_THROW(repeat_interleave(floats({1}), -1), ValueError);
  EXPECT_THROW(repeat_interleave(floats({1}), INT64_MAX), ShapeError);
  EXPECT_THROW(repeat_interleave(floats({1}), times), ShapeError);
  EXPECT_THROW(repeat_interleave(floats({1, 2}), huge), ShapeError);
}

TEST(Layout, RollsAndTurns) {
  const std::int64_t one[] = {1}, both[] = {0, 1}, dims[] = {0};
  EXPECT_EQ(numbers(roll(counted(Shape{2, 2}), one)), (Numbers{3, 0, 1, 2}));
  EXPECT_EQ(numbers(roll(counted(Shape{2, 2}), both, both)), (Numbers{1, 0, 3, 2}));
  EXPECT_THROW(roll(counted(Shape{2, 2}), both, dims), ValueError);
  EXPECT_EQ(numbers(rot90(counted(Shape{2, 2}))), (Numbers{1, 3, 0, 2}));
  EXPECT_EQ(numbers(rot90(counted(Shape{2, 2}), -1)), (Numbers{2, 0, 3, 1}));
  EXPECT_EQ(numbers(rot90(counted(Shape{2, 2}), 2)), (Numbers{3, 2, 1, 0}));
  EXPECT_THROW(rot90(counted(Shape{2, 2}), 1, 1, -1), ValueError);
  EXPECT_THROW(rot90(floats({1})), ShapeError);
}

TEST(Layout, ReadsAndWritesDiagonals) {
  const Array x = counted(Shape{2, 3});
  EXPECT_EQ(numbers(diagonal(x)), (Numbers{0, 4}));
  EXPECT_EQ(numbers(diagonal(x, 1)), (Numbers{1, 5}));
  EXPECT_EQ(numbers(diagonal(x, -1)), (Numbers{3}));
  EXPECT_EQ(diagonal(x, 3).shape(), Shape{0});
  EXPECT_EQ(diagonal(counted(Shape{2, 3, 4}), 0, 0, 2).shape(), (Shape{3, 2}));
  EXPECT_EQ(numbers(diag_embed(floats({1, 2}), -1)), (Numbers{0, 0, 0, 1, 0, 0, 0, 2, 0}));
  EXPECT_EQ(diag_embed(floats({})).shape(), (Shape{0, 0}));
  EXPECT_EQ(diagonal(x, INT64_MIN).shape(), Shape{0});
  EXPECT_THROW(diagonal(x, 0, 1, 1), ValueError);
  EXPECT_THROW(diagonal(floats({1})), ShapeError);
  EXPECT_THROW(diag_embed(floats({1}), INT64_MAX), ValueError);
  EXPECT_THROW(diag_embed(floats({1}), std::int64_t{1} << 40), ShapeError);
  EXPECT_THROW(tril(floats({1})), ShapeError);
  EXPECT_EQ(numbers(triu(counted(Shape{2, 2}), 1)), (Numbers{0, 1, 0, 0}));
}

TEST(Layout, SpansGrids) {
  const Array vectors[] = {floats({1, 2}), floats({3, 4, 5})};
  EXPECT_EQ(numbers(meshgrid(vectors)[0]), (Numbers{1, 1, 1, 2, 2, 2}));
  EXPECT_EQ(numbers(meshgrid(vectors, Indexing::Plot)[0]), (Numbers{1, 2, 1, 2, 1, 2}));
  const Array matrix[] = {counted(Shape{2, 2})};
  EXPECT_THROW(meshgrid(matrix), ShapeError);
}

TEST(Layout, ReadsWindows) {
  EXPECT_EQ(numbers(unfold_dim(floats({1, 2, 3, 4, 5}), 0, 3, 2)), (Numbers{1, 2, 3, 3, 4, 5}));
  EXPECT_EQ(unfold_dim(counted(Shape{5, 2}), 0, 2).shape(), (Shape{4, 2, 2}));
  EXPECT_EQ(unfold_dim(floats({1, 2}), 0, 2, INT64_MAX).shape(), (Shape{1, 2}));
  EXPECT_EQ(unfold_dim(floats({1, 2}), 0, 0).shape(), (Shape{3, 0}));
  EXPECT_THROW(unfold_dim(floats({1, 2}), 0, 3), ValueError);
  EXPECT_THROW(unfold_dim(floats({1, 2}), 0, 1, 0), ValueError);
  EXPECT_THROW(unfold_dim(floats({1, 2}), 1, 1), IndexError);
}

// torch 1.13: F.pad of [1, 2, 3] by (2, 1) in each mode.
TEST(Pad, AddsInEveryMode) {
  const Array x = floats({1, 2, 3});
  const PadWidth widths[] = {{2, 1}};
  EXPECT_EQ(numbers(pad(x, widths)), (Numbers{0, 0, 1, 2, 3, 0}));
  EXPECT_EQ(numbers(pad(x, widths, {.value = -1})), (Numbers{-1, -1, 1, 2, 3, -1}));
  EXPECT_EQ(numbers(pad(x, widths, {.mode = PadMode::Reflect})), (Numbers{3, 2, 1, 2, 3, 2}));
  EXPECT_EQ(numbers(pad(x, widths, {.mode = PadMode::Replicate})), (Numbers{1, 1, 1, 2, 3, 3}));
  EXPECT_EQ(numbers(pad(x, widths, {.mode = PadMode::Circular})), (Numbers{2, 3, 1, 2, 3, 1}));
}

TEST(Pad, CutsOff) {
  const Array x = floats({1, 2, 3, 4});
  const PadWidth widths[] = {{-1, 2}}, all[] = {{-2, -2}}, across[] = {{-5, 3}};
  EXPECT_EQ(numbers(pad(x, widths)), (Numbers{2, 3, 4, 0, 0}));
  EXPECT_EQ(numbers(pad(x, widths, {.mode = PadMode::Reflect})), (Numbers{2, 3, 4, 3, 2}));
  EXPECT_EQ(numbers(pad(x, widths, {.mode = PadMode::Circular})), (Numbers{2, 3, 4, 2, 3}));
  EXPECT_EQ(pad(x, all).shape(), Shape{0});
  EXPECT_EQ(numbers(pad(x, across, {.mode = PadMode::Reflect})), (Numbers{2, 1}));
}

TEST(Pad, FillsEveryKindAndEmptyDims) {
  const PadWidth widths[] = {{1, 0}};
  EXPECT_EQ(integers(pad(ints({5}), widths, {.value = 7})), (Integers{7, 5}));
  EXPECT_EQ(integers(pad(bools({1}), widths)), (Integers{0, 1}));
  EXPECT_EQ(numbers(pad(floats({}), widths)), (Numbers{0}));
  EXPECT_THROW(pad(ints({5}), widths, {.value = 0.5}), DTypeError);
}

TEST(Pad, TellsWhatIsWrong) {
  const Array x = floats({1, 2, 3});
  const PadWidth two[] = {{1, 1}, {1, 1}}, three[] = {{3, 0}}, four[] = {{0, 4}}, cut[] = {{-2, -2}};
  const PadWidth huge[] = {{std::int64_t{1} << 61, 0}}, large[] = {{std::int64_t{1} << 59, 0}};
  EXPECT_EQ(message_of<ShapeError>([&] { pad(x, two); }), "pad: 2 widths for a tensor of shape [3]");
  EXPECT_EQ(message_of<ShapeError>([&] { pad(x, three, {.mode = PadMode::Reflect}); }),
            "pad: 3 before and 0 after dim 0 of [3]: beyond what the mode can reach");
  EXPECT_THROW(pad(x, four, {.mode = PadMode::Circular}), ShapeError);
  EXPECT_THROW(pad(floats({}), three, {.mode = PadMode::Replicate}), ShapeError);
  EXPECT_THROW(pad(x, cut), ShapeError);
  EXPECT_THROW(pad(x, huge), ShapeError);
  EXPECT_THROW(pad(x, large), ShapeError);
  EXPECT_THROW(pad(Array(), three), ValueError);
}

TEST(Layout, HasEveryDerivative) {
  const TensorData x = real({0.5, -1, 2, 0.25, 3, -2}, Shape{2, 3});
  for (const PadMode mode : {PadMode::Constant, PadMode::Reflect, PadMode::Replicate, PadMode::Circular}) {
    const auto f = [mode](const Inputs& in) {
      const PadWidth widths[] = {{1, 0}, {2, -1}};
      return pad(in[0] * in[0], widths, {.mode = mode});
    };
    expect_derivatives(f, {x});
  }
  expect_derivatives([](const Inputs& in) { return diagonal(in[0] * in[0], 1); }, {x});
  expect_derivatives([](const Inputs& in) { return diag_embed(in[0] * in[0], 1); }, {x});
  expect_derivatives([](const Inputs& in) { return unfold_dim(in[0] * in[0], 1, 2); }, {x});
  expect_derivatives([](const Inputs& in) { return repeat_interleave(in[0] * in[0], 2, 1); }, {x});
  expect_derivatives([](const Inputs& in) { return rot90(tril(in[0] * in[0])); }, {x});
}

}  // namespace
}  // namespace fornax::test
