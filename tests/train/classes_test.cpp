// Expected values are those of scikit-learn 1.9.1 with zero_division=0, unless a case says otherwise.

#include <fornax/train/metrics/classes.hpp>

#include <fornax/train/metrics/ranking.hpp>

#include <data/files.hpp>
#include <train/seen.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

// Twelve samples of four classes, with ties; class 3 is predicted once and never true.
TensorData scores() {
  return TensorData(std::vector<float>{-1,   -1.5F, 0,     0.5F,  1,  0,    -0.5F, -1,    0.5F,  1.5F,  0.5F, -1,
                                       -1,   1.5F,  0,     -1.5F, 0,  -1,   -0.5F, -0.5F, -0.5F, 0.5F,  0,    -0.5F,
                                       0.5F, 1,     -1.5F, -0.5F, -1, 0,    -1.5F, 0,     0,     -0.5F, -1,   -0.5F,
                                       -1,   -1.5F, 0,     -1,    1,  0.5F, -2,    0.5F,  -1,    0,     0,    -2},
                    Shape{12, 4});
}
TensorData classes() { return TensorData(std::vector<std::int64_t>{0, 1, 2, 1, 0, 0, 2, 1, 2, 2, 0, 1}); }
Observation four_classes() { return seen(scores(), classes()); }

Observation two_classes() {
  return seen(TensorData(std::vector<double>{-0.3333, -0.3333, 1, -1.3333, 0.6667, -1, -0.3333, -1, 1.3333, 0.6667,
                                             2.3333, 0.6667, 1, 1}),
              TensorData(std::vector<std::int64_t>{1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0}));
}

Observation three_labels() {
  return seen(TensorData(std::vector<float>{-1, -1.5F, 1, -0.5F, -1, -1, 0.5F, -1, -1.5F, 0.5F, -1, -0.5F, 0, -0.5F, 0,
                                            1.5F, -0.5F, -1.5F},
                         Shape{6, 3}),
              TensorData(std::vector<std::int64_t>{0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1}, Shape{6, 3}));
}

TEST(ClassMetrics, OfFourClasses) {
  const Observation all = four_classes();
  expect_metric(Accuracy(), all, 0.5);
  expect_metric(HammingScore(), all, 0.5);
  expect_metric(Precision({.average = Average::Micro}), all, 0.5);
  expect_metric(Precision(), all, 0.5);
  expect_metric(Precision({.average = Average::Weighted}), all, 0.66666666666666663);
  expect_metric(Recall(), all, 0.375);
  expect_metric(Recall({.average = Average::Weighted}), all, 0.5);
  expect_metric(FBeta(), all, 0.375);
  expect_metric(FBeta(1, {.average = Average::Weighted}), all, 0.5);
  expect_metric(FBeta(2), all, 0.36898395721925131);
  expect_metric(FBeta(2, {.average = Average::Weighted}), all, 0.49197860962566842);
  expect_metric(Dice(), all, 0.375);  // F1 under another name
  expect_metric(Iou({.average = Average::Micro}), all, 0.33333333333333331);
  expect_metric(Iou(), all, 0.25297619047619047);
  expect_metric(Iou({.average = Average::Weighted}), all, 0.33730158730158727);
  EXPECT_EQ(FBeta(0.5).name(), "f0.5");
}

TEST(ClassMetrics, OfTwoClassesByAThreshold) {
  const Observation all = two_classes();
  expect_metric(Precision({.average = Average::Binary}), all, 0.375);
  expect_metric(Recall({.average = Average::Binary}), all, 0.5);
  expect_metric(FBeta(1, {.average = Average::Binary}), all, 0.42857142857142855);
  expect_metric(FBeta(1), all, 0.42857142857142855);
  // Above 0.7 there are the five scores 1, 1.3333, 2.3333, 1, 1, of which three are of class 1.
  expect_metric(Precision({.average = Average::Binary, .threshold = 0.7}), all, 3.0 / 5);
  Observation column = all;
  column.output = reshape(all.output, Shape{14, 1});
  expect_metric(Accuracy(), column, 6.0 / 14);
}

TEST(ClassMetrics, OfLabels) {
  const Observation all = three_labels();
  expect_metric(Precision({.average = Average::Micro}), all, 0.25);
  expect_metric(Precision(), all, 0.1111111111111111);
  expect_metric(Precision({.average = Average::Weighted}), all, 0.060606060606060601);
  expect_metric(Recall(), all, 0.16666666666666666);
  expect_metric(FBeta(), all, 0.13333333333333333);
  expect_metric(FBeta(1, {.average = Average::Weighted}), all, 0.072727272727272738);
  expect_metric(Iou(), all, 0.083333333333333329);
  expect_metric(HammingScore(), all, 1 - 0.72222222222222221);
  Accuracy rows_that_are_right;
  EXPECT_EQ(rows_that_are_right.update(all), 0);
}

TEST(ClassMetrics, TheKBestScores) {
  // NumPy: the place of the true class in argsort(-scores, kind="stable"). (scikit-learn takes equal scores in the opposite
  // order.)
  const Observation all = four_classes();
  expect_metric(TopKAccuracy(1), all, 0.5);
  expect_metric(TopKAccuracy(2), all, 7.0 / 12);
  expect_metric(TopKAccuracy(3), all, 10.0 / 12);
  expect_metric(TopKAccuracy(4), all, 1);
  EXPECT_THROW(TopKAccuracy(0), ValueError);
}

TEST(ClassMetrics, AConfusionMatrixCountsEachPair) {
  ConfusionMatrix confusion;
  EXPECT_EQ(confusion.update(four_classes()), 0.5);
  const TensorData expected({{std::int64_t{2}, std::int64_t{1}, std::int64_t{0}, std::int64_t{1}},
                             {std::int64_t{1}, std::int64_t{3}, std::int64_t{0}, std::int64_t{0}},
                             {std::int64_t{1}, std::int64_t{2}, std::int64_t{1}, std::int64_t{0}},
                             {std::int64_t{0}, std::int64_t{0}, std::int64_t{0}, std::int64_t{0}}});
  EXPECT_EQ(confusion.matrix(), expected);
  expect_metric(ConfusionMatrix(), four_classes(), 0.5);
  ConfusionMatrix other;
  other.load_state(confusion.state());
  EXPECT_EQ(other.matrix(), expected);
}

TEST(ClassMetrics, PixelsAreSamples) {
  // Two pictures of one row of two pixels, and two classes: logits [N, C, H, W].
  const Observation all = seen(TensorData(std::vector<float>{3, 0, 1, 1, 0, 0, 2, 2}, Shape{2, 2, 1, 2}),
                               TensorData(std::vector<std::int64_t>{0, 1, 1, 0}, Shape{2, 1, 2}));
  expect_metric(Accuracy(), all, 0.75);
  expect_metric(TopKAccuracy(1), all, 0.75);
  expect_metric(Iou(), all, (1.0 / 2 + 2.0 / 3) / 2);
}

TEST(ClassMetrics, ClassesThatWereChosenAlready) {
  const Observation all =
      seen(TensorData(std::vector<std::int64_t>{2, 1, 0}), TensorData(std::vector<std::int64_t>{2, 0, 0}));
  expect_metric(Accuracy(), all, 2.0 / 3);
  expect_metric(Recall(), all, (0.5 + 0 + 1) / 3);
}

TEST(ClassMetrics, IgnoredTargetsCountNothing) {
  Observation all = four_classes();
  expect_metric(Accuracy({.ignore_index = 1}), all, 3.0 / 8);
  expect_metric(TopKAccuracy(2, 1), all, 3.0 / 8);
  all.target = io::to_array(TensorData(std::vector<std::int64_t>{0, 1, 2, 1, 0, 0, 2, 1, 2, 2, 0, -100}));
  EXPECT_EQ(Accuracy({.ignore_index = -100}).update(all), 5.0 / 11);
  EXPECT_EQ(message_of<IndexError>([&] { Accuracy().update(all); }),
            "accuracy: there is a class -100; ignore_index leaves one out");
}

TEST(ClassMetrics, AnEmptyBatchHasNoValueAndChangesNone) {
  const Observation none = rows(four_classes(), 3, 3);
  const auto check = [&](auto metric) {
    EXPECT_TRUE(std::isnan(metric.value())) << metric.name();
    EXPECT_TRUE(std::isnan(metric.update(none))) << metric.name();
    EXPECT_TRUE(std::isnan(metric.value())) << metric.name();
    const double value = metric.update(four_classes());
    metric.update(none);
    EXPECT_EQ(metric.value(), value) << metric.name();
  };
  check(Accuracy());
  check(TopKAccuracy(2));
  check(Precision());
  check(Recall({.average = Average::Micro}));
  check(FBeta(1, {.average = Average::Weighted}));
  check(Iou());
  check(ConfusionMatrix());
  check(Auroc());
  check(AveragePrecision());
}

TEST(ClassMetrics, WhatIsMissingOrDoesNotFitIsSaid) {
  EXPECT_EQ(message_of<ValueError>([] { Accuracy().update({}); }),
            "accuracy: the step gave no output, which this metric is computed from");
  const Observation odd = seen(TensorData(Shape{3, 4}, DType::F32), TensorData(Shape{2}, DType::I64));
  EXPECT_EQ(message_of<ShapeError>([&] { Accuracy().update(odd); }),
            "accuracy: the output is [3, 4], the target [2]; [N, C, ...] with [N, ...], or equal shapes would fit");
  EXPECT_THROW(TopKAccuracy(1).update(odd), ShapeError);
  EXPECT_THROW(Auroc().update(odd), ShapeError);
}

TEST(RankingMetrics, OfTwoClasses) {
  expect_metric(Auroc(), two_classes(), 0.5625);
  expect_metric(AveragePrecision(), two_classes(), 0.64778554778554776);
}

TEST(RankingMetrics, OfClassesAgainstTheRest) {
  // The means over the classes 0, 1 and 2, of scipy.special.softmax(scores) and of the scores themselves.
  Observation all = four_classes();
  all.output = cast(all.output, DType::F64);
  expect_metric(Auroc(), all, 0.56770833333333337);
  expect_metric(Auroc({.logits = false}), all, 0.57291666666666663);
  expect_metric(AveragePrecision(), all, 0.5129208754208755);
}

TEST(RankingMetrics, OfLabels) {
  expect_metric(Auroc(), three_labels(), 0.40833333333333338);
  expect_metric(AveragePrecision(), three_labels(), 0.70944444444444443);
}

TEST(RankingMetrics, EqualScoresCountHalf) {
  const TensorData truths(std::vector<std::int64_t>{0, 1, 0, 1});
  EXPECT_EQ(Auroc().update(seen(TensorData(std::vector<float>{1, 1, 1, 1}), truths)), 0.5);
  EXPECT_EQ(Auroc().update(seen(TensorData(std::vector<float>{0, 1, 0, 1}), truths)), 1);
  EXPECT_EQ(Auroc().update(seen(TensorData(std::vector<float>{1, 0, 1, 0}), truths)), 0);
  EXPECT_EQ(Auroc().update(seen(TensorData(std::vector<float>{0, 1, 1, 2}), truths)), 3.5 / 4);
  EXPECT_EQ(AveragePrecision().update(seen(TensorData(std::vector<float>{1, 1, 1, 1}), truths)), 0.5);
}

TEST(RankingMetrics, ASingleClassHasNoCurve) {
  const TensorData one(std::vector<std::int64_t>{1, 1});
  Auroc auroc;
  EXPECT_TRUE(std::isnan(auroc.update(seen(TensorData(std::vector<float>{0, 1}), one))));
  auroc.update(seen(TensorData(std::vector<float>{-1}), TensorData(std::vector<std::int64_t>{0})));
  EXPECT_EQ(auroc.value(), 1);
}

}  // namespace
}  // namespace fornax::test
