// The loss of transducers: against the sum over all paths, one by one.

#include <cmath>

#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

// The sum of the probabilities of all ways on from (t, u): the last step reads the last input.
double all_paths(const Numbers& log_probs, const Shape& s, std::int64_t n, const Integers& target, std::int64_t inputs,
                 std::int64_t blank, std::int64_t t, std::int64_t u) {
  const auto at = [&](std::int64_t label) {
    return std::exp(log_probs[static_cast<std::size_t>(((n * s[1] + t) * s[2] + u) * s[3] + label)]);
  };
  const auto labels = static_cast<std::int64_t>(target.size());
  double sum = 0;
  if (t + 1 < inputs) sum += at(blank) * all_paths(log_probs, s, n, target, inputs, blank, t + 1, u);
  if (t + 1 == inputs && u == labels) sum += at(blank);
  if (u < labels)
    sum += at(target[static_cast<std::size_t>(u)]) * all_paths(log_probs, s, n, target, inputs, blank, t, u + 1);
  return sum;
}

Array scores(const Shape& shape) {
  Random random(17);
  return upload(weights(shape, DType::F64, random)) * 3.0;
}

const Integers kTargets[] = {{1, 1, 2}, {}, {2, 1}};
const Integers kLengths = {4, 3, 1};
// 7 stands where no label is read.
Array targets() { return ints({1, 1, 2, 7, 7, 7, 2, 1, 7}, Shape{3, 3}); }
Array target_lengths() { return ints({3, 0, 2}); }

TEST(Rnnt, IsTheSumOverAllPaths) {
  const Array x = scores(Shape{3, 4, 4, 3});
  const Numbers log_probs = numbers(log_softmax(x, -1));
  Numbers expected;
  for (std::int64_t n = 0; n < 3; ++n)
    expected.push_back(
        -std::log(all_paths(log_probs, x.shape(), n, kTargets[n], kLengths[static_cast<std::size_t>(n)], 0, 0, 0)));
  expect_near(numbers(rnnt_loss(x, targets(), ints(kLengths), target_lengths(), 0, Reduction::None)), expected, 1e-13);
  expect_near(numbers(rnnt_loss(x, targets(), ints(kLengths), target_lengths())),
              {(expected[0] + expected[1] + expected[2]) / 3}, 1e-13);
  // Another class as blank.
  const Array y = scores(Shape{1, 3, 3, 4});
  expect_near(numbers(rnnt_loss(y, ints({0, 2}, Shape{1, 2}), ints({3}), ints({2}), 3)),
              {-std::log(all_paths(numbers(log_softmax(y, -1)), y.shape(), 0, {0, 2}, 3, 3, 0, 0))}, 1e-13);
}

TEST(Rnnt, HasEveryDerivative) {
  const auto f = [](const Inputs& in) {
    return rnnt_loss(in[0], targets(), ints(kLengths), target_lengths(), 0, Reduction::None);
  };
  expect_derivatives(f, {scores(Shape{3, 4, 4, 3}).to_data()});
}

TEST(Rnnt, TakesNothingToWriteAndNoSamples) {
  const Array x = scores(Shape{2, 3, 1, 2});
  const Array none = ints({}, Shape{2, 0});
  const Numbers log_probs = numbers(log_softmax(x, -1));
  expect_near(numbers(rnnt_loss(x, none, ints({3, 2}), ints({0, 0}), 1, Reduction::Sum)),
              {-(log_probs[1] + log_probs[3] + log_probs[5] + log_probs[7] + log_probs[9])}, 1e-14);
  const Array empty = floats({}, Shape{0, 3, 2, 2});
  EXPECT_EQ(rnnt_loss(empty, ints({}, Shape{0, 1}), ints({}), ints({}), 0, Reduction::None).shape(), Shape{0});
}

TEST(MaxUnpool, PutsValuesBackAtTheirPlaces) {
  const Array x = floats({1, 5, 2, 3, 4, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, Shape{1, 1, 4, 4});
  const auto pooled = max_pool_with_indices<2>(x, 2, {});
  const Array back = max_unpool<2>(pooled.values, pooled.indices, PerDim<2>(4));
  EXPECT_EQ(back.shape(), x.shape());
  EXPECT_EQ(numbers(back), (Numbers{0, 5, 0, 0, 0, 0, 9, 0, 7, 0, 5, 0, 0, 0, 0, 0}));
  expect_derivatives([&](const Inputs& in) { return max_unpool<2>(in[0], pooled.indices, PerDim<2>(4)); },
                     {pooled.values.to_data()});
}

}  // namespace
}  // namespace fornax::test
