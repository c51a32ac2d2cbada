#include <fornax/train/loop.hpp>

#include <algorithm>
#include <filesystem>

#include <fornax/array/error.hpp>
#include <fornax/nn/config.hpp>

namespace fornax::train::detail {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Split kSplits[] = {Split::Train, Split::Valid, Split::Test};

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool has(const Metric& metric, Split split) {
  return split == Split::Train ? metric.info().train : metric.info().valid;
}

}  // namespace

Loop::Loop(Settings settings) : settings_(std::move(settings)) {
  nn::require_not_negative("LearnerBuilder", "epochs", settings_.epochs);
  nn::require_positive("LearnerBuilder", "accumulate", settings_.accumulate);
  if (settings_.schedule && settings_.plateau)
    throw ValueError("LearnerBuilder",
                     "there are a schedule and a plateau rule, and both set the rate; one of them would fit");
  if (settings_.stopping) stopping_.emplace(*settings_.stopping);
  if (settings_.ema) ema_.emplace(*settings_.ema);
  if (settings_.loss_scaling) scaler_.emplace(*settings_.loss_scaling);
  for (Split split : kSplits) {
    auto& all = metrics(split);
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (all[i]->name() == all[j]->name())
          throw ValueError("LearnerBuilder",
                           "there are two metrics \"" + all[i]->name() + "\"; metric(m, name) gives one another name");
    std::erase_if(all, [&](const auto& metric) { return !has(*metric, split); });
  }
}

const Metric& Loop::metric(const std::string& name, Split split) const {
  std::string known;
  for (const auto& metric : settings_.metrics[static_cast<std::size_t>(split)]) {
    if (metric->name() == name) return *metric;
    known += (known.empty() ? "" : ", ") + metric->name();
  }
  throw ValueError("Learner",
                   std::string("there is no ") + name_of(split) + " metric \"" + name + "\"; known are " + known);
}

double Loop::seconds() const { return seconds_before_ + since(began_); }

void Loop::swap_average(Task& task) {
  if (ema_ && ema_->updates() > 0) {
    nn::Parameters parameters = task.parameters();
    ema_->swap(parameters);
  }
}

// --- The beginning ----------------------------------------------------------------------------------------------------

// What depends on the loaders: the splits and goals of rules.
void Loop::resolve(Task& task) {
  const auto check = [&](const char* rule, const std::string& name, Split split) {
    if (split == Split::Test || (split == Split::Valid && !task.has(Split::Valid)))
      throw ValueError("Learner", std::string(rule) + " is to follow the " + name_of(split) + " " + name +
                                      ", and there is no such loader");
    return metric(name, split).info().goal;
  };
  const auto goal_for = [&](const char* rule, const std::string& name, Split split, Goal given) {
    const Goal own = check(rule, name, split);
    if (given == Goal::None && own == Goal::None)
      throw ValueError("Learner", std::string(rule) + ": whether more or less of \"" + name +
                                      "\" is better is not known; set its goal");
    return given == Goal::None ? own : given;
  };
  if (stopping_) {
    const EarlyStoppingConfig& config = stopping_->config();
    stopping_->set_goal(goal_for("early stopping", config.metric, config.split, config.goal));
  }
  if (settings_.plateau) {
    PlateauRule& rule = *settings_.plateau;
    if (check("the plateau rule", rule.metric, rule.split) == Goal::Higher) rule.config.mode = optim::Better::Max;
    plateau_.emplace(rule.config);
  }
  if (settings_.directory.empty()) {
    if (settings_.checkpoints && !settings_.checkpoints->empty())
      throw ValueError(
          "Learner", "there are rules for checkpoints, and no directory for them; LearnerBuilder(directory) names it");
    return;
  }
  // As Burn has it: the last two, and the best.
  if (!settings_.checkpoints)
    settings_.checkpoints = {keep_last(2), keep_best("loss", 1, task.has(Split::Valid) ? Split::Valid : Split::Train)};
  for (CheckpointRule& rule : *settings_.checkpoints)
    if (rule.when == CheckpointRule::When::Best) rule.goal = goal_for("keep_best", rule.metric, rule.split, rule.goal);
  keeper_ = Keeper(settings_.directory, *settings_.checkpoints);
}

void Loop::prepare(Task& task) {
  began_ = Clock::now();
  // Asked once: a loader may have to plan an epoch in order to answer.
  for (Split split : {Split::Train, Split::Valid}) batches_[static_cast<std::size_t>(split)] = task.batches(split);
  if (started_) {
    seconds_before_ = step_end_.seconds;
    if (task.place(Split::Train).empty() && at_.phase == Split::Train) task.go_to(Split::Train, "", at_.batch);
    return;
  }
  if (!task.takes_gradients() && (settings_.accumulate > 1 || settings_.clip.kind != optim::Clip::Kind::None ||
                                  settings_.skip_non_finite || scaler_))
    throw ValueError(
        "Learner",
        std::string(task.optimizer().name()) +
            " evaluates the loss itself: gradients can be neither accumulated nor scaled nor clipped nor skipped");
  resolve(task);
  if (settings_.schedule) scheduler_.emplace(task.optimizer(), *settings_.schedule);
  if (settings_.seed) manual_seed(*settings_.seed);
  if (keeper_.active()) {
    const std::vector<std::string> old = checkpoints_in(settings_.directory);
    if (settings_.resume) {
      if (!resume(task) && !old.empty())
        throw FormatError("Learner", "none of the checkpoints in \"" + settings_.directory + "\" is intact");
    } else if (settings_.overwrite) {
      for (const std::string& path : old) std::filesystem::remove(path);
    } else if (!old.empty()) {
      throw ValueError("Learner",
                       "\"" + settings_.directory +
                           "\" has checkpoints of another run; resume() goes on from them, overwrite() removes them");
    }
  }
  started_ = true;
}

RunEnd Loop::fit(Task& task) {
  const SignalGuard signals(settings_.signals);
  signals_ = &signals;
  prepare(task);
  if (!settings_.views.empty()) {
    const RunStart start = description(task);
    tell([&](View& view) { view.on_start(start); });
  }
  RunEnd end;
  try {
    const Outcome outcome = run(task);
    save_last(task);
    end = ending(outcome);
  } catch (const std::exception& error) {
    end = {.outcome = Outcome::Failed, .text = error.what(), .seconds = seconds()};
    tell([&](View& view) { view.on_end(end); });
    throw;
  } catch (...) {
    end = {.outcome = Outcome::Failed, .text = "an exception of unknown type", .seconds = seconds()};
    tell([&](View& view) { view.on_end(end); });
    throw;
  }
  tell([&](View& view) { view.on_end(end); });
  if (settings_.views.empty() && end.outcome == Outcome::Interrupted) say(end.text);
  return end;
}

// --- Epochs -----------------------------------------------------------------------------------------------------------

Outcome Loop::run(Task& task) {
  while (at_.epoch < settings_.epochs) {
    if (stopping_ && stopping_->stopped()) return Outcome::StoppedEarly;
    if (at_.phase == Split::Train)
      if (const auto outcome = train(task)) return *outcome;
    if (const auto outcome = validate(task)) return *outcome;
    finish_epoch(task);
  }
  return stopping_ && stopping_->stopped() ? Outcome::StoppedEarly : Outcome::Finished;
}

std::optional<Outcome> Loop::train(Task& task) {
  const auto start = Clock::now();
  if (at_.batch == 0)
    for (auto& metric : metrics(Split::Train)) metric->reset();
  for (auto before = start;;) {
    if (settings_.max_steps >= 0 && at_.step >= settings_.max_steps) return Outcome::Finished;
    Observation seen;
    optim::NamedGradients gradients;
    if (!task.train_batch(seen, gradients, scaler_ ? scaler_->scale() : 1)) break;
    ++at_.batch;
    seen.lr = task.optimizer().lr();
    const std::int64_t step = at_.step;
    if (!task.takes_gradients()) {
      take_step(task, {});
    } else if (settings_.accumulate == 1) {
      take_step(task, std::move(gradients));
    } else {
      nn::Parameters parameters = task.parameters();
      accumulator_.add(parameters, std::move(gradients));
      if (accumulator_.count() == settings_.accumulate) take_step(task, accumulator_.take_mean());
    }
    const auto now = Clock::now();
    seen.seconds = std::chrono::duration<double>(now - before).count();
    before = now;
    observe(Split::Train, seen);
    if (at_.step > step && keeper_.active())
      if (const auto due = keeper_.due_after_step(at_.step, step_end_.seconds); !due.empty()) save(task, due, {});
    if (const auto outcome = asked(task)) return outcome;
  }
  // An epoch whose batches are no multiple ends with a step of fewer.
  if (accumulator_.count() > 0) take_step(task, accumulator_.take_mean());
  at_.phase = Split::Valid;
  at_.batch = 0;
  end_of(Split::Train, since(start));
  return std::nullopt;
}

void Loop::take_step(Task& task, optim::NamedGradients gradients) {
  ++at_.step;
  if (task.takes_gradients()) {
    const std::string* bad = settings_.skip_non_finite || scaler_ ? gradients.first_non_finite() : nullptr;
    if (bad) {
      say("step " + std::to_string(at_.step) + ": the gradient of \"" + *bad +
          "\" is not finite; the step is left out");
    } else {
      if (scaler_) scaler_->unscale(gradients);
      if (settings_.clip.kind != optim::Clip::Kind::None) gradients.clip(settings_.clip);
      task.apply(std::move(gradients));
    }
    if (scaler_) scaler_->update(bad != nullptr);
  }
  if (ema_) {
    nn::Parameters parameters = task.parameters();
    ema_->update(parameters);
  }
  if (scheduler_ && settings_.schedule_per == Per::Step) scheduler_->step(task.optimizer());
}

std::optional<Outcome> Loop::validate(Task& task) {
  if (!task.has(Split::Valid)) return std::nullopt;
  const auto start = Clock::now();
  for (auto& metric : metrics(Split::Valid)) metric->reset();
  // An interrupted validation is started anew, from the same state.
  const std::string place = task.place(Split::Valid);
  const std::vector<Generator> generators_before = generators();
  std::optional<Outcome> outcome;
  {
    const Evaluation evaluation(*this, task);
    for (auto before = start; !outcome;) {
      Observation seen;
      if (!task.valid_batch(seen)) break;
      ++at_.batch;
      const auto now = Clock::now();
      seen.seconds = std::chrono::duration<double>(now - before).count();
      before = now;
      observe(Split::Valid, seen);
      outcome = asked(task);
    }
  }
  at_.batch = 0;
  if (outcome) {
    task.go_to(Split::Valid, place, 0);
    set_generators(generators_before);
    return outcome;
  }
  end_of(Split::Valid, since(start));
  return std::nullopt;
}

void Loop::finish_epoch(Task& task) {
  if (scheduler_ && settings_.schedule_per == Per::Epoch) scheduler_->step(task.optimizer());
  if (plateau_) {
    const PlateauRule& rule = *settings_.plateau;
    if (plateau_->step(task.optimizer(), value_of(rule.metric, rule.split)))
      say("the learning rate is now " + fornax::nn::detail::text_of(task.optimizer().lr()));
  }
  if (stopping_) {
    const EarlyStoppingConfig& config = stopping_->config();
    if (stopping_->update(value_of(config.metric, config.split))) say("early stopping: " + stopping_->reason());
  }
  ++at_.epoch;
  at_.phase = Split::Train;
  if (!keeper_.active()) return;
  std::vector<double> values;
  for (const CheckpointRule& rule : keeper_.rules())
    values.push_back(rule.when == CheckpointRule::When::Best ? value_of(rule.metric, rule.split) : 0);
  if (const auto due = keeper_.due_after_epoch(at_.epoch, values); !due.empty()) save(task, due, values);
}

std::vector<MetricValue> Loop::evaluate(Task& task) {
  const Evaluation evaluation(*this, task);
  auto& all = metrics(Split::Test);
  for (auto& metric : all) metric->reset();
  for (auto before = Clock::now();;) {
    Observation seen;
    if (!task.valid_batch(seen)) break;
    const auto now = Clock::now();
    seen.seconds = std::chrono::duration<double>(now - before).count();
    before = now;
    for (auto& metric : all) metric->update(seen);
  }
  std::vector<MetricValue> values;
  for (const auto& metric : all) values.push_back({metric->name(), metric->value(), metric->value()});
  return values;
}

// --- Events -----------------------------------------------------------------------------------------------------------

void Loop::observe(Split split, Observation& seen) {
  step_end_.metrics.clear();
  for (auto& metric : metrics(split)) {
    const double value = metric->update(seen);
    if (metric->cheap()) step_end_.metrics.push_back({metric->name(), value, metric->value()});
  }
  step_end_.split = split;
  step_end_.epoch = at_.epoch;
  step_end_.batch = at_.batch - 1;
  step_end_.batches = batches_[static_cast<std::size_t>(split)];
  step_end_.step = at_.step;
  step_end_.items = seen.items;
  step_end_.seconds = seconds();
  tell([&](View& view) { view.on_step(step_end_); });
  for (const auto& f : settings_.on_step) f(step_end_);
}

void Loop::end_of(Split split, double epoch_seconds) {
  EpochEnd end{.split = split,
               .epoch = at_.epoch,
               .step = at_.step,
               .seconds = seconds(),
               .epoch_seconds = epoch_seconds,
               .metrics = {}};
  for (const auto& metric : metrics(split)) {
    const double value = metric->value();
    end.metrics.push_back({metric->name(), value, value});
  }
  tell([&](View& view) { view.on_epoch(end); });
  for (const auto& f : settings_.on_epoch) f(end);
  history_.push_back(std::move(end));
}

// What a signal, other code or a viewer wants after a step.
std::optional<Outcome> Loop::asked(Task& task) {
  const Request request = poll();
  save_wanted_ |= request.save;
  if (signals_->noted()) return Outcome::Interrupted;
  if (request.stop) return Outcome::Stopped;
  if (save_wanted_ && at_.phase == Split::Train) {
    save_wanted_ = false;
    if (keeper_.active()) save(task, keeper_.asked(), {});
  }
  return std::nullopt;
}

}  // namespace fornax::train::detail
