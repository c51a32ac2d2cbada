#include <fornax/train/views/history.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace fornax::train {

namespace {

constexpr std::size_t kMostTexts = 200;

template <class T> void add_bounded(std::vector<T>& list, T item) {
  if (list.size() == kMostTexts) list.erase(list.begin());
  list.push_back(std::move(item));
}

std::size_t index_of(Split split) { return split == Split::Train ? 0 : 1; }

bool better(Goal goal, double a, double b) { return goal == Goal::Lower ? a < b : a > b; }

}  // namespace

// --- Curve ------------------------------------------------------------------------------------------------------------

void Curve::add(double x, double y) {
  sum_.x += x;
  sum_.y += y;
  if (++pending_ < each_) return;
  const auto n = static_cast<double>(pending_);
  points_.push_back({sum_.x / n, sum_.y / n});
  sum_ = {};
  pending_ = 0;
  if (points_.size() < kMost) return;
  for (std::size_t i = 0; i < kMost / 2; ++i) {
    const CurvePoint &a = points_[2 * i], &b = points_[2 * i + 1];
    points_[i] = {(a.x + b.x) / 2, (a.y + b.y) / 2};
  }
  points_.resize(kMost / 2);
  each_ *= 2;
}

std::vector<CurvePoint> Curve::points() const {
  std::vector<CurvePoint> points = points_;
  const auto n = static_cast<double>(pending_);
  if (pending_ > 0) points.push_back({sum_.x / n, sum_.y / n});
  return points;
}

// --- History ----------------------------------------------------------------------------------------------------------

const std::vector<CurvePoint>& MetricHistory::of(Split split) const {
  return split == Split::Train ? train : split == Split::Valid ? valid : test;
}

const MetricHistory* History::find(std::string_view name) const {
  const auto at = std::ranges::find_if(metrics, [&](const MetricHistory& m) { return m.info.name == name; });
  return at == metrics.end() ? nullptr : &*at;
}

// A metric that the run did not announce is taken as it comes.
MetricHistory& History::metric(const std::string& name, Split split) {
  auto at = std::ranges::find_if(metrics, [&](const MetricHistory& m) { return m.info.name == name; });
  if (at == metrics.end()) {
    at = metrics.emplace(at);
    at->info.name = name;
    at->info.train = split == Split::Train;
    at->info.valid = split == Split::Valid;
  }
  return *at;
}

void History::on_start(const RunStart& start) {
  run = start;
  end.reset();
  batches_[0] = start.train_batches;
  batches_[1] = start.valid_batches;
  last_seconds_ = -1.0;
  for (const MetricInfo& info : start.metrics) metric(info.name, Split::Train).info = info;
}

void History::on_step(const StepEnd& step) {
  Pace& pace = pace_[index_of(step.split)];
  if (last_seconds_ >= 0) {  // the time of the very first batch would have all preparations in it
    pace.batches = std::min<std::int64_t>(pace.batches + 1, 100);
    pace.seconds += (step.seconds - last_seconds_ - pace.seconds) / static_cast<double>(pace.batches);
  }
  last_seconds_ = step.seconds;
  if (step.batches >= 0) batches_[index_of(step.split)] = step.batches;
  if (step.split == Split::Train) {
    if (pace.seconds > 0) {
      const double now = static_cast<double>(step.items) / pace.seconds;
      items_per_second_ += (now - items_per_second_) / static_cast<double>(pace.batches);
    }
    for (const MetricValue& v : step.metrics)
      metric(v.name, step.split).steps.add(static_cast<double>(step.step), v.value);
    last_train = step;
  }
  last = step;
}

void History::on_epoch(const EpochEnd& ended) {
  last_seconds_ = ended.seconds;
  epochs.push_back(ended);
  // Logs have no rows for the batches of validation.
  const std::int64_t all = batches(ended.split);
  if (ended.split == Split::Valid && last && last->split == Split::Train && last->epoch == ended.epoch && all > 0) {
    last->split = ended.split;
    last->batches = all;
    last->batch = all - 1;
  }
  for (const MetricValue& v : ended.metrics) {
    MetricHistory& m = metric(v.name, ended.split);
    const CurvePoint point{static_cast<double>(ended.step), v.epoch};
    (ended.split == Split::Train ? m.train : ended.split == Split::Valid ? m.valid : m.test).push_back(point);
    if (m.info.goal == Goal::None || !std::isfinite(v.epoch)) continue;
    if (ended.split == Split::Test || (ended.split == Split::Train && !m.valid.empty())) continue;
    const bool first_valid = ended.split == Split::Valid && m.best && m.best->split == Split::Train;
    if (m.best && !first_valid && !better(m.info.goal, v.epoch, m.best->metrics.front().epoch)) continue;
    m.best = ended;
    m.best->metrics = {v};
  }
}

void History::on_saved(const CheckpointSaved& checkpoint) { add_bounded(saved, checkpoint); }
void History::on_message(const std::string& text) { add_bounded(messages, text); }
void History::on_end(const RunEnd& ended) { end = ended; }

std::int64_t History::batches(Split split) const { return batches_[index_of(split)]; }

double History::batches_done(Split split) const {
  const auto each = static_cast<double>(std::max<std::int64_t>(batches(split), 0));
  const auto before = static_cast<double>(last ? last->epoch : run.first_epoch) * each;
  if (!last) return before + (split == Split::Train ? static_cast<double>(run.first_batch) : 0.0);
  if (last->split == split) return before + static_cast<double>(last->batch) + 1;
  return split == Split::Train ? before + each : before;  // an epoch's training is done when its validation begins
}

double History::done() const {
  if (run.epochs <= 0 || batches(Split::Train) <= 0) return -1.0;
  const auto each = static_cast<double>(batches(Split::Train)) +
                    static_cast<double>(std::max<std::int64_t>(batches(Split::Valid), 0));
  const double so_far = batches_done(Split::Train) + batches_done(Split::Valid);
  return std::clamp(so_far / (static_cast<double>(run.epochs) * each), 0.0, 1.0);
}

double History::seconds_left() const {
  if (run.epochs <= 0 || batches(Split::Train) <= 0 || pace_[0].batches < 3) return -1.0;
  // Until it has been measured: forward without backward is about a third of the work.
  const double valid = pace_[1].batches > 0 ? pace_[1].seconds : pace_[0].seconds / 3;
  const auto left = [&](Split split) {
    const auto each = static_cast<double>(std::max<std::int64_t>(batches(split), 0));
    return std::max(static_cast<double>(run.epochs) * each - batches_done(split), 0.0);
  };
  return left(Split::Train) * pace_[0].seconds + left(Split::Valid) * valid;
}

}  // namespace fornax::train
