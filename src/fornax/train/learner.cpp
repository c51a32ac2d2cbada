#include <fornax/train/learner.hpp>

#include <algorithm>
#include <limits>

namespace fornax::train {

namespace detail {

double last_value(const std::vector<EpochEnd>& history, const std::string& metric, Split split) {
  for (auto end = history.rbegin(); end != history.rend(); ++end)
    if (end->split == split)
      for (const MetricValue& value : end->metrics)
        if (value.name == metric) return value.value;
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace detail

LearnerBuilder::LearnerBuilder(std::string directory) { settings_.directory = std::move(directory); }

LearnerBuilder& LearnerBuilder::name(std::string name) {
  settings_.name = std::move(name);
  return *this;
}
LearnerBuilder& LearnerBuilder::epochs(std::int64_t n) {
  settings_.epochs = n;
  return *this;
}
LearnerBuilder& LearnerBuilder::max_steps(std::int64_t n) {
  settings_.max_steps = n;
  return *this;
}
LearnerBuilder& LearnerBuilder::seed(std::uint64_t seed) {
  settings_.seed = seed;
  return *this;
}
LearnerBuilder& LearnerBuilder::generator(Generator& generator) {
  settings_.generators.push_back(&generator);
  return *this;
}
LearnerBuilder& LearnerBuilder::add_metric(std::shared_ptr<Metric> train, std::shared_ptr<Metric> valid,
                                           std::shared_ptr<Metric> test) {
  settings_.metrics[0].push_back(std::move(train));
  settings_.metrics[1].push_back(std::move(valid));
  settings_.metrics[2].push_back(std::move(test));
  return *this;
}
LearnerBuilder& LearnerBuilder::schedule(optim::Schedule schedule, Per per) {
  settings_.schedule = std::move(schedule);
  settings_.schedule_per = per;
  return *this;
}
LearnerBuilder& LearnerBuilder::plateau(PlateauRule rule) {
  settings_.plateau = std::move(rule);
  return *this;
}
LearnerBuilder& LearnerBuilder::clip(optim::Clip clip) {
  settings_.clip = clip;
  return *this;
}
LearnerBuilder& LearnerBuilder::accumulate(std::int64_t n) {
  settings_.accumulate = n;
  return *this;
}
LearnerBuilder& LearnerBuilder::skip_non_finite(bool skip) {
  settings_.skip_non_finite = skip;
  return *this;
}
LearnerBuilder& LearnerBuilder::autocast(DType dtype) {
  const Autocast checked(dtype);
  settings_.autocast = dtype;
  return *this;
}
LearnerBuilder& LearnerBuilder::loss_scaling(optim::GradScalerConfig config) {
  const optim::GradScaler checked(config);
  settings_.loss_scaling = config;
  return *this;
}
LearnerBuilder& LearnerBuilder::ema(optim::EmaConfig config) {
  settings_.ema = config;
  return *this;
}
LearnerBuilder& LearnerBuilder::early_stopping(EarlyStoppingConfig config) {
  settings_.stopping = std::move(config);
  return *this;
}
LearnerBuilder& LearnerBuilder::checkpoint(CheckpointRule rule) {
  if (!settings_.checkpoints) settings_.checkpoints.emplace();
  settings_.checkpoints->push_back(std::move(rule));
  return *this;
}
LearnerBuilder& LearnerBuilder::resume(bool resume) {
  settings_.resume = resume;
  return *this;
}
LearnerBuilder& LearnerBuilder::overwrite(bool overwrite) {
  settings_.overwrite = overwrite;
  return *this;
}
LearnerBuilder& LearnerBuilder::view(std::shared_ptr<View> view) {
  settings_.views.push_back(std::move(view));
  return *this;
}
LearnerBuilder& LearnerBuilder::on_step(std::function<void(const StepEnd&)> f) {
  settings_.on_step.push_back(std::move(f));
  return *this;
}
LearnerBuilder& LearnerBuilder::on_epoch(std::function<void(const EpochEnd&)> f) {
  settings_.on_epoch.push_back(std::move(f));
  return *this;
}
LearnerBuilder& LearnerBuilder::handle_signals(bool handle) {
  settings_.signals = handle;
  return *this;
}
LearnerBuilder& LearnerBuilder::interrupter(Interrupter interrupter) {
  settings_.interrupter = std::move(interrupter);
  return *this;
}
LearnerBuilder& LearnerBuilder::config(std::string json) {
  settings_.config = std::move(json);
  return *this;
}

detail::Settings LearnerBuilder::take() {
  const auto& train = settings_.metrics[0];
  if (std::none_of(train.begin(), train.end(), [](const auto& metric) { return metric->name() == "loss"; })) {
    metric(Loss());
    for (auto& all : settings_.metrics) std::rotate(all.begin(), all.end() - 1, all.end());
  }
  return std::move(settings_);
}

}  // namespace fornax::train
