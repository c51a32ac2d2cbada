#include <fornax/train/metrics/classes.hpp>

#include <algorithm>
#include <cstdio>

#include <fornax/nn/config.hpp>
#include <fornax/train/metrics/values.hpp>

namespace fornax::train {

namespace detail {

namespace {

std::vector<std::int64_t> above(const Array& scores, double threshold) {
  std::vector<std::int64_t> classes;
  for (double score : scores.to_data().to_vector<double>()) classes.push_back(score > threshold ? 1 : 0);
  return classes;
}

}  // namespace

Decisions decide(const std::string& metric, const Observation& seen, const ClassMetricConfig& config) {
  const Array &scores = seen.require_output(metric), &targets = seen.require_target(metric);
  Decisions d;
  if (is_float(scores.dtype()) && of_classes(scores.shape(), targets.shape()) && scores.shape()[1] > 1) {
    d.predicted = arg_reduce(true, scores, 1).to_data().to_vector<std::int64_t>();
  } else if (scores.numel() != targets.numel()) {
    refuse_shapes(metric, scores, targets, "[N, C, ...] with [N, ...], or equal shapes");
  } else if (is_float(scores.dtype())) {
    d.predicted = above(scores, config.threshold);
    if (targets.rank() > 1 && !of_classes(scores.shape(), targets.shape()))
      d.labels = targets.shape()[targets.rank() - 1];
  } else {
    d.predicted = scores.to_data().to_vector<std::int64_t>();
  }
  d.target = targets.to_data().to_vector<std::int64_t>();
  if (config.ignore_index && d.labels == 0) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < d.target.size(); ++i) {
      if (d.target[i] == *config.ignore_index) continue;
      d.target[kept] = d.target[i];
      d.predicted[kept++] = d.predicted[i];
    }
    d.target.resize(kept);
    d.predicted.resize(kept);
  }
  for (const auto* classes : {&d.target, &d.predicted})
    for (std::int64_t c : *classes)
      if (c < 0) throw IndexError(metric, "there is a class " + std::to_string(c) + "; ignore_index leaves one out");
  return d;
}

void Counts::resize(std::size_t classes) {
  if (classes <= hits.size()) return;
  hits.resize(classes);
  false_alarms.resize(classes);
  misses.resize(classes);
}

void Counts::add(const Decisions& d) {
  for (std::size_t i = 0; i < d.target.size(); ++i) {
    const auto target = static_cast<std::size_t>(d.target[i]), predicted = static_cast<std::size_t>(d.predicted[i]);
    if (d.labels > 0) {
      const std::size_t label = i % static_cast<std::size_t>(d.labels);
      resize(label + 1);
      if (predicted == 1 && target == 1) ++hits[label];
      if (predicted == 1 && target != 1) ++false_alarms[label];
      if (predicted != 1 && target == 1) ++misses[label];
      continue;
    }
    resize(std::max(target, predicted) + 1);
    if (target == predicted) {
      ++hits[target];
    } else {
      ++false_alarms[predicted];
      ++misses[target];
    }
  }
}

void Counts::add(const Counts& other) {
  resize(other.hits.size());
  for (std::size_t c = 0; c < other.hits.size(); ++c) {
    hits[c] += other.hits[c];
    false_alarms[c] += other.false_alarms[c];
    misses[c] += other.misses[c];
  }
}

double CountMetric::update(const Observation& seen) {
  Counts batch;
  batch.add(decide(name(), seen, config_));
  counts_.add(batch);
  return average(batch);
}

double CountMetric::average(const Counts& c) const {
  const std::size_t classes = c.hits.size();
  if (config_.average == Average::Binary) {
    if (classes == 0) return kNone;
    return classes == 1 ? score(0, 0, 0) : score(c.hits[1], c.false_alarms[1], c.misses[1]);
  }
  double hits = 0, false_alarms = 0, misses = 0, sum = 0, weight = 0;
  for (std::size_t i = 0; i < classes; ++i) {
    const double there = c.hits[i] + c.misses[i];
    if (there + c.false_alarms[i] == 0) continue;
    hits += c.hits[i];
    false_alarms += c.false_alarms[i];
    misses += c.misses[i];
    const double w = config_.average == Average::Weighted ? there : 1;
    sum += w * score(c.hits[i], c.false_alarms[i], c.misses[i]);
    weight += w;
  }
  if (classes == 0) return kNone;
  return config_.average == Average::Micro ? score(hits, false_alarms, misses) : ratio(sum, weight);
}

optim::State CountMetric::state() const {
  optim::State s{.kind = "counts", .arrays = {}, .numbers = {}};
  put_values(s, "hits", counts_.hits);
  put_values(s, "false_alarms", counts_.false_alarms);
  put_values(s, "misses", counts_.misses);
  return s;
}

void CountMetric::load_state(const optim::State& s) {
  s.require_kind("counts");
  Counts loaded{get_values<double>(s, "hits"), get_values<double>(s, "false_alarms"), get_values<double>(s, "misses")};
  if (loaded.hits.size() != loaded.false_alarms.size() || loaded.hits.size() != loaded.misses.size())
    throw ValueError("load_state", "the counts of \"" + name() + "\" are of different lengths");
  counts_ = std::move(loaded);
}

}  // namespace detail

using detail::ratio;
using detail::real;

namespace {

MetricInfo higher(std::string name) { return {.name = std::move(name), .unit = "", .goal = Goal::Higher}; }

double count_right(const detail::Decisions& d) {
  double right = 0;
  for (std::size_t i = 0; i < d.target.size(); ++i) right += d.predicted[i] == d.target[i] ? 1 : 0;
  return right;
}

std::string name_of_f(double beta) {
  char text[32];
  std::snprintf(text, sizeof(text), "f%g", beta);
  return text;
}

}  // namespace

Accuracy::Accuracy(const AccuracyConfig& config)
    : MeanMetric(higher("accuracy")), config_{Average::Micro, config.threshold, config.ignore_index} {}
MeanMetric::Sum Accuracy::sum_of(const Observation& seen) const {
  const detail::Decisions d = detail::decide(name(), seen, config_);
  if (d.labels == 0) return {count_right(d), real(d.target.size())};
  // Rows of labels are right as a whole.
  const auto labels = static_cast<std::size_t>(d.labels);
  Sum sum;
  for (std::size_t i = 0; i < d.target.size(); i += labels) {
    const auto row = static_cast<std::ptrdiff_t>(i), end = row + d.labels;
    sum.sum += std::equal(d.target.begin() + row, d.target.begin() + end, d.predicted.begin() + row) ? 1 : 0;
    sum.weight += 1;
  }
  return sum;
}

TopKAccuracy::TopKAccuracy(std::int64_t k, std::optional<std::int64_t> ignore_index)
    : MeanMetric(higher("top-" + std::to_string(k))), k_(k), ignore_index_(ignore_index) {
  nn::require_positive("TopKAccuracy", "k", k);
}
MeanMetric::Sum TopKAccuracy::sum_of(const Observation& seen) const {
  const Array &scores = seen.require_output(name()), &targets = seen.require_target(name());
  if (!detail::of_classes(scores.shape(), targets.shape()))
    detail::refuse_shapes(name(), scores, targets, "[N, C, ...] with [N, ...]");
  const detail::ClassDims dims(scores.shape());
  const auto values = scores.to_data().to_vector<double>();
  const auto classes = targets.to_data().to_vector<std::int64_t>();
  Sum sum;
  for (std::int64_t i = 0; i < dims.outer * dims.inner; ++i) {
    const std::int64_t target = classes[static_cast<std::size_t>(i)];
    if (ignore_index_ && target == *ignore_index_) continue;
    if (target < 0 || target >= dims.classes)
      throw IndexError(name(), "there is a class " + std::to_string(target) + " among " + std::to_string(dims.classes));
    const auto at = [&](std::int64_t c) {
      return values[static_cast<std::size_t>((i / dims.inner * dims.classes + c) * dims.inner + i % dims.inner)];
    };
    std::int64_t before = 0;
    for (std::int64_t c = 0; c < dims.classes; ++c)
      before += at(c) > at(target) || (at(c) == at(target) && c < target) ? 1 : 0;
    sum.sum += before < k_ ? 1 : 0;
    sum.weight += 1;
  }
  return sum;
}

HammingScore::HammingScore(double threshold)
    : MeanMetric(higher("hamming")), config_{Average::Micro, threshold, std::nullopt} {}
MeanMetric::Sum HammingScore::sum_of(const Observation& seen) const {
  const detail::Decisions d = detail::decide(name(), seen, config_);
  return {count_right(d), real(d.target.size())};
}

double Precision::score(double hits, double false_alarms, double) const { return ratio(hits, hits + false_alarms); }
double Recall::score(double hits, double, double misses) const { return ratio(hits, hits + misses); }
double Dice::score(double hits, double false_alarms, double misses) const {
  return ratio(2 * hits, 2 * hits + false_alarms + misses);
}
double Iou::score(double hits, double false_alarms, double misses) const {
  return ratio(hits, hits + false_alarms + misses);
}

FBeta::FBeta(double beta, const ClassMetricConfig& config) : CountMetric(name_of_f(beta), config), beta_(beta) {
  nn::require_positive("FBeta", "beta", beta);
}
double FBeta::score(double hits, double false_alarms, double misses) const {
  const double b = beta_ * beta_;
  return ratio((1 + b) * hits, (1 + b) * hits + b * misses + false_alarms);
}

ConfusionMatrix::ConfusionMatrix(const ClassMetricConfig& config) : Metric(higher("confusion")), config_(config) {}

void ConfusionMatrix::resize(std::size_t classes) {
  if (classes <= classes_) return;
  std::vector<double> larger(classes * classes);
  for (std::size_t i = 0; i < classes_; ++i)
    for (std::size_t j = 0; j < classes_; ++j) larger[i * classes + j] = cell(i, j);
  counts_ = std::move(larger);
  classes_ = classes;
}

double ConfusionMatrix::update(const Observation& seen) {
  const detail::Decisions d = detail::decide(name(), seen, config_);
  for (std::size_t i = 0; i < d.target.size(); ++i) {
    const auto target = static_cast<std::size_t>(d.target[i]), predicted = static_cast<std::size_t>(d.predicted[i]);
    resize(std::max(target, predicted) + 1);
    ++cell(target, predicted);
  }
  return d.target.empty() ? detail::kNone : count_right(d) / real(d.target.size());
}

double ConfusionMatrix::value() const {
  double right = 0, all = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    all += counts_[i];
    if (i / classes_ == i % classes_) right += counts_[i];
  }
  return all == 0 ? detail::kNone : right / all;
}

void ConfusionMatrix::reset() {
  classes_ = 0;
  counts_.clear();
}

TensorData ConfusionMatrix::matrix() const {
  const auto n = static_cast<std::int64_t>(classes_);
  return TensorData(counts_, Shape{n, n}).convert(DType::I64);
}

optim::State ConfusionMatrix::state() const {
  optim::State s{.kind = "confusion", .arrays = {}, .numbers = {{"classes", real(classes_)}}};
  detail::put_values(s, "counts", counts_);
  return s;
}

void ConfusionMatrix::load_state(const optim::State& s) {
  s.require_kind("confusion");
  const auto counts = detail::get_values<double>(s, "counts");
  const double classes = s.number("classes");
  if (classes * classes != real(counts.size())) throw ValueError("load_state", "a confusion matrix is not square");
  counts_ = counts;
  classes_ = static_cast<std::size_t>(classes);
}

}  // namespace fornax::train
