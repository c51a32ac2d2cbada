#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fornax/array/error.hpp>
#include <fornax/data/csv.hpp>
#include <fornax/train/views/run_log.hpp>
#include <fornax/train/views/views.hpp>
#include <io/files.hpp>
#include <train/events.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

std::string text_of(const std::string& path) {
  const Bytes bytes = contents_of(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_text(const TempDir& dir, const std::string& file, const std::string& text) {
  dir.write(file, bytes_of_text(text));
}

TEST(RunLog, KeepsStepsEpochsAndTheRest) {
  const TempDir dir;
  tell_small_run(*run_log(), dir.path("run"));
  EXPECT_EQ(text_of(dir.path("run/steps.csv")).substr(0, 127),
            "step,epoch,batch,items,seconds,loss,accuracy,lr\n"
            "1,0,0,32,0.5,1,0,0.1\n"
            "2,0,1,32,1,0.5,50,0.1\n"
            "3,0,2,32,1.5,0.3333333333333333,66.6");
  EXPECT_TRUE(text_of(dir.path("run/epochs.csv"))
                  .starts_with("split,epoch,step,seconds,epoch_seconds,loss,accuracy,lr\n"
                               "train,0,4,2,2,0.26,74,0.1\n"
                               "valid,0,4,3,1,0.26,74,\n"));
  const History h = read_run(dir.path("run"));
  EXPECT_EQ(h.run.name, "small run");
  EXPECT_EQ(h.run.config, small_run().config);
  EXPECT_EQ(h.run.metrics.size(), 3U);
  EXPECT_EQ(h.run.metrics[1].goal, Goal::Higher);
  EXPECT_FALSE(h.run.metrics[2].valid);
  EXPECT_EQ(h.epochs.size(), 6U);
  EXPECT_EQ(h.find("loss")->steps.points().size(), 12U);
  EXPECT_EQ(h.find("loss")->steps.points()[2].y, small_loss(3));
  EXPECT_EQ(h.messages, std::vector<std::string>{"the rate falls to 0.01"});
  ASSERT_EQ(h.saved.size(), 1U);
  EXPECT_EQ(h.saved[0].step, 8);
  ASSERT_TRUE(h.end);
  EXPECT_EQ(h.end->outcome, Outcome::Finished);
  EXPECT_EQ(h.end->seconds, 9.0);
  EXPECT_EQ(h.done(), 1.0);
  EXPECT_TRUE(std::filesystem::exists(dir.path("run/report.html")));
}

TEST(RunLog, EveryNthStepIsEnoughIfAskedSo) {
  const TempDir dir;
  tell_small_run(*run_log({.every = 4, .report = false}), dir.path());
  const auto csv = data::CsvTable::read(dir.path("steps.csv"));
  ASSERT_EQ(csv.size(), 3);
  EXPECT_EQ(csv.field(1, 0), "8");
  EXPECT_FALSE(std::filesystem::exists(dir.path("report.html")));
  EXPECT_EQ(message_of<ValueError>([] { run_log({.every = 0}); }), "run_log: every is 0; it counts steps, 1 or more");
}

TEST(RunLog, AResumedRunGoesOnWithoutWhatCameAfterItsCheckpoint) {
  const TempDir dir;
  {
    const auto log = run_log();
    log->on_start(small_run(dir.path()));
    tell_epochs(*log, 0, 2);
    log->on_message("first life");
  }
  const auto log = run_log();
  RunStart start = small_run(dir.path());
  start.metrics.push_back({.name = "new", .unit = "", .goal = Goal::None});
  start.first_epoch = 1;
  start.first_batch = 2;
  start.first_step = 6;
  log->on_start(start);
  auto csv = data::CsvTable::read(dir.path("steps.csv"));
  ASSERT_EQ(csv.size(), 6);
  EXPECT_EQ(csv.columns().back(), "new");
  EXPECT_EQ(csv.field(5, 0), "6");
  EXPECT_EQ(csv.field(5, 5), "0.16666666666666666");
  EXPECT_EQ(csv.field(5, 8), "");
  EXPECT_EQ(data::CsvTable::read(dir.path("epochs.csv")).size(), 2);

  log->on_step({.epoch = 1, .batch = 2, .step = 7, .metrics = {{"new", 5, 5}}});
  log->on_end({.outcome = Outcome::Stopped, .text = "", .seconds = 1});
  const History h = read_run(dir.path());
  EXPECT_EQ(h.find("loss")->steps.points().size(), 6U);
  EXPECT_EQ(h.find("new")->steps.points().size(), 1U);
  EXPECT_EQ(h.last->step, 7);
}

TEST(RunLog, TheEndOfAnEpochThatWasToldTwiceCountsOnce) {
  const TempDir dir;
  {
    const auto log = run_log();
    log->on_start(small_run(dir.path()));
    tell_epochs(*log, 0, 1);
  }
  const auto log = run_log();
  RunStart start = small_run(dir.path());
  start.first_batch = 4;
  start.first_step = 4;  // saved behind the last batch, before the epoch's end
  log->on_start(start);
  EXPECT_EQ(data::CsvTable::read(dir.path("epochs.csv")).size(), 1);
  log->on_epoch({.split = Split::Train, .epoch = 0, .step = 4, .metrics = {{"loss", 0.5, 0.5}}});
  const History h = read_run(dir.path());
  ASSERT_EQ(h.epochs.size(), 1U);
  EXPECT_EQ(h.epochs[0].metrics[0].epoch, 0.5);
}

TEST(RunLog, ANewRunReplacesTheOldOne) {
  const TempDir dir;
  tell_small_run(*run_log(), dir.path());
  run_log()->on_start(small_run(dir.path()));
  EXPECT_EQ(data::CsvTable::read(dir.path("steps.csv")).size(), 0);
}

TEST(RunLog, WhatIsNotFiniteComesBack) {
  const TempDir dir;
  const auto log = run_log({.every = 1, .report = true});
  log->on_start(small_run(dir.path()));
  constexpr double inf = std::numeric_limits<double>::infinity();
  log->on_step({.step = 1, .metrics = {{"loss", std::nan(""), 0}, {"accuracy", -inf, 0}}});
  log->on_end({.outcome = Outcome::Failed, .text = "the loss is NaN", .seconds = 0});
  const History h = read_run(dir.path());
  EXPECT_TRUE(std::isnan(h.find("loss")->steps.points()[0].y));
  EXPECT_EQ(h.find("accuracy")->steps.points()[0].y, -inf);
  EXPECT_TRUE(h.find("lr")->steps.points().empty());
}

TEST(RunLog, ALineThatAKilledProcessDidNotFinishIsLeftOut) {
  const TempDir dir;
  tell_small_run(*run_log(), dir.path());
  const std::string steps = text_of(dir.path("steps.csv"));
  const std::size_t header = steps.find('\n') + 1;
  for (std::size_t n = header; n < steps.size(); n += 9) {
    write_text(dir, "steps.csv", steps.substr(0, n));
    const auto lines = std::ranges::count(steps.substr(header, n - header), '\n');
    ASSERT_EQ(std::ssize(read_run(dir.path()).find("loss")->steps.points()), lines) << n;
  }
}

TEST(RunLog, MetricsThatNoTableCanHoldAreRefused) {
  const TempDir dir;
  RunStart start = small_run(dir.path());
  start.metrics[0].name = "step";
  EXPECT_EQ(message_of<ValueError>([&] { run_log()->on_start(start); }),
            "run_log: metric \"step\" is named like another column of \"" + dir.path("steps.csv") + "\"");
  start.metrics[0].name = "accuracy";
  EXPECT_EQ(message_of<ValueError>([&] { run_log()->on_start(start); }),
            "run_log: metric \"accuracy\" is named like another column of \"" + dir.path("steps.csv") + "\"");
  EXPECT_EQ(message_of<ValueError>([] { run_log()->on_start(small_run()); }), "run_log: the run has no directory");
}

TEST(RunLog, NamesWithCommasAndQuotesComeBack) {
  const TempDir dir;
  RunStart start = small_run(dir.path());
  start.metrics = {{.name = "a, \"b\"", .unit = "", .goal = Goal::None}};
  const auto log = run_log();
  log->on_start(start);
  log->on_step({.step = 1, .metrics = {{"a, \"b\"", 2, 2}}});
  log->on_end({});
  EXPECT_EQ(read_run(dir.path()).find("a, \"b\"")->steps.points().size(), 1U);
}

// --- Damaged files ----------------------------------------------------------------------------------------------------

std::string refusal(const TempDir& dir) {
  return message_of<FormatError>([&] { read_run(dir.path()); });
}

TEST(RunLog, DamagedTablesAreRefusedWithTheRow) {
  const TempDir dir;
  tell_small_run(*run_log(), dir.path());
  const std::string header = "step,epoch,batch,items,seconds,loss,accuracy,lr\n", path = dir.path("steps.csv");
  const auto with = [&](const std::string& text) {
    write_text(dir, "steps.csv", text);
    return refusal(dir);
  };
  const std::string operation = "read_run \"" + path + "\": ";
  EXPECT_EQ(with(""), operation + "it has no line with the names of the columns");
  EXPECT_EQ(with("step,epoch\n"), operation + "the columns do not begin with those of a run log");
  EXPECT_EQ(with(header + "1,0,0,32,0.5,1,0,0.1\n2,0,x,32,0.5,1,0,0.1\n"),
            operation + "row 2: \"x\" is not a number of steps, epochs, batches or items");
  EXPECT_EQ(with(header + "9223372036854775807,0,0,32,0.5,1,0,0.1\n"),
            operation + "row 1: \"9223372036854775807\" is not a number of steps, epochs, batches or items");
  EXPECT_EQ(with(header + "1,0,0,32,0.5,1e,0,0.1\n"), operation + "row 1: \"1e\" is not a number");
  EXPECT_NE(with(header + "1,0,0\n").find("line 2"), std::string::npos);
  EXPECT_NE(with(header + "1,0,0,\"32\n").find("line 2"), std::string::npos);
  std::filesystem::remove(path);
  EXPECT_EQ(message_of<IoError>([&] { read_run(dir.path()); }), operation + "No such file or directory");
}

TEST(RunLog, DamagedSettingsAreRefused) {
  const TempDir dir;
  tell_small_run(*run_log(), dir.path());
  const std::string whole = text_of(dir.path("run.json")), operation = "read_run \"" + dir.path("run.json") + "\": ";
  for (std::size_t n = 0; n + 2 < whole.size(); n += 37) {
    write_text(dir, "run.json", whole.substr(0, n));
    ASSERT_EQ(refusal(dir), operation + "it is not a JSON object, or is cut off") << n;
  }
  nlohmann::json run = nlohmann::json::parse(whole);
  const auto with = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json changed = run;
    changed[key] = value;
    write_text(dir, "run.json", changed.dump());
    return refusal(dir);
  };
  EXPECT_EQ(with("fornax_run", 2), operation + "its version is 2; this fornax reads version 1");
  EXPECT_EQ(with("name", 1), operation + "\"name\" is missing or not a text");
  EXPECT_EQ(with("epochs", 1.5), operation + "\"epochs\" is missing or not an integer below 2^53");
  EXPECT_EQ(with("epochs", std::uint64_t{1} << 63), operation + "\"epochs\" is missing or not an integer below 2^53");
  EXPECT_EQ(with("metrics", {1}), operation + "\"metrics\" holds what is no object");
  EXPECT_EQ(with("metrics", {{{"name", "a"}, {"unit", ""}, {"goal", "up"}, {"train", true}, {"valid", true}}}),
            operation + "a goal is lower, higher or none, not \"up\"");
  EXPECT_EQ(with("messages", {1}), operation + "\"messages\" holds what is no text");
  EXPECT_EQ(with("end", {{"outcome", "won"}}), operation + "an outcome of this name is not known: \"won\"");
}

TEST(RunLog, AFullDirectoryIsNoDirectory) {
  const TempDir dir;
  write_text(dir, "file", "x");
  EXPECT_NE(message_of<IoError>([&] { run_log()->on_start(small_run(dir.path("file"))); }).find(dir.path("file")),
            std::string::npos);
}

// --- Report -----------------------------------------------------------------------------------------------------------

// The data that stand in a page.
nlohmann::json data_of(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
}

TEST(Report, HoldsTheWholeRun) {
  History h;
  tell_small_run(h);
  const nlohmann::json data = data_of(html_report(h));
  EXPECT_EQ(data["name"], "small run");
  EXPECT_EQ(data["epochs"].size(), 6U);
  EXPECT_EQ(data["metrics"][0]["steps"].size(), 12U);
  EXPECT_EQ(data["metrics"][0]["steps"][1], (nlohmann::json{2, 0.5}));
  EXPECT_EQ(data["metrics"][1]["valid_epochs"][2], (nlohmann::json{12, 90.6667}));
  EXPECT_EQ(data["metrics"][1]["best"]["epoch"], 2);
  EXPECT_EQ(data["config"], "{\n  \"layers\": [\n    4,\n    2\n  ],\n  \"lr\": 0.1\n}");
  EXPECT_EQ(data["end"]["outcome"], "finished");
}

TEST(Report, StandsByItself) {
  History h;
  tell_small_run(h);
  const std::string page = html_report(h);
  for (const char* const elsewhere : {"src=\"", "href=\"", "@import", "url("})
    EXPECT_EQ(page.find(elsewhere), std::string::npos) << elsewhere;
}

TEST(Report, NoTextOfARunBecomesMarkup) {
  const std::string evil = "</script><script>alert(1)</script>\"'&\x01\xff@DATA@";
  History h;
  RunStart start = small_run();
  start.name = start.summary = start.config = evil;
  start.metrics[0].name = start.metrics[0].unit = evil;
  h.on_start(start);
  h.on_step({.step = 1, .metrics = {{evil, 1, 1}}});
  h.on_message(evil);
  h.on_saved({.path = evil, .reason = evil});
  h.on_end({.outcome = Outcome::Failed, .text = evil, .seconds = 0});
  const std::string page = html_report(h);
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  const std::string shown = "</script><script>alert(1)</script>\"'&??@DATA@";
  EXPECT_EQ(data_of(page)["name"], shown);
  EXPECT_EQ(data_of(page)["metrics"][0]["name"], shown);
}

TEST(Report, WorksWithoutChartJs) {
  ::setenv("FORNAX_CHART_JS", "/nowhere/chart.js", 1);
  History h;
  tell_small_run(h);
  const std::string page = html_report(h);
  ::unsetenv("FORNAX_CHART_JS");
  EXPECT_LT(page.size(), 40'000U);
  EXPECT_EQ(data_of(page)["name"], "small run");
}

}  // namespace
}  // namespace fornax::test
