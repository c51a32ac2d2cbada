// A run that was stopped anywhere and goes on in another process ends with the same bits as one that was not.

#include <filesystem>
#include <fstream>
#include <random>

#include <support/process.hpp>

#include <data/files.hpp>
#include <train/circle_run.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

// The newest checkpoint, without what may differ: the time, and which files are kept for whom.
io::Record last_of(const std::string& directory) {
  io::Record record = io::load_checkpoint(latest_checkpoint(directory));
  EXPECT_EQ(record.metadata.erase("learner.milliseconds"), 1U);
  EXPECT_EQ(record.metadata.erase("learner.checkpoints"), 1U);
  return record;
}

void expect_same_end(const std::string& a, const std::string& b, const std::string& what) {
  const io::Record first = last_of(a), second = last_of(b);
  EXPECT_EQ(first.metadata, second.metadata) << what;
  ASSERT_EQ(first.arrays.size(), second.arrays.size()) << what;
  EXPECT_GE(first.arrays.size(), 18U);
  for (const auto& [name, array] : first.arrays)
    EXPECT_EQ(array.to_data(), second.arrays.at(name).to_data()) << what << ": " << name;
}

int run(const std::string& directory, const char* optimizer, int steps) {
  return Child({FORNAX_TRAIN_RUNNER, directory, optimizer, std::to_string(steps), "0"}).wait();
}

class AnotherProcess : public testing::TestWithParam<const char*> {};

// Four steps of two batches (the last of one) make an epoch: 9 steps are two epochs and a part.
TEST_P(AnotherProcess, GoesOnWithTheSameBits) {
  const TempDir directory;
  const std::string whole = directory.path("whole"), halves = directory.path("halves");
  ASSERT_EQ(run(whole, GetParam(), 18), 0);
  ASSERT_EQ(run(halves, GetParam(), 9), 0);
  EXPECT_NE(last_of(halves).metadata.at("learner.step"), last_of(whole).metadata.at("learner.step"));
  ASSERT_EQ(run(halves, GetParam(), 18), 0);
  EXPECT_EQ(last_of(halves).metadata.at("learner.step"), "18");
  expect_same_end(whole, halves, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Resume, AnotherProcess, testing::Values("Sgd", "Adam", "AdamW", "RmsProp", "Lbfgs"),
                         [](const auto& at) { return std::string(at.param); });

// After each batch of training and of validation in the first epoch, and at the beginning of the second.
TEST(Resume, AnyBatchIsAPlaceToStop) {
  const TempDir directory;
  const auto build = [](const std::string& where) {
    return circle_run(where).build(circle_net(), optim::Adam({.lr = 0.01}));
  };
  auto whole = build(directory.path("whole"));
  EXPECT_EQ(fit_circle(whole).outcome(), Outcome::Finished);
  for (std::int64_t stop = 1; stop <= kTrainBatches + kValidBatches + 2; ++stop) {
    const std::string where = directory.path(std::to_string(stop));
    std::int64_t batches = 0;
    {
      Interrupter interrupter;
      auto builder = circle_run(where);
      auto stopped = builder
                         .on_step([&](const StepEnd&) {
                           if (++batches == stop) interrupter.stop();
                         })
                         .build(circle_net(), optim::Adam({.lr = 0.01}));
      interrupter = stopped.interrupter();
      ASSERT_EQ(fit_circle(stopped).outcome(), Outcome::Stopped) << stop;
      ASSERT_EQ(batches, stop);
    }
    manual_seed(1000);  // what else the process does to the default generator does not matter
    auto resumed = build(where);
    ASSERT_EQ(fit_circle(resumed).outcome(), Outcome::Finished) << stop;
    expect_same_end(directory.path("whole"), where, "stopped after batch " + std::to_string(stop));
    std::filesystem::remove_all(where);
  }
}

TEST(Resume, TheSameLearnerGoesOnToo) {
  const TempDir directory;
  auto whole = circle_run(directory.path("whole")).build(circle_net(), optim::Adam({.lr = 0.01}));
  fit_circle(whole);
  auto train = circle_loader(100, 16, 3), valid = circle_loader(48, 16, 4);
  Interrupter interrupter;
  int batches = 0;
  auto learner = circle_run(directory.path("parts"))
                     .on_step([&](const StepEnd&) {
                       if (++batches % 6 == 0) interrupter.stop();
                     })
                     .build(circle_net(), optim::Adam({.lr = 0.01}));
  interrupter = learner.interrupter();
  int calls = 1;
  while (learner.fit(train, valid).outcome() == Outcome::Stopped) ++calls;
  EXPECT_GT(calls, 3);
  expect_same_end(directory.path("whole"), directory.path("parts"), "in parts");
}

TEST(Resume, LoadersThatKnowNoPlaceAreReadAgain) {
  const TempDir directory;
  std::vector<data::LabelledBatch> train, valid;
  auto loader = circle_loader(100, 16, 3);
  for (auto& batch : loader) train.push_back(batch);
  valid.assign(train.begin(), train.begin() + 2);
  auto whole = circle_run(directory.path("whole")).build(circle_net(), optim::Sgd({.lr = 0.1}));
  whole.fit(train, valid);
  auto half = circle_run(directory.path("half")).max_steps(6).build(circle_net(), optim::Sgd({.lr = 0.1}));
  half.fit(train, valid);
  auto resumed = circle_run(directory.path("half")).build(circle_net(), optim::Sgd({.lr = 0.1}));
  resumed.fit(train, valid);
  EXPECT_EQ(resumed.step(), 16);
  expect_same_end(directory.path("whole"), directory.path("half"), "a vector");
}

TEST(Resume, GeneratorsOfTheUsersAreSaved) {
  const TempDir directory;
  const auto fit = [&](const std::string& name, std::int64_t steps) {
    Generator noise(5);
    auto builder = LearnerBuilder(directory.path(name));
    builder.epochs(3).max_steps(steps).resume().generator(noise);
    auto learner = builder.build(circle_net(), optim::AdamW(),
                                 [&]<class B>(const CircleNet<B>& net, const data::LabelledBatch& batch) {
                                   const auto x = Tensor<B, 2>::from_data(batch.inputs);
                                   const auto y = Tensor<B, 1, Int>::from_data(batch.labels);
                                   const auto z = Tensor<B, 2>::random(x.shape(), Distribution::normal(0, 0.1), noise);
                                   return functional::cross_entropy(net.forward(x + z), y);
                                 });
    fit_circle(learner);
    return noise.offset();
  };
  const std::uint64_t end = fit("whole", 16);
  EXPECT_GT(end, fit("half", 8));
  EXPECT_EQ(end, fit("half", 16));
  expect_same_end(directory.path("whole"), directory.path("half"), "noise");
}

// --- Damage -----------------------------------------------------------------------------------------------------------

TEST(Resume, ADamagedNewestCheckpointIsPassedOver) {
  const TempDir directory;
  std::string last;
  {
    auto learner = circle_run(directory.path()).build(circle_net(), optim::Sgd({.lr = 0.1}));
    last = fit_circle(learner).last_checkpoint;
  }
  ASSERT_EQ(last, latest_checkpoint(directory.path()));
  std::filesystem::resize_file(last, std::filesystem::file_size(last) - 1);
  EXPECT_NE(latest_checkpoint(directory.path()), last);

  struct Listener : View {
    void on_message(const std::string& text) override { messages += text + "\n"; }
    void on_start(const RunStart& start) override { first_epoch = start.first_epoch; }
    std::string messages;
    std::int64_t first_epoch = -1;
  };
  const auto listener = std::make_shared<Listener>();
  auto learner = circle_run(directory.path()).view(listener).build(circle_net(), optim::Sgd({.lr = 0.1}));
  EXPECT_EQ(fit_circle(learner).outcome(), Outcome::Finished);
  EXPECT_EQ(listener->first_epoch, 3) << "of 4; the checkpoint after the last one was damaged";
  EXPECT_NE(listener->messages.find("a checkpoint is damaged, and the one before it is taken: read_safetensors"),
            std::string::npos)
      << listener->messages;

  for (const std::string& path : checkpoints_in(directory.path())) std::filesystem::resize_file(path, 20);
  auto lost = circle_run(directory.path()).view(listener).build(circle_net(), optim::Sgd({.lr = 0.1}));
  EXPECT_EQ(message_of<FormatError>([&] { fit_circle(lost); }),
            "Learner: none of the checkpoints in \"" + directory.path() + "\" is intact");
}

TEST(Resume, AnotherModelOrOptimizerIsRefused) {
  const TempDir directory;
  auto learner = circle_run(directory.path()).build(circle_net(), optim::Sgd({.lr = 0.1}));
  fit_circle(learner);
  auto other = circle_run(directory.path()).build(circle_net(), optim::Adam());
  EXPECT_EQ(message_of<ValueError>([&] { fit_circle(other); }), "load_state: the state is of Sgd, not of Adam");
  auto net = circle_net();
  net.first = nn::LinearConfig{.d_input = 2, .d_output = 8}.init<Diff>();
  auto smaller = circle_run(directory.path()).build(net, optim::Sgd({.lr = 0.1}));
  EXPECT_THROW(fit_circle(smaller), ValueError);
}

TEST(Resume, AnOldRunIsNotMixedWithANewOne) {
  const TempDir directory;
  auto first = circle_run(directory.path()).build(circle_net(), optim::Sgd({.lr = 0.1}));
  fit_circle(first);
  auto second = circle_run(directory.path()).resume(false).build(circle_net(), optim::Sgd({.lr = 0.1}));
  EXPECT_EQ(message_of<ValueError>([&] { fit_circle(second); }),
            "Learner: \"" + directory.path() +
                "\" has checkpoints of another run; resume() goes on from them, overwrite() removes them");
  auto third =
      circle_run(directory.path()).resume(false).overwrite().epochs(1).build(circle_net(), optim::Sgd({.lr = 0.1}));
  fit_circle(third);
  EXPECT_EQ(checkpoints_in(directory.path()).size(), 1U);
}

// --- Signals ----------------------------------------------------------------------------------------------------------

TEST(Signals, TheFirstSavesAndTellsHowToGoOn) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const TempDir directory;
    const std::string whole = directory.path("whole"), parts = directory.path("parts");
    ASSERT_EQ(run(whole, "Adam", 12), 0);
    Child child({FORNAX_TRAIN_RUNNER, parts, "Adam", "12", "3000"});
    ASSERT_TRUE(child.read_until("3"));
    child.send(signal);
    std::string line, last;
    while (!(line = child.read_line()).empty()) last = line;
    const int status = child.wait();
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(Outcome::Interrupted));
    EXPECT_TRUE(last.starts_with("end: interrupted: interrupted after step ")) << last;
    EXPECT_TRUE(last.ends_with("; run it again with resume() to go on")) << last;
    EXPECT_NE(last.find(latest_checkpoint(parts)), std::string::npos) << last;
    ASSERT_EQ(run(parts, "Adam", 12), 0);
    expect_same_end(whole, parts, "after a signal");
  }
}

TEST(Signals, TheSecondEndsAtOnce) {
  const TempDir directory;
  Child child({FORNAX_TRAIN_RUNNER, directory.path(), "Adam", "100", "20000000"});
  child.read_line();
  child.send(SIGINT);
  ::usleep(50'000);
  child.send(SIGINT);
  const int status = child.wait();  // within the 20 s that a batch takes
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST(Signals, HandlersComeBack) {
  static int calls = 0;
  struct sigaction mine {
  }, before{}, after{};
  mine.sa_handler = [](int) { ++calls; };
  ASSERT_EQ(::sigaction(SIGTERM, &mine, &before), 0);
  auto learner = LearnerBuilder()
                     .on_step([](const StepEnd& end) {
                       if (end.step == 2) ::raise(SIGTERM);
                     })
                     .build(circle_net(), optim::Sgd({.lr = 0.1}));
  EXPECT_EQ(fit_circle(learner).outcome(), Outcome::Interrupted);
  EXPECT_EQ(learner.step(), 2);
  EXPECT_EQ(calls, 0);
  ASSERT_EQ(::sigaction(SIGTERM, &before, &after), 0);
  EXPECT_EQ(after.sa_handler, mine.sa_handler);
}

// Killed at any moment, the run loses no more than the step it was at.
TEST(Signals, AKilledRunGoesOnFromItsLastStep) {
  const TempDir directory;
  const std::string whole = directory.path("whole"), killed = directory.path("killed");
  std::mt19937_64 random(3);
  std::int64_t saved = 0;
  std::uint64_t window = 20'000;  // microseconds
  for (int kill = 0; kill < 12; ++kill) {
    Child child({FORNAX_TRAIN_RUNNER, killed, "Adam", "100000", "0"});
    const std::string first = child.read_line();
    ASSERT_FALSE(first.empty());
    std::int64_t reported = std::stoll(first);
    EXPECT_LE(saved, reported);
    ::usleep(static_cast<useconds_t>(random() % window));
    child.send(SIGKILL);
    for (std::string line; !(line = child.read_line()).empty() && line.find(':') == std::string::npos;)
      reported = std::stoll(line);
    EXPECT_TRUE(WIFSIGNALED(child.wait()));
    const std::string latest = latest_checkpoint(killed);
    if (latest.empty()) {  // it was killed before it could save: a busy machine needs longer
      window *= 2;
      continue;
    }
    saved = std::stoll(io::load_checkpoint(latest).metadata.at("learner.step"));
    EXPECT_GE(saved, reported - 1) << "a step is told of, then saved";
  }
  ASSERT_GT(saved, 0);
  const std::string steps = std::to_string(saved + 5);
  ASSERT_EQ(run(killed, "Adam", std::stoi(steps)), 0);
  ASSERT_EQ(run(whole, "Adam", std::stoi(steps)), 0);
  expect_same_end(whole, killed, "after kills");
  // What was half written, and what no rule keeps, is gone.
  for (const auto& entry : std::filesystem::directory_iterator(killed + "/checkpoints"))
    EXPECT_EQ(entry.path().extension(), ".safetensors") << entry.path();
}

}  // namespace
}  // namespace fornax::test
