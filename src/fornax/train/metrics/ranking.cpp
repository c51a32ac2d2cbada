#include <fornax/train/metrics/ranking.hpp>

#include <algorithm>

#include <fornax/train/metrics/values.hpp>

namespace fornax::train {

namespace detail {

RankingMetric::RankingMetric(std::string name, RankingConfig config)
    : Metric({.name = std::move(name), .unit = "", .goal = Goal::Higher}), config_(config) {}

double RankingMetric::update(const Observation& seen) {
  const Array &scores = seen.require_output(name()), &targets = seen.require_target(name());
  std::int64_t columns = 1;
  std::vector<std::uint8_t> truths;
  const auto values = targets.to_data().to_vector<std::int64_t>();
  const bool classes = scores.rank() == 2 && scores.shape()[1] > 1 && of_classes(scores.shape(), targets.shape());
  if (classes) {
    columns = scores.shape()[1];
    truths.resize(static_cast<std::size_t>(scores.numel()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] < 0 || values[i] >= columns)
        throw IndexError(name(), "there is a class " + std::to_string(values[i]) + " among " + std::to_string(columns));
      truths[i * static_cast<std::size_t>(columns) + static_cast<std::size_t>(values[i])] = 1;
    }
  } else if (scores.numel() == targets.numel() && targets.rank() <= 2) {
    if (targets.rank() == 2) columns = targets.shape()[1];
    for (std::int64_t v : values) truths.push_back(v != 0 ? 1 : 0);
  } else {
    refuse_shapes(name(), scores, targets, "[N, C] with [N], or equal shapes");
  }
  if (columns_ != 0 && columns != columns_)
    throw ShapeError(
        name(), "a batch has " + std::to_string(columns) + " classes, those before it " + std::to_string(columns_));
  const auto added = (classes && config_.logits ? softmax(scores, 1) : scores).to_data().to_vector<double>();
  columns_ = columns;
  scores_.insert(scores_.end(), added.begin(), added.end());
  truths_.insert(truths_.end(), truths.begin(), truths.end());
  return value_of(added, truths, columns);
}

double RankingMetric::value_of(const std::vector<double>& scores, const std::vector<std::uint8_t>& truths,
                               std::int64_t columns) const {
  double sum = 0, count = 0;
  const auto step = static_cast<std::size_t>(columns);
  for (std::size_t c = 0; c < step; ++c) {
    std::vector<Scored> samples;
    std::size_t there = 0;
    for (std::size_t i = c; i < scores.size(); i += step) {
      samples.push_back({scores[i], truths[i] != 0});
      there += truths[i];
    }
    if (there == 0 || there == samples.size()) continue;
    std::sort(samples.begin(), samples.end(), [](const Scored& a, const Scored& b) { return a.score < b.score; });
    sum += of_sorted(samples);
    count += 1;
  }
  return count == 0 ? kNone : sum / count;
}

void RankingMetric::reset() {
  scores_.clear();
  truths_.clear();
  columns_ = 0;
}

optim::State RankingMetric::state() const {
  optim::State s{.kind = "ranking", .arrays = {}, .numbers = {{"columns", real(columns_)}}};
  put_values(s, "scores", scores_);
  put_values(s, "truths", truths_);
  return s;
}

void RankingMetric::load_state(const optim::State& s) {
  s.require_kind("ranking");
  auto scores = get_values<double>(s, "scores");
  auto truths = get_values<std::uint8_t>(s, "truths");
  if (scores.size() != truths.size()) throw ValueError("load_state", "scores and truths are not equally many");
  columns_ = static_cast<std::int64_t>(s.number("columns"));
  scores_ = std::move(scores);
  truths_ = std::move(truths);
}

}  // namespace detail

using detail::real;

// Mann and Whitney's U by ranks; equal scores share the mean of theirs.
double Auroc::of_sorted(const std::vector<Scored>& samples) const {
  double ranks = 0, there = 0;
  for (std::size_t i = 0; i < samples.size();) {
    std::size_t end = i;
    double equal = 0;
    for (; end < samples.size() && samples[end].score == samples[i].score; ++end) equal += samples[end].truth ? 1 : 0;
    end = std::max(end, i + 1);  // a NaN equals nothing
    ranks += equal * (real(i) + real(end) + 1) / 2;
    there += equal;
    i = end;
  }
  return (ranks - there * (there + 1) / 2) / (there * (real(samples.size()) - there));
}

double AveragePrecision::of_sorted(const std::vector<Scored>& samples) const {
  double there = 0, sum = 0, hits = 0;
  for (const Scored& s : samples) there += s.truth ? 1 : 0;
  for (std::size_t end = samples.size(); end > 0;) {
    std::size_t i = end;
    double equal = 0;
    for (; i > 0 && samples[i - 1].score == samples[end - 1].score; --i) equal += samples[i - 1].truth ? 1 : 0;
    i = std::min(i, end - 1);
    hits += equal;
    sum += equal / there * (hits / real(samples.size() - i));
    end = i;
  }
  return sum;
}

}  // namespace fornax::train
