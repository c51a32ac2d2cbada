#include <fornax/train/metrics/images.hpp>
#include <fornax/train/metrics/progress.hpp>
#include <fornax/train/metrics/regression.hpp>
#include <fornax/train/metrics/text.hpp>

#include <data/files.hpp>
#include <train/seen.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

// --- Regression: scikit-learn 1.9.1 -----------------------------------------------------------------------------------

Observation numbers() {
  return seen(TensorData(std::vector<double>{0.02, -0.62, -0.63, -0.99, 0.05, 1.07, -0.33, 0.42, 1.88, -1.21}),
              TensorData(std::vector<double>{0.1, -0.71, -0.95, -1.3, 0.05, 1.2, -0.49, 0.44, 2.1, -1.12}));
}

TEST(RegressionMetrics, OfTenNumbers) {
  expect_metric(Mae(), numbers(), 0.14199999999999999);
  expect_metric(Mse(), numbers(), 0.031240000000000007);
  expect_metric(Rmse(), numbers(), 0.17674840876228562);
  expect_metric(R2(), numbers(), 0.97053097078000483);
}

TEST(RegressionMetrics, ConstantTargets) {
  const TensorData constant({2.0, 2.0, 2.0});
  EXPECT_EQ(R2().update(seen(constant, constant)), 1);
  EXPECT_EQ(R2().update(seen(TensorData({2.0, 2.0, 3.0}), constant)), 0);
  EXPECT_TRUE(std::isnan(R2().update(seen(TensorData({2.0}), TensorData({1.0})))));
  EXPECT_TRUE(std::isnan(Mae().update(rows(numbers(), 0, 0))));
  EXPECT_THROW(Mse().update(seen(constant, TensorData({1.0}))), ShapeError);
}

TEST(RegressionMetrics, LargeTargetsLoseNothing) {
  // Shifted by 1e8, the variance of 1, 2, 3 is the same; a difference of sums of squares would lose it.
  R2 r2;
  r2.update(seen(TensorData({1e8 + 1, 1e8 + 2, 1e8 + 4}), TensorData({1e8 + 1, 1e8 + 2, 1e8 + 3})));
  EXPECT_NEAR(r2.value(), 0.5, 1e-7);
}

// --- Pictures: scikit-image 0.26.0 ------------------------------------------------------------------------------------

TensorData picture(std::int64_t height, std::int64_t width, double (*pixel)(double, double)) {
  TensorData data(Shape{1, 1, height, width}, DType::F64);
  for (std::int64_t i = 0; i < height; ++i)
    for (std::int64_t j = 0; j < width; ++j)
      data.values<double>()[static_cast<std::size_t>(i * width + j)] =
          pixel(static_cast<double>(i), static_cast<double>(j));
  return data;
}

Observation stripes() {
  return seen(
      picture(16, 14, [](double i, double j) { return std::fmod(i * 7 + j * 3, 17) / 16; }),
      picture(16, 14, [](double i, double j) { return std::fmod(i * 7 + j * 3 + std::fmod(i * j, 5), 17) / 16; }));
}

Observation twice(const Observation& batch, bool equal_second) {
  Observation both = batch;
  both.output = cat({batch.output, batch.output}, 0);
  both.target = cat({batch.target, equal_second ? batch.output : batch.target}, 0);
  both.items = 2;
  return both;
}

TEST(ImageMetrics, SignalAndNoise) {
  expect_metric(Psnr(), twice(stripes(), false), 9.8244091246423242);
  EXPECT_NEAR(Psnr(255).update(stripes()), 9.8244091246423242 + 20 * std::log10(255), 1e-12);
  EXPECT_TRUE(std::isinf(Psnr().update(twice(stripes(), true))));
}

TEST(ImageMetrics, StructuralSimilarity) {
  // structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True) without a rim of 5 pixels.
  expect_metric(Ssim(), twice(stripes(), false), 0.26862751116215794);
  EXPECT_NEAR(Ssim().update(twice(stripes(), true)), (1 + 0.26862751116215794) / 2, 1e-12);
  EXPECT_EQ(
      message_of<ShapeError>([] {
        Ssim().update(seen(TensorData(Shape{1, 1, 10, 20}, DType::F32), TensorData(Shape{1, 1, 10, 20}, DType::F32)));
      }),
      "ssim: the pictures have 10 x 20 pixels; at least 11 each way would fit");
  EXPECT_THROW(Ssim({.window = 4}), ValueError);
}

TEST(ImageMetrics, SimilarityOverScales) {
  // The same maps at five scales, by scipy.ndimage.gaussian_filter(truncate=3.5) and means of 2 x 2 pixels.
  const auto wave = [](double i, double j) { return std::sin(i / 9) * std::cos(j / 7) * 0.4 + 0.5; };
  const auto ripple = [](double i, double j) {
    return std::sin(i / 9) * std::cos(j / 7) * 0.4 + 0.5 + 0.2 * std::sin((i * 5 + j * 11) / 13);
  };
  EXPECT_NEAR(MsSsim().update(seen(picture(180, 200, wave), picture(180, 200, ripple))), 0.76103409200418537, 1e-12);
  EXPECT_NEAR(MsSsim().update(seen(picture(180, 200, wave), picture(180, 200, wave))), 1, 1e-12);
  EXPECT_THROW(MsSsim().update(stripes()), ShapeError);
}

// --- Texts ------------------------------------------------------------------------------------------------------------

TEST(TextMetrics, PerplexityIsExpOfTheMeanLoss) {
  // NumPy: exp(-mean(log_softmax(scores)[i, class_i])); the second without the samples of class 1.
  const Observation all =
      seen(TensorData(std::vector<double>{-1,  -1.5, 0,    0.5,  1,  0,   -0.5, -1,   0.5,  1.5,  0.5, -1,
                                          -1,  1.5,  0,    -1.5, 0,  -1,  -0.5, -0.5, -0.5, 0.5,  0,   -0.5,
                                          0.5, 1,    -1.5, -0.5, -1, 0,   -1.5, 0,    0,    -0.5, -1,  -0.5,
                                          -1,  -1.5, 0,    -1,   1,  0.5, -2,   0.5,  -1,   0,    0,   -2},
                      Shape{12, 4}),
           TensorData(std::vector<std::int64_t>{0, 1, 2, 1, 0, 0, 2, 1, 2, 2, 0, 1}));
  expect_metric(Perplexity(), all, 4.0813146401460312);
  expect_metric(Perplexity(1), all, 5.1794538534527739);
  EXPECT_TRUE(std::isnan(Perplexity().value()));
}

std::int64_t distance(std::string_view a, std::string_view b) {
  return edit_distance(std::vector<std::int64_t>(a.begin(), a.end()), std::vector<std::int64_t>(b.begin(), b.end()));
}

TEST(TextMetrics, EditDistances) {
  EXPECT_EQ(distance("kitten", "sitting"), 3);
  EXPECT_EQ(distance("", "abc"), 3);
  EXPECT_EQ(distance("abc", ""), 3);
  EXPECT_EQ(distance("", ""), 0);
  EXPECT_EQ(distance("intention", "execution"), 5);
  EXPECT_EQ(distance("abc", "abc"), 0);
}

TEST(TextMetrics, ErrorRatesOfTexts) {
  Cer cer;
  EXPECT_TRUE(std::isnan(cer.value()));
  cer.add_text("sitting", "kitten");
  cer.add_text("na\xC3\xAFve", "naive");  // one code point of two bytes is one character
  EXPECT_EQ(cer.value(), 4.0 / 11);
  Wer wer;
  wer.add_text("the cat  sat on mat", "the cat sat on the mat");
  wer.add_text("a dog", "one dog");
  EXPECT_EQ(wer.value(), 2.0 / 8);
  wer.add_text("words that nobody said", "");
  EXPECT_EQ(wer.value(), 6.0 / 8);
}

TEST(TextMetrics, ErrorRatesOfTokens) {
  // Rows 1 2 9 3 | 1 2 9 4 and 1 1 | 1 9 1: with 9 between words, 0 as padding and 7 as the end.
  const Observation all =
      seen(TensorData({{std::int64_t{1}, std::int64_t{2}, std::int64_t{9}, std::int64_t{3}, std::int64_t{7}},
                       {std::int64_t{1}, std::int64_t{1}, std::int64_t{7}, std::int64_t{5}, std::int64_t{5}}}),
           TensorData({{std::int64_t{1}, std::int64_t{2}, std::int64_t{9}, std::int64_t{4}},
                       {std::int64_t{1}, std::int64_t{9}, std::int64_t{1}, std::int64_t{0}}}));
  expect_metric(Cer({.pad = 0, .end = 7}), all, 2.0 / 7);
  expect_metric(Wer({.pad = 0, .end = 7}), all, 2.0 / 7);
  expect_metric(Wer({.pad = 0, .end = 7, .space = 9}), all, 3.0 / 4);
  // Logits [N, C, T] stand for their most likely token.
  const Observation logits = seen(TensorData(std::vector<float>{0, 1, 1, 0, 0, 0}, Shape{1, 3, 2}),
                                  TensorData({{std::int64_t{1}, std::int64_t{2}}}));
  EXPECT_EQ(Cer().update(logits), 0.5);
  EXPECT_THROW(Cer().update(seen(TensorData(Shape{1, 2}, DType::F32), TensorData(Shape{1, 2}, DType::I64))),
               ShapeError);
}

TEST(TextMetrics, BleuOfACorpus) {
  // nltk 3.10.4, corpus_bleu.
  Bleu bleu;
  EXPECT_TRUE(std::isnan(bleu.value()));
  bleu.add_text("the cat sat on the mat today", "the cat sat on the red mat today");
  bleu.add_text("there is a dog in the big garden now", "there is a dog in the garden");
  EXPECT_NEAR(bleu.value(), 0.65341891762863991, 1e-12);
  Bleu resumed;
  resumed.load_state(bleu.state());
  EXPECT_EQ(resumed.value(), bleu.value());
  Bleu shorter;
  shorter.add_text("the cat sat on the mat", "the cat sat on the mat today");
  EXPECT_NEAR(shorter.value(), 0.84648172489061402, 1e-12);
  Bleu without;
  without.add_text("one two three", "one two three");  // there are no 4-grams
  EXPECT_EQ(without.value(), 0);
  const TensorData tokens({{std::int64_t{4}, std::int64_t{5}, std::int64_t{6}, std::int64_t{7}, std::int64_t{8}},
                           {std::int64_t{4}, std::int64_t{4}, std::int64_t{6}, std::int64_t{6}, std::int64_t{8}}});
  expect_metric(Bleu(), seen(tokens, tokens), 1);
}

// --- The run ----------------------------------------------------------------------------------------------------------

TEST(ProgressMetrics, TheLossIsAMeanOverItems) {
  Loss loss;
  EXPECT_EQ(loss.update({.loss = 1, .output = {}, .target = {}, .items = 1}), 1);
  EXPECT_EQ(loss.update({.loss = 3, .output = {}, .target = {}, .items = 3}), 3);
  EXPECT_EQ(loss.value(), 2.5);
}

TEST(ProgressMetrics, RateAndSpeed) {
  Observation batch;
  batch.items = 30;
  batch.seconds = 0.5;
  batch.lr = 0.25;
  Throughput speed;
  EXPECT_EQ(speed.update(batch), 60);
  batch.seconds = 1;
  speed.update(batch);
  EXPECT_EQ(speed.value(), 40);
  LearningRate rate;
  rate.update(batch);
  EXPECT_EQ(rate.value(), 0.25);
}

TEST(ProgressMetrics, Memory) {
  ProcessMemory process;
  EXPECT_GT(process.update({}), 1) << "MiB";
  ArrayMemory arrays;
  const double before = arrays.update({});
  const auto block = Tensor<Cpu, 1>::full({4 << 20}, 1.0).add(1.0);  // 16 MiB
  EXPECT_NEAR(arrays.update({}) - before, 16, 1);
  EXPECT_GE(arrays.value(), before + 15);
}

TEST(ProgressMetrics, AMeanOfTheUsersOwn) {
  auto metric = mean_of("double loss", [](const Observation& batch) { return 2 * batch.loss; });
  metric.update({.loss = 1, .output = {}, .target = {}, .items = 1});
  metric.update({.loss = 3, .output = {}, .target = {}, .items = 3});
  EXPECT_EQ(metric.value(), 5);
  EXPECT_EQ(metric.name(), "double loss");
}

}  // namespace
}  // namespace fornax::test
