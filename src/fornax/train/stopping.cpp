#include <fornax/train/stopping.hpp>

#include <cmath>
#include <limits>

#include <fornax/nn/config.hpp>

namespace fornax::train {

bool is_better(Goal goal, double value, double best, double delta) {
  if (goal == Goal::None || std::isnan(value)) return false;
  if (std::isnan(best)) return true;
  return goal == Goal::Lower ? value < best - delta : value > best + delta;
}

EarlyStopping::EarlyStopping(EarlyStoppingConfig config)
    : config_(std::move(config)), best_(std::numeric_limits<double>::quiet_NaN()) {
  nn::require_positive("EarlyStopping", "patience", config_.patience);
  nn::require_not_negative("EarlyStopping", "warm_up", config_.warm_up);
  nn::require_not_negative("EarlyStopping", "min_delta", config_.min_delta);
}

bool EarlyStopping::update(double value) {
  if (++epochs_ <= config_.warm_up) return false;
  if (is_better(config_.goal, value, best_, config_.min_delta)) {
    best_ = value;
    bad_ = 0;
  } else {
    ++bad_;
  }
  return stopped();
}

optim::State EarlyStopping::state() const {
  return {.kind = "EarlyStopping",
          .arrays = {},
          .numbers = {{"best", best_}, {"epochs", static_cast<double>(epochs_)}, {"bad", static_cast<double>(bad_)}}};
}

void EarlyStopping::load_state(const optim::State& state) {
  state.require_kind("EarlyStopping");
  best_ = state.number("best");
  epochs_ = static_cast<std::int64_t>(state.number("epochs"));
  bad_ = static_cast<std::int64_t>(state.number("bad"));
}

}  // namespace fornax::train
