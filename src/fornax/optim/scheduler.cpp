#include <algorithm>
#include <limits>

#include <fornax/optim/rules.hpp>
#include <fornax/optim/schedule.hpp>

namespace fornax::optim {

namespace {

double real(std::int64_t n) { return static_cast<double>(n); }

double worst(const PlateauConfig& c) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  return c.mode == Better::Min ? inf : -inf;
}

}  // namespace

Scheduler::Scheduler(Optimizer& optimizer, Schedule schedule) : Scheduler(optimizer.lr(), std::move(schedule)) {
  set(optimizer);
}

Scheduler::Scheduler(double base, Schedule schedule) : base_(base), schedule_(std::move(schedule)) {
  require_not_negative("Scheduler", "the base rate", base);
}

void Scheduler::set(Optimizer& optimizer) const {
  const auto m = momentum();
  if (m && !optimizer.momentum())
    throw ValueError(optimizer.name(), "has no momentum for the schedule to turn; cycle_momentum = false leaves it");
  optimizer.set_lr(lr());
  if (m) optimizer.set_momentum(*m);
}

void Scheduler::step(Optimizer& optimizer) {
  advance();
  set(optimizer);
}

State Scheduler::state() const {
  State s;
  s.kind = "Scheduler";
  s.numbers = {{"base", base_}, {"step", real(step_)}};
  return s;
}

void Scheduler::load_state(const State& state) {
  state.require_kind("Scheduler");
  const double base = state.number("base"), step = state.number("step");
  require_not_negative("load_state", "base", base);
  if (!(step >= 0 && step < 0x1p53)) refuse("load_state", "step", step, "a number of steps");
  base_ = base;
  step_ = static_cast<std::int64_t>(step);
}

Plateau::Plateau(const PlateauConfig& config) : config_(config), best_(worst(config)) {
  if (!(config.factor > 0 && config.factor < 1)) refuse("Plateau", "factor", config.factor, "in (0, 1)");
  require_at_least("Plateau", "patience", config.patience, 0);
  require_at_least("Plateau", "cooldown", config.cooldown, 0);
  require_not_negative("Plateau", "threshold", config.threshold);
  require_not_negative("Plateau", "min_lr", config.min_lr);
  require_not_negative("Plateau", "eps", config.eps);
}

bool Plateau::is_better(double metric) const {
  const bool less = config_.mode == Better::Min;
  if (config_.threshold_mode == Threshold::Absolute)
    return less ? metric < best_ - config_.threshold : metric > best_ + config_.threshold;
  return less ? metric < best_ * (1 - config_.threshold) : metric > best_ * (1 + config_.threshold);
}

double Plateau::step(double lr, double metric) {
  if (is_better(metric)) {
    best_ = metric;
    bad_ = 0;
  } else {
    ++bad_;
  }
  if (cooling_ > 0) {
    --cooling_;
    bad_ = 0;
  }
  if (bad_ <= config_.patience) return lr;
  cooling_ = config_.cooldown;
  bad_ = 0;
  const double reduced = std::max(lr * config_.factor, config_.min_lr);
  return lr - reduced > config_.eps ? reduced : lr;
}

bool Plateau::step(Optimizer& optimizer, double metric) {
  const double before = optimizer.lr();
  optimizer.set_lr(step(before, metric));
  return optimizer.lr() != before;
}

State Plateau::state() const {
  State s;
  s.kind = "Plateau";
  s.numbers = {{"best", best_}, {"bad", real(bad_)}, {"cooling", real(cooling_)}};
  return s;
}

void Plateau::load_state(const State& state) {
  state.require_kind("Plateau");
  const double best = state.number("best"), bad = state.number("bad"), cooling = state.number("cooling");
  best_ = best;
  bad_ = static_cast<std::int64_t>(bad);
  cooling_ = static_cast<std::int64_t>(cooling);
}

}  // namespace fornax::optim
