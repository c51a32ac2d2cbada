// Reading and writing at positions: what is not zero, tuples of positions, and updates that multiply and compare.

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/threads.hpp>
#include <fornax/decorators/batched/tag.hpp>
#include <fornax/ops/functions/indexing.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

TEST(Nonzero, GivesRowMajorPositionsAndTheirCoordinates) {
  const Array x = floats({0, 2, -0.0, kNan, 0, 5}, Shape{2, 3});
  EXPECT_EQ(integers(nonzero_positions(x)), (Integers{1, 3, 5}));
  EXPECT_EQ(integers(argwhere(x)), (Integers{0, 1, 1, 0, 1, 2}));
  EXPECT_EQ(argwhere(x).shape(), (Shape{3, 2}));
  const Arrays apart = nonzero(x);
  EXPECT_EQ(integers(apart[0]), (Integers{0, 1, 1}));
  EXPECT_EQ(integers(apart[1]), (Integers{1, 0, 2}));
}

TEST(Nonzero, OfNothingAndOfNoDims) {
  EXPECT_EQ(argwhere(bools({0, 0})).shape(), (Shape{0, 1}));
  EXPECT_EQ(argwhere(floats({}, Shape{2, 0})).shape(), (Shape{0, 2}));
  EXPECT_EQ(argwhere(floats({3}, Shape{})).shape(), (Shape{1, 0}));
  EXPECT_EQ(argwhere(floats({0}, Shape{})).shape(), (Shape{0, 0}));
  EXPECT_EQ(nonzero(floats({3}, Shape{})).size(), 0u);
  EXPECT_THROW(argwhere(Array()), ValueError);
  EXPECT_THROW(nonzero(Array()), ValueError);
}

TEST(MaskedSelect, BroadcastsAndSendsTheGradientBack) {
  const Array x = floats({1, 2, 3, 4}, Shape{2, 2});
  expect_same(numbers(masked_select(x, bools({0, 1}))), {2, 4});
  EXPECT_EQ(masked_select(x, bools({0, 0})).shape(), Shape{0});
  EXPECT_EQ(gradients(
                [](const auto& v) {
                  return masked_select(v[0], bools({0, 1}));
                },
                {x}, {7, 9})[0],
            (Numbers{0, 7, 0, 9}));
  EXPECT_THROW(masked_select(x, ints({0, 1})), DTypeError);
  EXPECT_THROW(masked_select(x, bools({0, 1, 1})), ShapeError);
  EXPECT_THROW(masked_select(x, Array()), ValueError);
}

TEST(Take, CountsNegativePositionsFromTheEnd) {
  const Array x = ints({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  EXPECT_EQ(integers(take(x, ints({0, -1, 4}, DType::I8))), (Integers{1, 6, 5}));
  const Array y = take(x, 1, ints({-1, 0, 1, 1}, Shape{2, 2}));
  EXPECT_EQ(y.shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(integers(y), (Integers{3, 1, 2, 2, 6, 4, 5, 5}));
  EXPECT_EQ(take(x, 0, ints({1}, Shape{})).shape(), Shape{3});
  EXPECT_EQ(message_of<IndexError>([&] { take(x, ints({6})); }),
            "take: index 6 at position 0 is out of range for dim 0 of size 6");
  EXPECT_EQ(message_of<IndexError>([&] {
              take(x, ints({0, -7}));
            }),
            "take: index -7 at position 1 is out of range for dim 0 of size 6");
  EXPECT_THROW(take(x, floats({1})), DTypeError);
  EXPECT_THROW(take(x, 2, ints({0})), IndexError);
}

TEST(OneHot, RefusesClassesOutsideItsRange) {
  EXPECT_EQ(integers(one_hot(ints({1, 0}), 3)), (Integers{0, 1, 0, 1, 0, 0}));
  EXPECT_EQ(one_hot(ints({}), 3).shape(), (Shape{0, 3}));
  EXPECT_THROW(one_hot(ints({3}), 3), IndexError);
  EXPECT_THROW(one_hot(ints({0}), 0), ValueError);
  EXPECT_THROW(one_hot(floats({0}), 3), DTypeError);
  EXPECT_EQ(message_of<IndexError>([] { one_hot(ints({0, -1}), 2); }), "one_hot: a class is outside [0, 2)");
}

TEST(OneHot, RunsUnderEveryDecorator) {
  Interpreter& batch = Batched<Cpu>::interpreter();
  const Array rows = batched::make(batch, ints({1, 0, 2, 2}, Shape{2, 2}), 0);
  const Array y = batched::unmake(batch, one_hot(rows, 3), 2, 0);
  EXPECT_EQ(y.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(integers(y), (Integers{0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1}));
  EXPECT_EQ(message_of<IndexError>([&] { one_hot(rows, 2); }), "one_hot: a class is outside [0, 2)");
  // Inside a differentiated function, and within vmap there.
  const Composition f = [](const Inputs& x) { return x[0] * cast(one_hot(ints({1, 0}), 2), DType::F64); };
  EXPECT_EQ(gradients(f, {floats({1, 2, 3, 4}, Shape{2, 2})})[0], (Numbers{0, 1, 1, 0}));
}

TEST(GatherNd, ReadsAtTuples) {
  const Array x = ints({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  EXPECT_EQ(integers(gather_nd(x, ints({0, 2, -1, 0}, Shape{2, 2}))), (Integers{3, 4}));
  EXPECT_EQ(integers(gather_nd(x, ints({1, 1, 0}, Shape{3, 1}))), (Integers{4, 5, 6, 4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(gather_nd(x, ints({}, Shape{4, 0})).shape(), (Shape{4, 2, 3}));
  // In range as a sum, but not for its dim.
  EXPECT_EQ(message_of<IndexError>([&] {
              gather_nd(x, ints({0, 3}, Shape{1, 2}));
            }),
            "gather_nd: index 3 at position 0 is out of range for dim 1 of size 3");
  EXPECT_THROW(gather_nd(x, ints({0, 0, 0}, Shape{1, 3})), ShapeError);
  EXPECT_THROW(gather_nd(x, ints({0}, Shape{})), ShapeError);
  EXPECT_THROW(gather_nd(x, floats({0}, Shape{1, 1})), DTypeError);
}

TEST(ScatterNd, HasFiveUpdates) {
  const Array x = ints({1, 2, 3, 4}, Shape{2, 2}), at = ints({0, 1, 1, 0, 0, 1}, Shape{3, 2}), v = ints({5, 1, 7});
  EXPECT_EQ(integers(scatter_nd(x, at, v, Update::Assign)), (Integers{1, 7, 1, 4}));
  EXPECT_EQ(integers(scatter_nd(x, at, v, Update::Add)), (Integers{1, 14, 4, 4}));
  EXPECT_EQ(integers(scatter_nd(x, at, v, Update::Mul)), (Integers{1, 70, 3, 4}));
  EXPECT_EQ(integers(scatter_nd(x, at, v, Update::Min)), (Integers{1, 2, 1, 4}));
  EXPECT_EQ(integers(scatter_nd(x, at, v, Update::Max)), (Integers{1, 7, 3, 4}));
  EXPECT_EQ(integers(scatter_nd(x, ints({1}, Shape{1, 1}), ints({9, 8}), Update::Assign)), (Integers{1, 2, 9, 8}));
  EXPECT_THROW(scatter_nd(x, at, ints({1, 2}), Update::Add), ShapeError);
  EXPECT_THROW(scatter_nd(x, at, floats({1, 2, 3}), Update::Add), DTypeError);
  EXPECT_THROW(scatter_nd(bools({1}), ints({0}, Shape{1, 1}), bools({1}), Update::Mul), DTypeError);
}

// y = x0 v0 v2, x1 v1: the derivatives written out, with zeros among them.
TEST(ScatterMul, HasExactGradientsWithZeros) {
  const Array index = ints({0, 1, 0});
  const Composition scattered = [&](const auto& v) { return scatter(v[0], 0, index, v[1], Update::Mul); };
  const Composition selected = [&](const auto& v) { return select_assign(v[0], 0, index, v[1], Update::Mul); };
  for (const Composition& f : {scattered, selected}) {
    expect_same(numbers(f({floats({2, 3}), floats({5, 7, 11})})), {110, 21});
    auto g = gradients(f, {floats({2, 3}), floats({0, 7, 11})}, {1, 10});
    EXPECT_EQ(g[0], (Numbers{0, 70}));
    EXPECT_EQ(g[1], (Numbers{22, 30, 0}));
    g = gradients(f, {floats({2, 3}), floats({0, 0, 0})}, {1, 10});
    EXPECT_EQ(g[0], (Numbers{0, 0}));
    EXPECT_EQ(g[1], (Numbers{0, 30, 0}));
    g = gradients(f, {floats({0, 0}), floats({5, 7, 11})}, {1, 10});
    EXPECT_EQ(g[0], (Numbers{55, 70}));
    EXPECT_EQ(g[1], (Numbers{0, 0, 0}));
  }
}

// A place's values are multiplied beside those of others: an infinity there must not reach them as 0 * inf.
TEST(ScatterMul, KeepsInfinitiesAndNanToTheirPlaces) {
  const auto g = gradients(
      [](const auto& v) {
        return scatter(v[0], 0, ints({0, 1, 0, 1, 2}), v[1], Update::Mul);
      },
      {floats({1, 1, 1}), floats({kInf, kNan, kInf, 3, 5})}, {1, 1, 1});
  EXPECT_EQ(g[1][0], kInf);
  EXPECT_EQ(g[1][1], 3);
  EXPECT_EQ(g[1][4], 1);
}

// y = x v0 v1 at v0 = v1 = 0: only the mixed second derivatives x (for v0, v1) are not 0.
TEST(ScatterMul, HasExactSecondDerivativesWithZeros) {
  Interpreter& outer = Autodiff<Autodiff<Cpu>>::interpreter();
  Interpreter& inner = *outer.inner();
  const Array lower = autodiff::require_grad(inner, floats({0, 0}));
  const Array leaf = autodiff::require_grad(outer, lower);
  const Array y = scatter(floats({3}), 0, ints({0, 0}), leaf, Update::Mul);
  const Array first = autodiff::backward(outer, y, Array()).find(leaf);
  expect_same(numbers(first), {0.0, 0.0});
  expect_same(numbers(autodiff::backward(inner, first, floats({1, 10})).find(lower)), {30, 3});
}

// As torch.scatter_reduce: a place shares its gradient among what equals its result, what was there included.
TEST(ScatterMax, SharesTheGradientAmongTies) {
  const Array index = ints({0, 0, 1, 0});
  const auto f = [&](Update u) -> Composition {
    return [&index, u](const auto& v) { return select_assign(v[0], 0, index, v[1], u); };
  };
  auto g = gradients(f(Update::Max), {floats({4, 9}), floats({4, 1, 9, 4})}, {6, 10});
  EXPECT_EQ(g[0], (Numbers{2, 5}));
  EXPECT_EQ(g[1], (Numbers{2, 0, 5, 2}));
  g = gradients(f(Update::Min), {floats({4, 9}), floats({4, 1, 9, 1})}, {6, 10});
  EXPECT_EQ(g[0], (Numbers{0, 5}));
  EXPECT_EQ(g[1], (Numbers{0, 3, 5, 3}));
  g = gradients(f(Update::Max), {floats({4, kNan}), floats({kNan, 1, 9, kNan})}, {6, 10});
  EXPECT_EQ(g[0], (Numbers{0, 10}));
  EXPECT_EQ(g[1], (Numbers{3, 0, 0, 3}));
}

TEST(ScatterReduce, TakesMeansOfWhatMeets) {
  const Array x = floats({1, 2}), index = ints({0, 0});
  expect_same(numbers(scatter_reduce(x, 0, index, floats({4, 7}), Combine::Mean)), {4, 2});
  expect_same(numbers(index_reduce(x, 0, index, floats({4, 7}), Combine::Mean)), {4, 2});
  expect_same(numbers(index_reduce(x, 0, index, floats({4, 7}), Combine::Sum)), {12, 2});
  expect_same(numbers(scatter_reduce(x, 0, index, floats({4, 7}), Combine::Prod)), {28, 2});
  const auto g = gradients([&](const auto& v) { return scatter_reduce(v[0], 0, index, v[1], Combine::Mean); },
                           {x, floats({4, 7})}, {3, 5});
  EXPECT_EQ(g[0], (Numbers{1, 5}));
  EXPECT_EQ(g[1], (Numbers{1, 1}));
  EXPECT_THROW(scatter_reduce(ints({1}), 0, ints({0}), ints({1}), Combine::Mean), DTypeError);
  EXPECT_THROW(index_reduce(x, 0, ints({2}), floats({1}), Combine::Max), IndexError);
  EXPECT_THROW(index_reduce(x, 1, index, floats({1, 2}), Combine::Max), IndexError);
  EXPECT_THROW(scatter_reduce(x, 0, index, floats({1}), Combine::Min), ShapeError);
}

// torch.scatter_reduce and index_reduce, 1.13, with include_self=False; weights 1 to 6.
TEST(ScatterReduce, MayLeaveOutWhatIsThere) {
  const Array x = floats({1, 2, 3, 4, 5, 6}, Shape{2, 3}), index = ints({0, 0, 2, 0, 1, 1, 1, 2}, Shape{2, 4});
  const Array v = floats({2, -3, 1.5, 2, -1, 4, 4, 0.5}, Shape{2, 4});
  const struct {
    Combine combine;
    Numbers y, dv;
  } rows[] = {
      {Combine::Sum, {1, 2, 1.5, 4, 7, 0.5}, {1, 1, 3, 1, 5, 5, 5, 6}},
      {Combine::Prod, {-12, 2, 1.5, 4, -16, 0.5}, {-6, 4, 3, -6, 80, -20, -20, 6}},
      {Combine::Mean, {1.0 / 3, 2, 1.5, 4, 7.0 / 3, 0.5}, {1.0 / 3, 1.0 / 3, 3, 1.0 / 3, 5.0 / 3, 5.0 / 3, 5.0 / 3, 6}},
      {Combine::Max, {2, 2, 1.5, 4, 4, 0.5}, {0.5, 0, 3, 0.5, 0, 2.5, 2.5, 6}},
      {Combine::Min, {-3, 2, 1.5, 4, -1, 0.5}, {0, 1, 3, 0, 5, 0, 0, 6}},
  };
  for (const auto& row : rows) {
    const Composition f = [&](const Inputs& a) { return scatter_reduce(a[0], 1, index, a[1], row.combine, false); };
    expect_near(numbers(f({x, v})), row.y, 1e-15);
    const auto g = gradients(f, {x, v}, {1, 2, 3, 4, 5, 6});
    expect_near(g[0], {0, 2, 0, 4, 0, 0}, 0);
    expect_near(g[1], row.dv, 1e-15);
  }
  const Array rows_x = ints({0, 1, 2, 3, 4, 5}, Shape{3, 2}), at = ints({0, 2, 0});
  const Array rows_v = ints({1, 2, 3, -4, 5, 0}, Shape{3, 2});
  const auto reduced = [&](Combine c) { return integers(index_reduce(rows_x, 0, at, rows_v, c, false)); };
  EXPECT_EQ(reduced(Combine::Prod), (Integers{5, 0, 2, 3, 3, -4}));
  EXPECT_EQ(reduced(Combine::Max), (Integers{5, 2, 2, 3, 3, -4}));
  EXPECT_EQ(reduced(Combine::Min), (Integers{1, 0, 2, 3, 3, -4}));
  const Array bytes = ints({7}, DType::U8);
  EXPECT_EQ(integers(scatter_reduce(bytes, 0, ints({0}), ints({3}, DType::U8), Combine::Max, false)), (Integers{3}));
  EXPECT_EQ(integers(scatter_reduce(bytes, 0, ints({0}), ints({200}, DType::U8), Combine::Min, false)),
            (Integers{200}));
  EXPECT_EQ(integers(scatter_reduce(ints({7}, DType::I8), 0, ints({0}), ints({-9}, DType::I8), Combine::Max, false)),
            (Integers{-9}));
}

// What an embedding's gradient is: rows that meet add up in the order of the positions, whoever adds them.
TEST(IndexUpdates, AddRowsThatReturnInTheSameOrderOnAnyNumberOfThreads) {
  constexpr std::int64_t rows = 5, count = 700, width = 300;
  std::vector<std::int64_t> index;
  std::vector<double> values, sums(rows * width);
  for (std::int64_t i = 0; i < count; ++i) index.push_back(i * i % rows);
  for (std::int64_t i = 0; i < count * width; ++i) values.push_back(1.0 / static_cast<double>(1 + i % 1013));
  const int before = num_threads();
  for (const DType type : {DType::F64, DType::F32, DType::BF16}) {
    const Array v = cast(floats(values, Shape{count, width}), type), at = ints(index, Shape{count});
    const Array zeros = zeros_like(v, Shape{rows, width});
    set_num_threads(1);
    const TensorData alone = select_assign(zeros, 0, at, v, Update::Add).to_data();
    set_num_threads(3);
    EXPECT_EQ(select_assign(zeros, 0, at, v, Update::Add).to_data(), alone);
    set_num_threads(before);
    if (type != DType::F64) continue;
    for (std::int64_t i = 0; i < count * width; ++i)
      sums[static_cast<std::size_t>(index[static_cast<std::size_t>(i / width)] * width + i % width)] +=
          values[static_cast<std::size_t>(i)];
    EXPECT_EQ(alone, TensorData(sums, Shape{rows, width}));
  }
}

TEST(IndexUpdates, AddCopyAndFill) {
  const Array x = ints({1, 2, 3, 4}, Shape{2, 2}), at = ints({1});
  EXPECT_EQ(integers(index_add(x, 1, at, ints({10, 20}, Shape{2, 1}))), (Integers{1, 12, 3, 24}));
  EXPECT_EQ(integers(index_copy(x, 0, at, ints({10, 20}, Shape{1, 2}))), (Integers{1, 2, 10, 20}));
  EXPECT_EQ(integers(index_fill(x, -1, at, 9)), (Integers{1, 9, 3, 9}));
  EXPECT_EQ(integers(index_fill(bools({0, 0}), 0, at, true)), (Integers{0, 1}));
  EXPECT_THROW(index_fill(x, 2, at, 9), IndexError);
  EXPECT_THROW(index_fill(x, 0, ints({2}), 9), IndexError);
  EXPECT_THROW(index_fill(x, 0, at, 0.5), DTypeError);
  EXPECT_THROW(index_add(x, 0, at, ints({1})), ShapeError);
  EXPECT_THROW(index_copy(x, 0, floats({1}), x), DTypeError);
}

}  // namespace
}  // namespace fornax::test
