// CTC: against the sum over all alignments, one by one.

#include <cmath>

#include <fornax/functional/functional.hpp>
#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using namespace functional;

// What an alignment spells: repeated labels merged, blanks removed.
Integers spelled(const Integers& path, std::int64_t blank) {
  Integers labels;
  for (std::size_t t = 0; t < path.size(); ++t)
    if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) labels.push_back(path[t]);
  return labels;
}

// -log of the sum, over all paths of `length` steps that spell the target, of the product of probabilities.
double by_enumeration(const Array& log_probs, std::int64_t sample, std::int64_t length, const Integers& target,
                      std::int64_t blank) {
  const Shape& s = log_probs.shape();
  const Numbers lp = numbers(log_probs);
  double sum = 0;
  Integers path(static_cast<std::size_t>(length), 0);
  for (bool more = true; more;) {
    if (spelled(path, blank) == target) {
      double log_probability = 0;
      for (std::int64_t t = 0; t < length; ++t)
        log_probability += lp[static_cast<std::size_t>((t * s[1] + sample) * s[2] + path[static_cast<std::size_t>(t)])];
      sum += std::exp(log_probability);
    }
    more = false;
    for (std::int64_t& p : path) {
      if (++p < s[2]) {
        more = true;
        break;
      }
      p = 0;
    }
  }
  return -std::log(sum);
}

Array scores(const Shape& shape) {
  Random random(31);
  return upload(weights(shape, DType::F64, random)) * 3.0;
}

// [5, 4, 3]: a repeated label, no label at all, a short input, one that is too short.
const Integers kTargets[] = {{1, 1}, {}, {2, 1}, {2, 2}};
const Integers kLengths = {5, 3, 2, 2};
Array padded_targets() { return ints({1, 1, 0, 0, 2, 1, 2, 2}, Shape{4, 2}); }
Array flat_targets() { return ints({1, 1, 2, 1, 2, 2}); }
Array target_lengths() { return ints({2, 0, 2, 2}); }

TEST(Ctc, IsTheSumOverAllAlignments) {
  const Array x = log_softmax(scores(Shape{5, 4, 3}), -1);
  Numbers expected;
  for (std::size_t n = 0; n < 4; ++n)
    expected.push_back(by_enumeration(x, static_cast<std::int64_t>(n), kLengths[n], kTargets[n], 0));
  EXPECT_EQ(expected[3], kInf);
  for (const Array& targets : {padded_targets(), flat_targets()})
    expect_near(numbers(ctc_loss(x, targets, ints(kLengths), target_lengths(), {}, Reduction::None)), expected, 1e-13);
  expected[3] = 0;
  const Ctc zero{.zero_infinity = true};
  expect_near(numbers(ctc_loss(x, padded_targets(), ints(kLengths), target_lengths(), zero, Reduction::None)), expected,
              1e-13);
  const double mean = (expected[0] / 2 + expected[1] + expected[2] / 2) / 4;
  expect_near(numbers(ctc_loss(x, padded_targets(), ints(kLengths), target_lengths(), zero)), {mean}, 1e-13);
  const double sum = expected[0] + expected[1] + expected[2];
  expect_near(numbers(ctc_loss(x, padded_targets(), ints(kLengths), target_lengths(), zero, Reduction::Sum)), {sum},
              1e-13);
}

TEST(Ctc, TakesAnyClassAsBlank) {
  const Array x = log_softmax(scores(Shape{4, 1, 3}), -1);
  expect_near(numbers(ctc_loss(x, ints({0, 1}), ints({4}), ints({2}), {.blank = 2}, Reduction::None)),
              {by_enumeration(x, 0, 4, {0, 1}, 2)}, 1e-13);
}

TEST(Ctc, HasEveryDerivative) {
  const Array lengths = ints({5, 3, 2}), target = ints({1, 1, 2, 1}), target_sizes = ints({2, 0, 2});
  const TensorData x = scores(Shape{5, 3, 3}).to_data();
  const auto from_logits = [&](const Inputs& in) {
    return ctc_loss_from_logits(in[0], target, lengths, target_sizes, {}, Reduction::None);
  };
  expect_derivatives(from_logits, {x});
  const auto raw = [&](const Inputs& in) { return ctc_loss(in[0], target, lengths, target_sizes); };
  expect_derivatives(raw, {x});
}

TEST(Ctc, HasNoGradientWhereItIsInfinite) {
  const Array x = scores(Shape{5, 4, 3});
  for (const bool zero : {false, true}) {
    const auto f = [&](const Inputs& in) {
      return narrow(ctc_loss_from_logits(in[0], padded_targets(), ints(kLengths), target_lengths(),
                                         {.zero_infinity = zero}, Reduction::None),
                    0, 3, 1);
    };
    EXPECT_EQ(numbers(gradients_of(first_tape(), f, {x})[0]), Numbers(60, 0.0));
  }
}

TEST(Ctc, KeepsImpossibleAndExtremeScoresApart) {
  // Class 2 is impossible at every step; the target does not need it.
  Numbers values(12, 0);
  for (std::size_t i = 2; i < values.size(); i += 3) values[i] = -kInf;
  const auto f = [](const Inputs& x) { return ctc_loss_from_logits(x[0], ints({1}), ints({4}), ints({1})); };
  const Array x = floats(values, Shape{4, 1, 3});
  expect_near(numbers(f({x})), {-std::log(10.0 / 16)}, 1e-14);  // of the 16 paths 10 spell one 1
  for (const double g : numbers(gradients_of(first_tape(), f, {x})[0])) EXPECT_TRUE(std::isfinite(g));
  const Array wide = floats({1e4, -1e4, 1e4, -1e4}, Shape{2, 1, 2});
  expect_near(numbers(ctc_loss_from_logits(wide, ints({1}), ints({2}), ints({1}))), {2e4 - std::log(2.0)}, 1e-14);
}

TEST(Ctc, OfNothing) {
  const Array none = ints({}, Shape{0});
  EXPECT_EQ(ctc_loss(floats({}, Shape{3, 0, 2}), none, none, none, {}, Reduction::None).shape(), Shape{0});
  const Array x = floats({}, Shape{0, 1, 2});
  EXPECT_EQ(numbers(ctc_loss(x, none, ints({0}), ints({0}))), (Numbers{0}));
  EXPECT_EQ(numbers(ctc_loss(x, ints({1}), ints({0}), ints({1}))), (Numbers{kInf}));
}

TEST(Ctc, TellsWhatIsWrong) {
  const Array x = scores(Shape{3, 1, 3}), t = ints({1, 2}), n = ints({3}), two = ints({2});
  EXPECT_EQ(message_of<IndexError>([&] {
              ctc_loss(x, ints({1, 3}), n, two);
            }),
            "ctc_loss: label 3 of target 0 is outside [0, 3)");
  EXPECT_EQ(message_of<ValueError>([&] {
              ctc_loss(x, ints({1, 0}), n, two);
            }),
            "ctc_loss: target 0 holds the blank, 0");
  EXPECT_EQ(message_of<ValueError>([&] { ctc_loss(x, t, ints({4}), two); }),
            "ctc_loss: one of the input lengths is 4; must be in [0, 3]");
  EXPECT_THROW(ctc_loss(x, t, n, ints({-1})), ValueError);
  EXPECT_THROW(ctc_loss(x, t, n, ints({1})), ShapeError);
  EXPECT_THROW(ctc_loss(x, t, ints({3, 3}), two), ShapeError);
  EXPECT_THROW(ctc_loss(x, floats({1, 2}), n, two), DTypeError);
  EXPECT_THROW(ctc_loss(x, ints({1, 2}, Shape{2, 1}), n, two), ShapeError);
  EXPECT_THROW(ctc_loss(x, t, n, two, {.blank = 3}), IndexError);
  EXPECT_THROW(ctc_loss(floats({1, 2}), t, n, two), ShapeError);
  EXPECT_THROW(ctc_loss_from_logits(Array(), t, n, two), ValueError);
  EXPECT_THROW(ctc_loss_from_logits(floats({1, 2}), t, n, two), ShapeError);
}

}  // namespace
}  // namespace fornax::test
