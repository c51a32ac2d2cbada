#include <fornax/train/learner.hpp>

#include <fstream>
#include <set>
#include <stdexcept>

#include <data/files.hpp>
#include <train/circle_run.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

// Notes all that it is told, a line each.
struct Notes : View {
  void on_start(const RunStart& at) override {
    start = at;
    lines.push_back("start");
  }
  void on_step(const StepEnd& at) override {
    lines.push_back(std::string(name_of(at.split)) + " " + std::to_string(at.epoch) + "." + std::to_string(at.batch) +
                    " of " + std::to_string(at.batches));
    steps.push_back(at);
  }
  void on_epoch(const EpochEnd& at) override {
    lines.push_back(std::string("end of ") + name_of(at.split) + " " + std::to_string(at.epoch));
  }
  void on_saved(const CheckpointSaved& at) override {
    lines.push_back("saved");
    saved.push_back(at);
  }
  void on_message(const std::string& text) override { messages.push_back(text); }
  void on_end(const RunEnd& at) override {
    lines.push_back(name_of(at.outcome));
    end = at;
  }
  Request poll() override { return std::exchange(request, {}); }

  std::vector<std::string> lines, messages;
  std::vector<StepEnd> steps;
  std::vector<CheckpointSaved> saved;
  RunStart start;
  RunEnd end;
  Request request;
};

struct Widths {
  std::int64_t width = 1;
  FORNAX_CONFIG(Widths, width)
};

auto sgd() { return optim::Sgd({.lr = 0.05}); }

// --- Training ---------------------------------------------------------------------------------------------------------

TEST(Learner, TrainsInMixedPrecision) {
  for (const DType dtype : {DType::BF16, DType::F16}) {
    auto train = circle_loader(512, 32), valid = circle_loader(256, 64, 2);
    auto builder = LearnerBuilder().metric(Accuracy()).epochs(12).autocast(dtype);
    const auto notes = std::make_shared<Notes>();
    // A scale at which the first gradients overflow.
    if (dtype == DType::F16) builder.loss_scaling({.initial_scale = 0x1p30}).view(notes);
    auto learner = builder.build(circle_net(), optim::Adam({.lr = 2e-2}));
    const auto trained = learner.fit(train, valid);
    EXPECT_GT(trained.value("accuracy"), 0.93) << name(dtype);
    EXPECT_EQ(learner.model().first.weight.dtype(), DType::F32);
    if (dtype == DType::F16) {
      ASSERT_GE(notes->messages.size(), 2U);
      EXPECT_LE(notes->messages.size(), 30U);
      EXPECT_NE(notes->messages[0].find("is not finite; the step is left out"), std::string::npos);
    }
  }
}

TEST(Learner, LossScalingChangesNoGradient) {
  const auto run = [](bool scaled) {
    auto loader = circle_loader(100, 16, 3);
    auto builder = LearnerBuilder().epochs(2).clip(optim::Clip::global_norm(0.1)).accumulate(2);
    if (scaled) builder.loss_scaling({.initial_scale = 1024});
    auto learner = builder.build(circle_net(), sgd());
    learner.fit(loader);
    return learner.model().first.weight.array().to_data();
  };
  EXPECT_EQ(run(true), run(false));  // a power of two
}

TEST(Learner, TrainsAClassifier) {
  auto train = circle_loader(512, 32), valid = circle_loader(256, 64, 2);
  auto learner = LearnerBuilder().metric(Accuracy()).epochs(12).build(circle_net(), optim::Adam({.lr = 2e-2}));
  const auto trained = learner.fit(train, valid);
  EXPECT_EQ(trained.outcome(), Outcome::Finished);
  EXPECT_EQ(learner.step(), 12 * 16);
  EXPECT_LT(trained.value("loss"), 0.25);
  EXPECT_GT(trained.value("accuracy"), 0.9);
  EXPECT_TRUE(std::isnan(trained.value("no such")));
  static_assert(std::same_as<std::remove_cvref_t<decltype(trained.model)>, CircleNet<Plain>>);
  auto test = circle_loader(256, 256, 2);
  const auto values = learner.evaluate(test);
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[1].name, "accuracy");
  EXPECT_NEAR(values[1].value, trained.value("accuracy"), 1e-12);
}

// The loop that a user would write by hand gives the same bits.
TEST(Learner, DoesWhatALoopByHandDoes) {
  auto by_hand = circle_net();
  manual_seed(3);
  auto loader = circle_loader(100, 16, 3);
  auto adam = optim::Adam({.lr = 0.01});
  adam.set_clipping(optim::Clip::global_norm(0.3));
  optim::Scheduler scheduler(adam, optim::step_lr({.step_size = 5}));
  for (int epoch = 0; epoch < 3; ++epoch)
    for (auto& batch : loader) {
      adam.step(by_hand, by_hand.step(batch).loss.backward());
      scheduler.step(adam);
    }
  auto again = circle_loader(100, 16, 3);
  auto learner = LearnerBuilder()
                     .epochs(3)
                     .seed(3)
                     .clip(optim::Clip::global_norm(0.3))
                     .schedule(optim::step_lr({.step_size = 5}))
                     .build(circle_net(), optim::Adam({.lr = 0.01}));
  const auto trained = learner.fit(again);
  const nn::State expected = nn::state_of(by_hand), found = nn::state_of(trained.model);
  for (const auto& [path, array] : expected) EXPECT_EQ(array.to_data(), found.at(path).to_data()) << path;
}

TEST(Learner, AccumulatedBatchesAreOneLargeOne) {
  // Without dropout and batch statistics: the mean of two means of 8 is the mean of 16.
  const auto step = []<class B>(const CircleNet<B>& net, const data::LabelledBatch& batch) {
    const auto x = Tensor<B, 2>::from_data(batch.inputs);
    return functional::cross_entropy(net.second.forward(net.first.forward(x).tanh()),
                                     Tensor<B, 1, Int>::from_data(batch.labels));
  };
  auto large = circle_loader(64, 16, 3), small = circle_loader(64, 8, 3);
  auto one = LearnerBuilder().epochs(2).build(circle_net(), sgd(), step);
  auto two = LearnerBuilder().epochs(2).accumulate(2).build(circle_net(), sgd(), step);
  one.fit(large);
  two.fit(small);
  EXPECT_EQ(one.step(), two.step());
  one.model().first.weight.to_data().assert_approx_eq(two.model().first.weight.to_data(), 1e-5, 1e-6);
}

TEST(Learner, ALastStepMayHaveFewerBatches) {
  auto loader = circle_loader(40, 8, 3);  // 5 batches
  auto learner = LearnerBuilder().epochs(2).accumulate(2).build(circle_net(), sgd());
  learner.fit(loader);
  EXPECT_EQ(learner.step(), 6);
}

TEST(Learner, LbfgsEvaluatesTheStepItself) {
  auto loader = circle_loader(64, 64, 3);
  auto learner =
      LearnerBuilder().epochs(15).build(circle_net(0), optim::Lbfgs({.line_search = optim::LineSearch::StrongWolfe}));
  const auto trained = learner.fit(loader);
  EXPECT_LT(trained.value("loss", Split::Train), 0.05);
  auto clipped = LearnerBuilder().clip(optim::Clip::value(1)).build(circle_net(), optim::Lbfgs());
  EXPECT_EQ(message_of<ValueError>([&] { clipped.fit(loader); }),
            "Learner: Lbfgs evaluates the loss itself: gradients can be neither accumulated nor scaled nor clipped nor "
            "skipped");
}

TEST(Learner, StepsThatAreNotFiniteAreLeftOut) {
  std::vector<data::LabelledBatch> batches;
  auto loader = circle_loader(48, 16, 3);
  for (auto& batch : loader) batches.push_back(batch);
  batches[1].inputs.values<float>()[0] = std::numeric_limits<float>::infinity();
  const auto notes = std::make_shared<Notes>();
  auto learner = LearnerBuilder().skip_non_finite().view(notes).build(
      circle_net(), sgd(), []<class B>(const CircleNet<B>& net, const data::LabelledBatch& batch) {
        return net.first.forward(Tensor<B, 2>::from_data(batch.inputs)).square().mean();
      });
  learner.fit(batches);
  ASSERT_EQ(notes->messages.size(), 1U);
  EXPECT_TRUE(notes->messages[0].starts_with("step 2: the gradient of \"first.")) << notes->messages[0];
  for (float w : learner.model().first.weight.to_data().to_vector<float>()) EXPECT_TRUE(std::isfinite(w));
}

TEST(Learner, AveragesAreWhatIsValidatedAndGivenBack) {
  auto train = circle_loader(64, 16, 3), valid = circle_loader(48, 16, 4);
  auto learner = LearnerBuilder().epochs(2).ema({.decay = 0.5}).build(circle_net(), sgd());
  const auto trained = learner.fit(train, valid);
  const auto weight = trained.model.first.weight.to_data();
  EXPECT_FALSE(weight == learner.model().first.weight.to_data());
  auto same = circle_loader(48, 16, 4);
  EXPECT_NEAR(learner.evaluate(same)[0].value, trained.value("loss"), 1e-6);  // batches are shuffled
  double loss = 0;
  for (auto& batch : same) loss += trained.model.step(batch).loss.template into_scalar<double>() / 3;
  EXPECT_NEAR(loss, trained.value("loss"), 1e-6);
}

TEST(Learner, SchedulesGoOnPerStepOrPerEpoch) {
  for (const Per per : {Per::Step, Per::Epoch}) {
    auto loader = circle_loader(32, 16, 3);
    std::vector<double> rates;
    auto learner = LearnerBuilder()
                       .metric(LearningRate())
                       .epochs(2)
                       .schedule(optim::exponential_lr({.gamma = 0.5}), per)
                       .on_step([&](const StepEnd& end) { rates.push_back(end.metrics.at(1).value); })
                       .build(circle_net(), optim::Sgd({.lr = 8}));
    learner.fit(loader);
    EXPECT_EQ(rates, per == Per::Step ? (std::vector<double>{8, 4, 2, 1}) : (std::vector<double>{8, 8, 4, 4}));
  }
}

// A loss that the model has no influence on, the same in each epoch.
auto flat_loss() {
  return
      []<class B>(const CircleNet<B>& net, const data::LabelledBatch&) { return net.first.weight.sum() * 0.0 + 1.0; };
}

TEST(Learner, APlateauLowersTheRate) {
  auto loader = circle_loader(16, 16, 3);
  auto learner = LearnerBuilder()
                     .epochs(5)
                     .plateau({.split = Split::Train, .config = {.factor = 0.5, .patience = 1}})
                     .view(std::make_shared<Notes>())
                     .build(circle_net(), optim::Sgd({.lr = 8}), flat_loss());
  learner.fit(loader);
  EXPECT_EQ(learner.optimizer().lr(), 2);  // after epochs 3 and 5
  EXPECT_THROW(LearnerBuilder().plateau({}).schedule(optim::fixed_lr()).build(circle_net(), sgd()), ValueError);
}

// --- Stopping ---------------------------------------------------------------------------------------------------------

TEST(EarlyStopping, WaitsForImprovement) {
  EarlyStopping stopping({.goal = Goal::Lower, .patience = 2, .warm_up = 1, .min_delta = 0.1});
  EXPECT_FALSE(stopping.update(0));  // warming up
  EXPECT_FALSE(stopping.update(1));
  EXPECT_FALSE(stopping.update(0.95));  // better, but by too little
  EXPECT_FALSE(stopping.update(0.8));
  EXPECT_FALSE(stopping.update(std::numeric_limits<double>::quiet_NaN()));
  EarlyStopping other({.goal = Goal::Lower, .patience = 2});
  other.load_state(stopping.state());
  EXPECT_EQ(other.best(), 0.8);
  EXPECT_TRUE(stopping.update(0.9));
  EXPECT_TRUE(other.update(0.9));
  EXPECT_THROW(EarlyStopping({.patience = 0}), ValueError);
  EXPECT_TRUE(is_better(Goal::Higher, 2, 1));
  EXPECT_FALSE(is_better(Goal::None, 2, 1));
}

TEST(Learner, StopsEarly) {
  auto loader = circle_loader(16, 16, 3);
  const auto notes = std::make_shared<Notes>();
  const TempDir directory;
  const auto build = [&](LearnerBuilder builder) {
    return builder.epochs(50)
        .early_stopping({.split = Split::Train, .patience = 3})
        .view(notes)
        .build(circle_net(), sgd(), flat_loss());
  };
  auto learner = build(LearnerBuilder(directory.path()));
  const auto trained = learner.fit(loader);
  EXPECT_EQ(trained.outcome(), Outcome::StoppedEarly);
  EXPECT_EQ(learner.epoch(), 4);
  EXPECT_EQ(notes->end.text, "train loss has not improved for 3 epochs");
  // Gone on with, it ends at once.
  auto resumed = build(LearnerBuilder(directory.path()).resume());
  EXPECT_EQ(resumed.fit(loader).outcome(), Outcome::StoppedEarly);
  EXPECT_EQ(resumed.epoch(), 4);
}

TEST(Learner, RulesNameMetricsAndSplitsThatAreThere) {
  auto train = circle_loader(32, 16, 3), valid = circle_loader(32, 16, 4);
  const TempDir directory;
  const auto refusal = [&](LearnerBuilder& builder) {
    auto learner = builder.build(circle_net(), sgd());
    return message_of<ValueError>([&] { learner.fit(train); });
  };
  EXPECT_EQ(refusal(LearnerBuilder().early_stopping({})),
            "Learner: early stopping is to follow the valid loss, and there is no such loader");
  EXPECT_EQ(refusal(LearnerBuilder().early_stopping({.metric = "acuracy", .split = Split::Train})),
            "Learner: there is no train metric \"acuracy\"; known are loss");
  EXPECT_EQ(refusal(LearnerBuilder().metric(Throughput()).early_stopping({.metric = "speed", .split = Split::Train})),
            "Learner: early stopping: whether more or less of \"speed\" is better is not known; set its goal");
  EXPECT_EQ(refusal(LearnerBuilder().checkpoint(keep_last(2))),
            "Learner: there are rules for checkpoints, and no directory for them; LearnerBuilder(directory) names it");
  EXPECT_EQ(refusal(LearnerBuilder(directory.path()).checkpoint(every_steps(0))),
            "CheckpointRule: \"every 0 steps\", keep 1: both numbers must be positive");
  EXPECT_EQ(
      message_of<ValueError>([] { LearnerBuilder().metric(Accuracy()).metric(Accuracy()).build(circle_net(), sgd()); }),
      "LearnerBuilder: there are two metrics \"accuracy\"; metric(m, name) gives one another name");
  auto named = LearnerBuilder().metric(Accuracy()).metric(Accuracy(), "again").build(circle_net(), sgd());
  named.fit(train, valid);
  EXPECT_EQ(named.metric("accuracy").value(), named.metric("again").value());
}

// --- Checkpoints ------------------------------------------------------------------------------------------------------

std::set<std::string> names_in(const std::string& directory) {
  std::set<std::string> names;
  for (const std::string& path : checkpoints_in(directory)) names.insert(path.substr(path.rfind('/') + 1));
  return names;
}

TEST(Checkpoints, EachRuleKeepsItsOwn) {
  const TempDir directory;
  auto loader = circle_loader(64, 16, 3);  // 4 steps an epoch
  const auto notes = std::make_shared<Notes>();
  // The loss of the epochs: 3, 1, 2, 4, 5.
  const auto epoch = std::make_shared<std::size_t>(0);
  auto learner = LearnerBuilder(directory.path())
                     .epochs(5)
                     .view(notes)
                     .checkpoint(keep_last(1))
                     .checkpoint(keep_best("loss", 2, Split::Train))
                     .checkpoint(every_steps(7))
                     .on_epoch([=](const EpochEnd&) { ++*epoch; })
                     .build(circle_net(), sgd(), [=]<class B>(const CircleNet<B>& net, const data::LabelledBatch&) {
                       const double values[] = {3, 1, 2, 4, 5};
                       return net.first.weight.sum() * 0.0 + values[*epoch];
                     });
  const auto trained = learner.fit(loader);
  // The last is of step 20, the best of steps 8 and 12, the last seventh one of step 14.
  EXPECT_EQ(names_in(directory.path()),
            (std::set<std::string>{"step-00000008.safetensors", "step-00000012.safetensors",
                                   "step-00000014.safetensors", "step-00000020.safetensors"}));
  EXPECT_EQ(trained.best_checkpoint, directory.path("checkpoints/step-00000008.safetensors"));
  EXPECT_EQ(trained.last_checkpoint, directory.path("checkpoints/step-00000020.safetensors"));
  std::vector<std::string> reasons;
  for (const CheckpointSaved& saved : notes->saved) reasons.push_back(std::to_string(saved.step) + ": " + saved.reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{"4: every epoch, best train loss", "7: every 7 steps",
                                               "8: every epoch, best train loss", "12: every epoch, best train loss",
                                               "14: every 7 steps", "16: every epoch", "20: every epoch"}));
}

TEST(Checkpoints, WithoutRulesTheLastTwoAndTheBestAreKept) {
  const TempDir directory;
  auto train = circle_loader(64, 16, 3), valid = circle_loader(48, 16, 4);
  auto learner = LearnerBuilder(directory.path()).epochs(5).build(circle_net(), optim::Adam({.lr = 0.02}));
  const auto trained = learner.fit(train, valid);
  const auto names = names_in(directory.path());
  EXPECT_TRUE(names.contains("step-00000016.safetensors") && names.contains("step-00000020.safetensors"));
  EXPECT_LE(names.size(), 3U);
  EXPECT_FALSE(trained.best_checkpoint.empty());
}

TEST(Checkpoints, FilesOfRulesThatAreGoneStay) {
  const TempDir directory;
  auto loader = circle_loader(64, 16, 3);
  auto first = LearnerBuilder(directory.path()).checkpoint(every_steps(3)).build(circle_net(), sgd());
  first.fit(loader);  // steps 3 and, at the end, 4
  auto second = LearnerBuilder(directory.path()).epochs(3).checkpoint(keep_last(1)).resume().build(circle_net(), sgd());
  second.fit(loader);
  EXPECT_EQ(names_in(directory.path()), (std::set<std::string>{"step-00000003.safetensors", "step-00000004.safetensors",
                                                               "step-00000012.safetensors"}));
}

TEST(Checkpoints, TimeIsARuleToo) {
  const TempDir directory;
  const auto notes = std::make_shared<Notes>();
  auto loader = circle_loader(64, 16, 3);
  auto learner =
      LearnerBuilder(directory.path()).view(notes).checkpoint(every_seconds(1e-9)).build(circle_net(), sgd());
  learner.fit(loader);
  EXPECT_EQ(notes->saved.size(), 5U) << "each step, and the end";
  EXPECT_EQ(every_seconds(90).reason(), "every 90 seconds");
}

TEST(Checkpoints, WeightsAreLoadedForInference) {
  const TempDir directory;
  auto loader = circle_loader(64, 16, 3);
  for (const bool averaged : {false, true}) {
    LearnerBuilder builder(directory.path(averaged ? "averaged" : "plain"));
    if (averaged) builder.ema({.decay = 0.5});
    auto learner = builder.epochs(2).build(circle_net(), sgd());
    const auto trained = learner.fit(loader);
    auto net = nn::valid(circle_net());
    EXPECT_TRUE(load_weights(directory.path(averaged ? "averaged" : "plain"), net).complete());
    EXPECT_EQ(net.first.weight.to_data(), trained.model.first.weight.to_data());
    EXPECT_EQ(net.norm.running_mean.get().to_data(), trained.model.norm.running_mean.get().to_data());
    EXPECT_EQ(net.first.weight.to_data() == learner.model().first.weight.to_data(), !averaged);
  }
  auto net = nn::valid(circle_net());
  EXPECT_THROW(load_weights(directory.path(), net), IoError);
  io::save_model(directory.path("other"), net);
  EXPECT_EQ(message_of<FormatError>([&] { load_weights(directory.path("other"), net); }),
            "Learner: the checkpoint does not say its step: it is none of a Learner");
}

TEST(Checkpoints, ARunGoesOnWhereNoneCanBeWritten) {
  const TempDir directory;
  const std::string file = directory.path("file");
  std::ofstream(file) << "not a directory";
  const auto notes = std::make_shared<Notes>();
  auto loader = circle_loader(64, 16, 3);
  auto learner = LearnerBuilder(file).view(notes).build(circle_net(), sgd());
  EXPECT_EQ(learner.fit(loader).outcome(), Outcome::Finished);
  ASSERT_FALSE(notes->messages.empty());
  EXPECT_TRUE(notes->messages[0].starts_with("no checkpoint was written, and the run goes on without: "))
      << notes->messages[0];
}

// --- Views ------------------------------------------------------------------------------------------------------------

TEST(Views, AreToldOfEverythingInOrder) {
  const TempDir directory;
  const auto notes = std::make_shared<Notes>();
  auto train = circle_loader(32, 16, 3), valid = circle_loader(16, 16, 4);
  auto learner = LearnerBuilder(directory.path("run-7"))
                     .metric(Accuracy())
                     .metric(Auroc())
                     .metric(LearningRate())
                     .epochs(1)
                     .view(notes)
                     .config(Widths{.width = 3})
                     .build(circle_net(), sgd());
  learner.fit(train, valid);
  EXPECT_EQ(notes->lines, (std::vector<std::string>{"start", "train 0.0 of 2", "train 0.1 of 2", "end of train 0",
                                                    "valid 0.0 of 1", "end of valid 0", "saved", "finished"}));
  EXPECT_EQ(notes->start.name, "run-7");
  EXPECT_EQ(notes->start.epochs, 1);
  EXPECT_NE(notes->start.summary.find("BatchNorm"), std::string::npos);
  EXPECT_NE(notes->start.config.find("\"width\": 3"), std::string::npos) << notes->start.config;
  EXPECT_NE(notes->start.config.find("\"name\": \"Sgd\""), std::string::npos);
  ASSERT_EQ(notes->start.metrics.size(), 4U);
  EXPECT_EQ(notes->start.metrics[3].name, "lr");
  EXPECT_FALSE(notes->start.metrics[3].valid);
  // Of steps: loss, accuracy, rate; the area under the curve is known at the end only.
  ASSERT_EQ(notes->steps.size(), 3U);
  EXPECT_EQ(notes->steps[1].metrics.size(), 3U);
  EXPECT_EQ(notes->steps[1].items, 16);
  EXPECT_NEAR(notes->steps[1].metrics[0].epoch,
              (notes->steps[0].metrics[0].value + notes->steps[1].metrics[0].value) / 2, 1e-12);
  EXPECT_EQ(notes->steps[2].metrics.size(), 2U);
  EXPECT_EQ(notes->end.text, "1 epoch, 2 steps");
}

TEST(Views, AskForAnEndOrACheckpoint) {
  const TempDir directory;
  const auto notes = std::make_shared<Notes>();
  auto loader = circle_loader(64, 16, 3);
  auto learner = LearnerBuilder(directory.path())
                     .epochs(5)
                     .view(notes)
                     .on_step([&](const StepEnd& end) {
                       if (end.step == 2) notes->request.save = true;
                       if (end.step == 3) notes->request.stop = true;
                     })
                     .build(circle_net(), sgd());
  EXPECT_EQ(learner.fit(loader).outcome(), Outcome::Stopped);
  ASSERT_EQ(notes->saved.size(), 2U);
  EXPECT_EQ(notes->saved[0].step, 2);
  EXPECT_EQ(notes->saved[0].reason, "asked for");
  EXPECT_EQ(notes->saved[1].step, 3);
  EXPECT_EQ(names_in(directory.path()).size(), 1U) << "of those asked for, the last is kept";
}

TEST(Views, OneThatThrowsIsLeftOut) {
  struct Faulty : View {
    explicit Faulty(std::string when) : fails(std::move(when)) {}
    void fail(const std::string& at) {
      ++calls;
      if (at == fails) throw std::runtime_error("cannot " + at);
    }
    void on_start(const RunStart&) override { fail("start"); }
    void on_step(const StepEnd&) override { fail("step"); }
    void on_epoch(const EpochEnd&) override { fail("epoch"); }
    void on_message(const std::string&) override { fail("message"); }
    Request poll() override {
      if (fails == "poll") throw 7;
      return {};
    }
    std::string fails;
    int calls = 0;
  };
  auto loader = circle_loader(64, 16, 3);
  const auto notes = std::make_shared<Notes>();
  const auto step = std::make_shared<Faulty>("step");
  LearnerBuilder builder;
  builder.view(step).view(std::make_shared<Faulty>("start")).view(std::make_shared<Faulty>("message")).view(notes);
  builder.view(std::make_shared<Faulty>("poll"));
  auto learner = builder.build(circle_net(), sgd());
  EXPECT_EQ(learner.fit(loader).outcome(), Outcome::Finished);
  EXPECT_EQ(step->calls, 4) << "the start, the messages of the two that fail at it and at that message, the first step";
  const std::set<std::string> messages(notes->messages.begin(), notes->messages.end());
  EXPECT_EQ(messages,
            (std::set<std::string>{"a view failed and is left out from here on: cannot start",
                                   "a view failed and is left out from here on: cannot message",
                                   "a view failed and is left out from here on: cannot step",
                                   "a view failed and is left out from here on: an exception of unknown type"}));
  EXPECT_EQ(notes->messages.size(), 4U);
  EXPECT_EQ(notes->end.outcome, Outcome::Finished);
}

TEST(Views, AStepThatThrowsEndsTheRun) {
  auto loader = circle_loader(64, 16, 3);
  const auto notes = std::make_shared<Notes>();
  auto learner = LearnerBuilder().view(notes).build(circle_net(), sgd(),
                                                    []<class B>(const CircleNet<B>& net, const data::LabelledBatch&) {
                                                      if (net.first.weight.shape()[0] == 2)
                                                        throw std::runtime_error("no more");
                                                      return net.first.weight.sum();
                                                    });
  EXPECT_THROW(learner.fit(loader), std::runtime_error);
  EXPECT_EQ(notes->end.outcome, Outcome::Failed);
  EXPECT_EQ(notes->end.text, "no more");
  EXPECT_EQ(notes->lines, (std::vector<std::string>{"start", "failed"}));
}

}  // namespace
}  // namespace fornax::test
