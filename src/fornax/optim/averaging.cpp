#include <fornax/optim/averaging.hpp>

#include <algorithm>

#include <fornax/array/error.hpp>
#include <fornax/optim/place.hpp>
#include <fornax/optim/rules.hpp>

namespace fornax::optim {

namespace {

// The parameters that are averaged.
nn::Parameters trainable(const nn::Parameters& all) {
  nn::Parameters some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some),
               [](const nn::NamedParameter& p) { return p.trainable; });
  return some;
}

}  // namespace

Array WeightAverage::find(std::string_view path) const {
  for (const Entry& e : entries_)
    if (e.path == path) return e.average;
  return Array();
}

void WeightAverage::require_same(const nn::Parameters& parameters) const {
  if (parameters.size() != entries_.size())
    throw ValueError(name_, "the averages are of " + std::to_string(entries_.size()) + " parameters, the model has " +
                                std::to_string(parameters.size()));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const nn::NamedParameter& p = parameters[i];
    if (p.path != entries_[i].path)
      throw ValueError(name_, "the averages have \"" + entries_[i].path + "\" where the model has \"" + p.path + "\"");
    if (!(p.array->shape() == entries_[i].average.shape()))
      throw ShapeError(name_, "the average of \"" + p.path + "\" has shape " + entries_[i].average.shape().str() +
                                  ", the parameter has " + p.array->shape().str());
  }
}

void WeightAverage::add(const nn::Parameters& all) {
  const nn::Parameters parameters = trainable(all);
  if (updates_ == 0 && entries_.empty()) {
    for (const nn::NamedParameter& p : parameters) entries_.push_back({p.path, detach(*p.array)});
    ++updates_;
    return;
  }
  require_same(parameters);
  const double kept = keep(++updates_);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Array& average = entries_[i].average;
    // As a difference: what has settled stays, to the bit.
    average = std::move(average) + (detach(*parameters[i].array) - average) * (1 - kept);
  }
}

void WeightAverage::write(const nn::Parameters& all) const {
  const nn::Parameters parameters = trainable(all);
  require_same(parameters);
  for (std::size_t i = 0; i < parameters.size(); ++i) Place(parameters[i]).value = entries_[i].average;
}

void WeightAverage::exchange(const nn::Parameters& all) {
  const nn::Parameters parameters = trainable(all);
  require_same(parameters);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Place place(parameters[i]);
    place.value.swap(entries_[i].average);
  }
}

State WeightAverage::state() const {
  State s;
  s.kind = name_;
  s.numbers["updates"] = static_cast<double>(updates_);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    s.arrays[entries_[i].path] = entries_[i].average;
    s.numbers["place/" + entries_[i].path] = static_cast<double>(i);
  }
  return s;
}

void WeightAverage::load_state(const State& state) {
  state.require_kind(name_);
  std::vector<Entry> loaded(state.arrays.size());
  for (const auto& [path, average] : state.arrays) {
    const double place = state.number("place/" + path);
    if (!(place >= 0 && place < static_cast<double>(loaded.size())))
      refuse("load_state", "place/" + path, place, "a position");
    loaded[static_cast<std::size_t>(place)] = {path, detach(average)};
  }
  for (const Entry& e : loaded)
    if (!e.average.defined()) throw ValueError("load_state", "two averages have the same place");
  const double updates = state.number("updates");
  require_not_negative("load_state", "updates", updates);
  updates_ = static_cast<std::int64_t>(updates);
  entries_ = std::move(loaded);
}

Ema::Ema(const Config& config) : WeightAverage("Ema"), config_(config) {
  if (!(config.decay >= 0 && config.decay <= 1)) refuse("Ema", "decay", config.decay, "in [0, 1]");
}

double Ema::keep(std::int64_t n) const {
  const auto count = static_cast<double>(n);
  return config_.warmup ? std::min(config_.decay, (1 + count) / (10 + count)) : config_.decay;
}

double Swa::keep(std::int64_t n) const { return 1 - 1 / static_cast<double>(n); }

}  // namespace fornax::optim
