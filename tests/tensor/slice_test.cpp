// Slices with Python's meaning, and writing to them.

#include <cstdint>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using Ints = Tensor<Cpu, 1, Int>;
using Bound = std::optional<std::int64_t>;
using Positions = std::vector<std::int64_t>;

Positions values(const Tensor<Cpu, 1, Int>& t) { return t.to_data().to_vector<std::int64_t>(); }

Range range(Bound start, Bound end, std::int64_t step) {
  Range r = Range::all().by(step);
  r.start = start;
  r.end = end;
  return r;
}

// The positions that Python's rules name: bounds count from the end if negative, are cut to the ends, and are walked
// one after another.
Positions by_hand(std::int64_t n, Bound start, Bound end, std::int64_t step) {
  const auto bound = [&](std::int64_t given) {
    if (given < 0) given += n;
    if (step > 0) return given < 0 ? 0 : given > n ? n : given;
    return given < 0 ? -1 : given > n - 1 ? n - 1 : given;
  };
  std::int64_t p = start ? bound(*start) : step > 0 ? 0 : n - 1;
  const std::int64_t stop = end ? bound(*end) : step > 0 ? n : -1;
  Positions all;
  for (; step > 0 ? p < stop : p > stop; p += step) all.push_back(p);
  return all;
}

TEST(Slice, TakesThePositionsThatPythonTakes) {
  std::vector<Bound> bounds{std::nullopt};
  for (std::int64_t b = -8; b <= 8; ++b) bounds.emplace_back(b);
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto feed = [&](std::int64_t v) { hash = (hash ^ static_cast<std::uint64_t>(v)) * 0x100000001b3; };
  std::int64_t count = 0;
  for (std::int64_t n = 0; n <= 6; ++n) {
    const Ints x = Ints::arange(0, n);
    for (const Bound start : bounds) {
      for (const Bound end : bounds) {
        for (const std::int64_t step : {-9, -3, -2, -1, 1, 2, 3, 9}) {
          const Positions taken = values(x.slice({range(start, end, step)}));
          ASSERT_EQ(taken, by_hand(n, start, end, step))
              << "size " << n << ", start " << start.value_or(99) << ", end " << end.value_or(99) << ", step " << step;
          for (const std::int64_t p : taken) feed(p);
          feed(1000 + n);
          count += static_cast<std::int64_t>(taken.size());
        }
      }
    }
  }
  // Python 3.11: list(range(n))[start:end:step] over the same loops, FNV-1a of the positions.
  EXPECT_EQ(count, 8864);
  EXPECT_EQ(hash, 0x14ea82454e82e26dU);
}

TEST(Slice, HasShortFormsForWhatPythonWritesWithColons) {
  const Ints x = Ints::arange(0, 6);
  EXPECT_EQ(values(x.slice({Range::all()})), (Positions{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(values(x.slice({Range::from(-2)})), (Positions{4, 5}));
  EXPECT_EQ(values(x.slice({Range::to(2)})), (Positions{0, 1}));
  EXPECT_EQ(values(x.slice({Range(1, 5).by(2)})), (Positions{1, 3}));
  EXPECT_EQ(values(x.slice({Range(5, 0, -2)})), (Positions{5, 3, 1}));
  EXPECT_EQ(values(x.slice({Range::all().by(-1)})), (Positions{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(values(x.slice({{1, 3}})), (Positions{1, 2}));
}

TEST(Slice, AtOnePositionKeepsTheDim) {
  const Ints x = Ints::arange(0, 6);
  EXPECT_EQ(values(x.slice({2})), (Positions{2}));
  EXPECT_EQ(values(x.slice({-1})), (Positions{5}));
  EXPECT_EQ(values(x.slice({-6})), (Positions{0}));
  EXPECT_EQ(values(x.slice({-2})), (Positions{4}));
  EXPECT_EQ(message_of<IndexError>([&] { x.slice({6}); }), "slice: position 6 is out of range for dim 0 of size 6");
  EXPECT_EQ(message_of<IndexError>([&] { x.slice({-7}); }), "slice: position -7 is out of range for dim 0 of size 6");
  EXPECT_THROW(Ints::arange(0, 0).slice({0}), IndexError);
}

TEST(Slice, OfSomeDimsTakesAllOfTheOthers) {
  const auto x = Tensor<Cpu, 1, Int>::arange(0, 24).reshape({2, 3, 4});
  EXPECT_EQ(x.slice({1}).shape(), (Shape{1, 3, 4}));
  EXPECT_EQ(values(x.slice({1, {0, 2}, {3, 0, -2}}).flatten()), (Positions{15, 13, 19, 17}));
  EXPECT_EQ(values(x.slice({Range::all(), -1, 0}).flatten()), (Positions{8, 20}));
}

TEST(Slice, RefusesAStepOfZero) {
  EXPECT_EQ(message_of<ValueError>([] { Ints::arange(0, 3).slice({Range(0, 3, 0)}); }), "slice: step is 0 in dim 0");
}

TEST(Slice, TakesBoundsAndStepsOfAnySize) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min(),
                         kMax = std::numeric_limits<std::int64_t>::max();
  const Ints x = Ints::arange(0, 5);
  EXPECT_EQ(values(x.slice({Range(kMin, kMax)})), (Positions{0, 1, 2, 3, 4}));
  EXPECT_EQ(values(x.slice({Range(0, 5, kMax)})), (Positions{0}));
  EXPECT_EQ(values(x.slice({Range(4, kMin, kMin)})), (Positions{4}));
  EXPECT_EQ(values(x.slice({Range(kMax, kMin, -1)})), (Positions{4, 3, 2, 1, 0}));
  EXPECT_THROW(x.slice({kMin}), IndexError);
  EXPECT_THROW(x.slice({kMax}), IndexError);
}

TEST(SliceAssignMethod, ReplacesThePartThatSliceReads) {
  const Ints x = Ints::arange(0, 7);
  std::vector<Bound> bounds{std::nullopt, -5, -1, 0, 2, 6, 9};
  for (const Bound start : bounds) {
    for (const Bound end : bounds) {
      for (const std::int64_t step : {-3, -1, 1, 2}) {
        const Range r = range(start, end, step);
        const Positions at = by_hand(7, start, end, step);
        const Ints fresh = Ints::arange(100, 100 + static_cast<std::int64_t>(at.size()));
        Positions expected = values(x);
        for (std::size_t i = 0; i < at.size(); ++i)
          expected[static_cast<std::size_t>(at[i])] = 100 + static_cast<std::int64_t>(i);
        EXPECT_EQ(values(x.slice_assign({r}, fresh)), expected);
        for (const std::int64_t p : at) expected[static_cast<std::size_t>(p)] = -1;
        EXPECT_EQ(values(x.slice_fill({r}, -1)), expected);
      }
    }
  }
  EXPECT_EQ(values(x), (Positions{0, 1, 2, 3, 4, 5, 6})) << "the tensor itself stays";
}

TEST(SliceAssignMethod, RefusesValuesOfAnotherShape) {
  EXPECT_EQ(message_of<ShapeError>([] {
              Ints::arange(0, 5).slice_assign({{1, 3}}, Ints::arange(0, 3));
            }),
            "slice_assign: the slice has shape [2], the values have [3]");
}

TEST(Narrow, TakesAPartOfOneDimOrNamesWhyNot) {
  const auto x = Tensor<Cpu, 1, Int>::arange(0, 6).reshape({2, 3});
  EXPECT_EQ(values(x.narrow(1, 1, 2).flatten()), (Positions{1, 2, 4, 5}));
  EXPECT_EQ(values(x.narrow(-1, 0, 1).flatten()), (Positions{0, 3}));
  EXPECT_EQ(x.narrow(0, 2, 0).shape(), (Shape{0, 3}));
  EXPECT_EQ(message_of<IndexError>([&] { x.narrow(1, 2, 2); }), "narrow: start 2, length 2 of dim 1, which has size 3");
  EXPECT_THROW(x.narrow(1, -1, 1), IndexError);
  EXPECT_THROW(x.narrow(1, 0, -1), IndexError);
  EXPECT_THROW(x.narrow(1, 1, std::numeric_limits<std::int64_t>::max()), IndexError);
  EXPECT_EQ(message_of<IndexError>([&] { x.narrow(2, 0, 1); }), "narrow: dim 2 is out of range for rank 2");
}

}  // namespace
}  // namespace fornax::test
