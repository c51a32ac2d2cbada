#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/train/views/dashboard.hpp>
#include <train/events.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

History two_epochs() {
  History h;
  h.on_start(small_run());
  tell_epochs(h, 0, 2);
  h.on_saved({.path = "best.safetensors", .reason = "best valid loss", .epoch = 1, .step = 8});
  h.on_message("the rate falls");
  return h;
}

std::string drawn(const History& h, const DashboardState& state, int width, int height) {
  std::string out;
  for (const std::string& line : draw_dashboard(h, state, width, height).lines()) out += line + "\n";
  return out;
}

TEST(Dashboard, DrawsARunInAscii) {
  EXPECT_EQ("\n" + drawn(two_epochs(), {.ascii = true}, 80, 24), R"(
 small run  running                                   6.0 s elapsed, 3.0 s left
--------------------------------------------------------------------------------
 run         ###########################.............. epoch 2/3
 validation  ######################################### batch 2/2

                       batch        epoch   validation         best
 > loss               0.1250       0.1350       0.1350       0.1350 epoch 2
   accuracy          87.50 %      86.50 %      86.50 %      86.50 % epoch 2
   lr                 0.1000       0.1000            -            -

   loss   . training batches   + training epochs   o validation
    1.0000 |        .
           |         ..
           |           ..
    0.6250 |             ..
           |               .....
           |                    .........
           |                             ....oooooooooooooooo
    0.1250 |                                             ....ooooooooooooooooo
           +------------------------------------------------------------------
            0                         optimizer step                         8
 saved best.safetensors (best valid loss)
 the rate falls
 q stop   s save   arrows metric   ? help
)");
}

TEST(Dashboard, DrawsCurvesWithBraille) {
  const Screen screen = draw_dashboard(two_epochs(), {.metric = 1}, 80, 24);
  int braille = 0;
  bool steps = false, valid = false;
  for (int y = 0; y < 24; ++y)
    for (int x = 0; x < 80; ++x) {
      const Cell& cell = screen.at(x, y);
      if (cell.character <= 0x2800 || cell.character > 0x28ff) continue;
      ++braille;
      steps |= cell.ink == Ink::Steps;
      valid |= cell.ink == Ink::Valid;
    }
  EXPECT_GT(braille, 30);
  EXPECT_TRUE(steps);
  EXPECT_TRUE(valid);
  EXPECT_NE(drawn(two_epochs(), {.metric = 1}, 80, 24).find("accuracy (%)"), std::string::npos);
}

TEST(Dashboard, FitsEveryWindow) {
  History full;
  tell_small_run(full);
  const History histories[] = {History(), two_epochs(), full};
  for (const History& h : histories)
    for (int width = 0; width < 130; width += 7)
      for (int height = 0; height < 40; ++height)
        for (const bool help : {false, true}) {
          const Screen screen = draw_dashboard(h, {.metric = 5, .help = help}, width, height);
          ASSERT_EQ(screen.width(), width);
          ASSERT_EQ(std::ssize(screen.lines()), height);
        }
}

TEST(Dashboard, WhatIsNotFiniteLeavesAGap) {
  History h;
  h.on_start(small_run());
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const double values[] = {1.0, nan, inf, -inf, 2.0, 1e300, -1e300};
  for (std::int64_t s = 0; s < 7; ++s) {
    h.on_step({.batches = 7, .step = s, .metrics = {{"loss", values[s], values[s]}}});
    EXPECT_NE(drawn(h, {.ascii = true}, 80, 24).find(" loss"), std::string::npos);
  }
  History only_nan;
  only_nan.on_start(small_run());
  only_nan.on_step({.step = 1, .metrics = {{"loss", nan, nan}}});
  EXPECT_NE(drawn(only_nan, {}, 80, 24).find("nothing to draw yet"), std::string::npos);
}

TEST(Dashboard, SaysWhatWasAskedAndHowItEnded) {
  History h = two_epochs();
  EXPECT_NE(drawn(h, {.asked = {.stop = true, .save = true}}, 80, 24).find("small run  stopping  saving"),
            std::string::npos);
  h.on_end({.outcome = Outcome::StoppedEarly, .text = "", .seconds = 7});
  EXPECT_NE(drawn(h, {}, 80, 24).find("small run  stopped early"), std::string::npos);
  EXPECT_NE(drawn(h, {.help = true}, 80, 24).find("choose the metric"), std::string::npos);
}

TEST(Dashboard, ControlCharactersDoNotReachTheTerminal) {
  History h;
  RunStart start = small_run();
  start.name = start.metrics[0].name = start.metrics[0].unit = "\x1b[2J\xc2\x9b";
  h.on_start(start);
  h.on_step({.step = 1, .metrics = {{start.name, 1, 1}}});
  h.on_message(start.name);
  h.on_saved({.path = start.name, .reason = start.name});
  const Screen screen = draw_dashboard(h, {}, 90, 30);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 90; ++x) {
      const char32_t c = screen.at(x, y).character;
      ASSERT_TRUE(c >= 0x20 && !(c >= 0x7f && c < 0xa0));
    }
}

}  // namespace
}  // namespace fornax::test
