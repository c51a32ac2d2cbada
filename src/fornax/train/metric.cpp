#include <fornax/train/metric.hpp>

#include <limits>

namespace fornax::train {

void MeanMetric::add(const Sum& batch) {
  total_.sum += batch.sum;
  total_.weight += batch.weight;
}

double MeanMetric::update(const Observation& seen) {
  const Sum batch = sum_of(seen);
  add(batch);
  return finish(batch);
}

double MeanMetric::finish(const Sum& total) const {
  return total.weight == 0 ? std::numeric_limits<double>::quiet_NaN() : total.sum / total.weight;
}

optim::State MeanMetric::state() const {
  return {.kind = "mean", .arrays = {}, .numbers = {{"sum", total_.sum}, {"weight", total_.weight}}};
}

void MeanMetric::load_state(const optim::State& state) {
  state.require_kind("mean");
  total_ = {state.number("sum"), state.number("weight")};
}

}  // namespace fornax::train
