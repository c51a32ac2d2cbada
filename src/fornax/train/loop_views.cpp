// Those who watch a run: what they are told, and what they ask for.

#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include <fornax/train/loop.hpp>

namespace fornax::train::detail {

void Loop::drop_failed_views() {
  std::erase(settings_.views, nullptr);
  // Those that fail at this message come back here, with one view less each time.
  for (const std::exception_ptr& failure : std::exchange(failures_, {})) {
    std::string reason = "an exception of unknown type";
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      reason = error.what();
    } catch (...) {
      // It has no text.
    }
    say("a view failed and is left out from here on: " + reason);
  }
}

void Loop::say(const std::string& text) {
  if (settings_.views.empty()) {
    std::fprintf(stderr, "%s\n", text.c_str());
  } else {
    tell([&](View& view) { view.on_message(text); });
  }
}

Request Loop::poll() {
  Request wanted = settings_.interrupter.take();
  tell([&](View& view) {
    const Request request = view.poll();
    wanted.stop |= request.stop;
    wanted.save |= request.save;
  });
  return wanted;
}

RunStart Loop::description(Task& task) const {
  RunStart start;
  start.name = settings_.name;
  if (start.name.empty()) start.name = std::filesystem::path(settings_.directory).filename().string();
  start.directory = settings_.directory;
  start.summary = task.summary();
  start.epochs = settings_.epochs;
  start.train_batches = batches_[0];
  start.valid_batches = batches_[1];
  start.first_epoch = at_.epoch;
  start.first_batch = at_.phase == Split::Train ? at_.batch : 0;
  start.first_step = at_.step;
  // Each metric once, whichever splits have it.
  for (const auto& metric : settings_.metrics[0]) start.metrics.push_back(metric->info());
  for (const auto& metric : settings_.metrics[1])
    if (!metric->info().train) start.metrics.push_back(metric->info());

  nlohmann::ordered_json config;
  config["optimizer"]["name"] = task.optimizer().name();
  config["optimizer"]["lr"] = task.optimizer().lr();
  if (const std::string text = task.optimizer_config(); !text.empty())
    config["optimizer"]["config"] = nlohmann::ordered_json::parse(text, nullptr, false);
  config["epochs"] = settings_.epochs;
  if (settings_.max_steps >= 0) config["max_steps"] = settings_.max_steps;
  if (settings_.accumulate > 1) config["accumulate"] = settings_.accumulate;
  if (settings_.seed) config["seed"] = *settings_.seed;
  if (stopping_)
    config["early_stopping"] = {{"metric", stopping_->config().metric},
                                {"split", name_of(stopping_->config().split)},
                                {"patience", stopping_->config().patience}};
  if (settings_.checkpoints)
    for (const CheckpointRule& rule : *settings_.checkpoints)
      config["checkpoints"].push_back(rule.reason() + ", keep " + std::to_string(rule.keep));
  if (!settings_.config.empty()) config["user"] = nlohmann::ordered_json::parse(settings_.config, nullptr, false);
  start.config = config.dump(2);
  return start;
}

RunEnd Loop::ending(Outcome outcome) const {
  const bool saved = last_saved_ && *last_saved_ == at_;
  std::string text;
  if (outcome == Outcome::Interrupted || outcome == Outcome::Stopped) {
    text = std::string(name_of(outcome)) + " after step " + std::to_string(at_.step);
    if (saved) {
      text += "; saved as " + last_saved_path_ + "; run it again with resume() to go on";
    } else {
      text += keeper_.active() ? "; it could not be saved" : "; nothing is saved, since the run has no directory";
    }
  } else if (outcome == Outcome::StoppedEarly) {
    text = std::string(name_of(stopping_->config().split)) + " " + stopping_->config().metric +
           " has not improved for " + std::to_string(stopping_->bad_epochs()) +
           (stopping_->bad_epochs() == 1 ? " epoch" : " epochs");
  } else {
    text =
        std::to_string(at_.epoch) + (at_.epoch == 1 ? " epoch, " : " epochs, ") + std::to_string(at_.step) + " steps";
  }
  return {.outcome = outcome, .text = std::move(text), .seconds = seconds()};
}

}  // namespace fornax::train::detail
