#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <fornax/train/views/text.hpp>
#include <fornax/train/views/views.hpp>
#include <train/events.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

// What a line view prints of the run that `tell` tells.
template <class F> std::string printed(LineOptions options, const F& tell) {
  char* text = nullptr;
  std::size_t size = 0;
  options.out = ::open_memstream(&text, &size);
  const std::unique_ptr<View> view = line_view(options);
  tell(*view);
  std::fclose(options.out);
  std::string out(text, size);
  std::free(text);
  return out;
}

TEST(LineView, PrintsATableWithProgressBetween) {
  EXPECT_EQ(printed({.progress_every = 1.5}, [](View& view) { tell_small_run(view); }),
            R"(small run: 3 epochs of 4 batches, 2 of validation
epoch        time  train loss  train accuracy   train lr  valid loss  valid accuracy
  epoch 1/3  train 3/4  loss 0.3433  accuracy 65.67 %  lr 0.1000
  1/3       3.0 s      0.2600         74.00 %     0.1000      0.2600         74.00 %
  epoch 2/3  train 3/4  loss 0.1529  accuracy 84.71 %  lr 0.1000  4.5 s left
  2/3       3.0 s      0.1350         86.50 %     0.1000      0.1350         86.50 %
  saved best.safetensors (best valid loss)
  the rate falls to 0.01
  epoch 3/3  train 3/4  loss 0.1009  accuracy 89.91 %  lr 0.1000  1.5 s left
  3/3       3.0 s     0.09333         90.67 %     0.1000     0.09333         90.67 %
finished after 9.0 s: all epochs are done
)");
}

TEST(LineView, QuietPrintsEpochsMessagesAndTheOutcome) {
  const std::string text = printed({.progress_every = 0, .quiet = true}, [](View& view) { tell_small_run(view); });
  EXPECT_EQ(text.find("left"), std::string::npos);
  EXPECT_EQ(text.find("saved"), std::string::npos);
  EXPECT_EQ(std::ranges::count(text, '\n'), 7);
}

TEST(LineView, AnEpochWithoutValidationGetsItsRowAtOnce) {
  const std::string text = printed({.quiet = true}, [](View& view) {
    RunStart start = small_run();
    start.valid_batches = 0;
    view.on_start(start);
    view.on_epoch({.split = Split::Train, .epoch = 0, .step = 4, .epoch_seconds = 0.25, .metrics = {{"loss", 1, 2}}});
  });
  EXPECT_NE(text.find("\n  1/3      250 ms      2.0000               -          -\n"), std::string::npos) << text;
}

TEST(LineView, AnEpochWhoseValidationDidNotComeGetsItsRowLater) {
  const std::string text = printed({.quiet = true}, [](View& view) {
    view.on_start(small_run());
    view.on_epoch({.split = Split::Train, .epoch = 0, .step = 4, .metrics = {{"loss", 1, 2}}});
    view.on_end({.outcome = Outcome::Interrupted, .text = "", .seconds = 1.0});
  });
  EXPECT_NE(text.find("  1/3        0 ms      2.0000               -          -           -               -\n"
                      "interrupted after 1.0 s\n"),
            std::string::npos)
      << text;
}

TEST(LineView, ControlCharactersDoNotReachTheTerminal) {
  const std::string text = printed({}, [](View& view) {
    RunStart start = small_run();
    start.name = "evil\x1b[2J\xc2\x9b";
    view.on_start(start);
    view.on_message("\x1b]0;title\x07");
  });
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
}

TEST(ViewText, NumbersAndTimesAreShort) {
  EXPECT_EQ(number_text(0.43121), "0.4312");
  EXPECT_EQ(number_text(0.0019661), "0.001966");
  EXPECT_EQ(number_text(91.254), "91.25");
  EXPECT_EQ(number_text(612.35), "612.4");
  EXPECT_EQ(number_text(6120.4), "6120");
  EXPECT_EQ(number_text(1.2e-5), "1.200e-05");
  EXPECT_EQ(number_text(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(number_text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(duration_text(0.0451), "45 ms");
  EXPECT_EQ(duration_text(59.94), "59.9 s");
  EXPECT_EQ(duration_text(59.96), "1:00 min");
  EXPECT_EQ(duration_text(245), "4:05 min");
  EXPECT_EQ(duration_text(3600 + 23 * 60 + 45), "1:23:45 h");
  EXPECT_EQ(duration_text(-1), "?");
  EXPECT_EQ(padded("µs", 4), "µs  ");
  EXPECT_EQ(padded_left("µs", 1), "µ");
}

TEST(History, KnowsHowMuchIsDoneAndWhatIsLeft) {
  History h;
  h.on_start(small_run());
  EXPECT_LT(h.seconds_left(), 0);
  EXPECT_EQ(h.done(), 0.0);
  tell_epochs(h, 0, 1);
  EXPECT_DOUBLE_EQ(h.done(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(h.seconds_left(), 6.0);  // each batch takes half a second
  EXPECT_DOUBLE_EQ(h.items_per_second(), 64.0);
  tell_epochs(h, 1, 3);
  EXPECT_DOUBLE_EQ(h.done(), 1.0);
  EXPECT_DOUBLE_EQ(h.seconds_left(), 0.0);
  const MetricHistory* const accuracy = h.find("accuracy");
  ASSERT_NE(accuracy, nullptr);
  EXPECT_EQ(accuracy->valid.size(), 3U);
  ASSERT_TRUE(accuracy->best);
  EXPECT_EQ(accuracy->best->split, Split::Valid);
  EXPECT_EQ(accuracy->best->epoch, 2);
  EXPECT_FALSE(h.find("lr")->best);
}

TEST(History, TheBestEpochFollowsTheGoalAndPassesOverNaN) {
  History h;
  h.on_start(small_run());
  const double losses[] = {2.0, 1.0, std::numeric_limits<double>::quiet_NaN(), 1.5};
  for (std::int64_t e = 0; e < 4; ++e)
    h.on_epoch({.split = Split::Valid, .epoch = e, .step = e, .metrics = {{"loss", losses[e], losses[e]}}});
  EXPECT_EQ(h.find("loss")->best->epoch, 1);
}

TEST(Curve, KeepsItsSizeAndTheMeanOfWhatWasAdded) {
  Curve curve;
  constexpr int n = 100'000;
  for (int i = 0; i < n; ++i) curve.add(i, i % 2 == 0 ? 3.0 : 5.0);
  const std::vector<CurvePoint> points = curve.points();
  EXPECT_LE(points.size(), Curve::kMost);
  EXPECT_GE(points.size(), Curve::kMost / 2);
  EXPECT_EQ(curve.values_each(), 128);
  for (const CurvePoint& p : points) EXPECT_DOUBLE_EQ(p.y, 4.0);
  EXPECT_DOUBLE_EQ(points.front().x, 63.5);
  EXPECT_GT(points.back().x, n - 128);
}

TEST(Curve, NaNStaysVisible) {
  Curve curve;
  for (int i = 0; i < 5000; ++i) curve.add(i, i == 3000 ? std::numeric_limits<double>::quiet_NaN() : 1.0);
  EXPECT_EQ(std::ranges::count_if(curve.points(), [](const CurvePoint& p) { return std::isnan(p.y); }), 1);
}

}  // namespace
}  // namespace fornax::test
