#include <fornax/optim/schedule.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>

#include <fornax/optim/rules.hpp>

namespace fornax::optim {

namespace {

using Rule = Schedule::Rule;

double real(std::int64_t n) { return static_cast<double>(n); }

// A schedule made of a function of (base, step).
template <class F> Schedule schedule(F f) {
  struct Made final : Rule {
    explicit Made(F function) : f(std::move(function)) {}
    double lr(double base, std::int64_t step) const override { return f(base, step); }
    F f;
  };
  return Schedule(Ref<const Rule>(new Made(std::move(f))));
}

// base times a function of the step.
template <class F> Schedule factor(F f) {
  return schedule([f = std::move(f)](double base, std::int64_t t) { return base * f(t); });
}

double cosine(double from, double to, double share) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
}

struct OneCycle final : Rule {
  explicit OneCycle(const OneCycleLrConfig& config) : c(config) {}

  double lr(double, std::int64_t step) const override {
    const double start = c.max_lr / c.div_factor;
    return at(step, start, c.max_lr, start / c.final_div_factor);
  }
  std::optional<double> momentum(std::int64_t step) const override {
    if (!c.cycle_momentum) return std::nullopt;
    return at(step, c.max_momentum, c.base_momentum, c.max_momentum);
  }
  // From `start` to `peak` and on to `end`; of three phases, the second leads back to the start.
  double at(std::int64_t step, double start, double peak, double end) const {
    const double t = real(std::min(step, c.total_steps - 1)), last = real(c.total_steps - 1);
    const double top = c.pct_start * real(c.total_steps) - 1;
    if (t <= top) return between(start, peak, top > 0 ? t / top : 1);
    if (!c.three_phase) return between(peak, end, (t - top) / (last - top));
    const double back = 2 * c.pct_start * real(c.total_steps) - 2;
    if (t <= back) return between(peak, start, (t - top) / (back - top));
    return between(start, end, (t - back) / (last - back));
  }
  double between(double from, double to, double share) const {
    return c.anneal == Anneal::Cos ? cosine(from, to, share) : (to - from) * share + from;
  }
  OneCycleLrConfig c;
};

struct Cyclic final : Rule {
  explicit Cyclic(const CyclicLrConfig& config) : c(config) {}

  double lr(double, std::int64_t step) const override { return c.base_lr + (c.max_lr - c.base_lr) * height(step); }
  std::optional<double> momentum(std::int64_t step) const override {
    if (!c.cycle_momentum) return std::nullopt;
    return c.max_momentum - (c.max_momentum - c.base_momentum) * height(step);
  }
  // Between 0 and 1: where in the triangle the step is, times how high that is.
  double height(std::int64_t step) const {
    const double up = real(c.step_size_up), total = up + real(c.step_size_down), ratio = up / total;
    const double cycle = std::floor(1 + real(step) / total);
    const double x = 1 + real(step) / total - cycle;
    const double triangle = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    if (c.mode == CyclicMode::Triangular2) return triangle / std::pow(2.0, cycle - 1);
    if (c.mode == CyclicMode::ExpRange) return triangle * std::pow(c.gamma, real(step));
    return triangle;
  }
  CyclicLrConfig c;
};

struct Sequential final : Rule {
  Sequential(std::vector<Schedule> all, std::vector<std::int64_t> at)
      : schedules(std::move(all)), milestones(std::move(at)) {}

  double lr(double base, std::int64_t step) const override {
    const std::size_t i = which(step);
    return schedules[i].lr(base, step);
  }
  std::optional<double> momentum(std::int64_t step) const override {
    const std::size_t i = which(step);
    return schedules[i].momentum(step);
  }
  // The schedule of a step, which becomes a step of that schedule.
  std::size_t which(std::int64_t& step) const {
    const auto i =
        static_cast<std::size_t>(std::upper_bound(milestones.begin(), milestones.end(), step) - milestones.begin());
    if (i > 0) step -= milestones[i - 1];
    return i;
  }
  std::vector<Schedule> schedules;
  std::vector<std::int64_t> milestones;
};

struct Chained final : Rule {
  explicit Chained(std::vector<Schedule> all) : schedules(std::move(all)) {}

  double lr(double base, std::int64_t step) const override {
    double rate = base;
    for (const Schedule& s : schedules) rate *= s.lr(base, step) / base;
    return base == 0 ? 0 : rate;
  }
  std::optional<double> momentum(std::int64_t step) const override {
    for (const Schedule& s : schedules)
      if (const auto m = s.momentum(step)) return m;
    return std::nullopt;
  }
  std::vector<Schedule> schedules;
};

}  // namespace

double Schedule::lr(double base, std::int64_t step) const {
  require_at_least("schedule", "step", step, 0);
  return rule_->lr(base, step);
}

std::optional<double> Schedule::momentum(std::int64_t step) const {
  require_at_least("schedule", "step", step, 0);
  return rule_->momentum(step);
}

Schedule fixed_lr() {
  return factor([](std::int64_t) { return 1.0; });
}

Schedule step_lr(const StepLrConfig& c) {
  require_at_least("step_lr", "step_size", c.step_size, 1);
  require_not_negative("step_lr", "gamma", c.gamma);
  return factor([c](std::int64_t t) { return std::pow(c.gamma, real(t / c.step_size)); });
}

Schedule multi_step_lr(const MultiStepLrConfig& config) {
  require_not_negative("multi_step_lr", "gamma", config.gamma);
  MultiStepLrConfig c = config;
  std::sort(c.milestones.begin(), c.milestones.end());
  return factor([c](std::int64_t t) {
    return std::pow(c.gamma,
                    real(std::upper_bound(c.milestones.begin(), c.milestones.end(), t) - c.milestones.begin()));
  });
}

Schedule exponential_lr(const ExponentialLrConfig& c) {
  require_not_negative("exponential_lr", "gamma", c.gamma);
  return factor([c](std::int64_t t) { return std::pow(c.gamma, real(t)); });
}

Schedule cosine_lr(const CosineLrConfig& c) {
  require_at_least("cosine_lr", "t_max", c.t_max, 1);
  require_not_negative("cosine_lr", "eta_min", c.eta_min);
  return schedule([c](double base, std::int64_t t) { return cosine(base, c.eta_min, real(t) / real(c.t_max)); });
}

Schedule cosine_restarts_lr(const CosineRestartsLrConfig& c) {
  require_at_least("cosine_restarts_lr", "t_0", c.t_0, 1);
  require_at_least("cosine_restarts_lr", "t_mult", c.t_mult, 1);
  require_not_negative("cosine_restarts_lr", "eta_min", c.eta_min);
  return schedule([c](double base, std::int64_t t) {
    std::int64_t period = c.t_0;
    if (c.t_mult == 1) t %= period;
    while (t >= period) {
      t -= period;
      if (period > std::numeric_limits<std::int64_t>::max() / c.t_mult) break;
      period *= c.t_mult;
    }
    return cosine(base, c.eta_min, real(t) / real(period));
  });
}

Schedule linear_lr(const LinearLrConfig& c) {
  require_at_least("linear_lr", "total_iters", c.total_iters, 1);
  if (!(c.start_factor > 0 && c.start_factor <= 1)) refuse("linear_lr", "start_factor", c.start_factor, "in (0, 1]");
  if (!(c.end_factor >= 0 && c.end_factor <= 1)) refuse("linear_lr", "end_factor", c.end_factor, "in [0, 1]");
  return factor([c](std::int64_t t) {
    return c.start_factor + (c.end_factor - c.start_factor) * real(std::min(t, c.total_iters)) / real(c.total_iters);
  });
}

Schedule constant_lr(const ConstantLrConfig& c) {
  require_at_least("constant_lr", "total_iters", c.total_iters, 0);
  if (!(c.factor >= 0 && c.factor <= 1)) refuse("constant_lr", "factor", c.factor, "in [0, 1]");
  return factor([c](std::int64_t t) { return t < c.total_iters ? c.factor : 1.0; });
}

Schedule polynomial_lr(const PolynomialLrConfig& c) {
  require_at_least("polynomial_lr", "total_iters", c.total_iters, 1);
  require_not_negative("polynomial_lr", "power", c.power);
  return factor(
      [c](std::int64_t t) { return std::pow(1 - real(std::min(t, c.total_iters)) / real(c.total_iters), c.power); });
}

Schedule noam_lr(const NoamLrConfig& c) {
  require_at_least("noam_lr", "d_model", c.d_model, 1);
  require_at_least("noam_lr", "warmup", c.warmup, 1);
  return factor([c](std::int64_t t) {
    const double n = real(t) + 1;
    return std::pow(real(c.d_model), -0.5) * std::min(std::pow(n, -0.5), n * std::pow(real(c.warmup), -1.5));
  });
}

Schedule one_cycle_lr(const OneCycleLrConfig& c) {
  require_not_negative("one_cycle_lr", "max_lr", c.max_lr);
  require_at_least("one_cycle_lr", "total_steps", c.total_steps, 1);
  if (!(c.pct_start >= 0 && c.pct_start <= 1)) refuse("one_cycle_lr", "pct_start", c.pct_start, "in [0, 1]");
  require_positive("one_cycle_lr", "div_factor", c.div_factor);
  require_positive("one_cycle_lr", "final_div_factor", c.final_div_factor);
  require_fraction("one_cycle_lr", "base_momentum", c.base_momentum);
  require_fraction("one_cycle_lr", "max_momentum", c.max_momentum);
  return Schedule(Ref<const Rule>(new OneCycle(c)));
}

Schedule cyclic_lr(const CyclicLrConfig& config) {
  CyclicLrConfig c = config;
  require_not_negative("cyclic_lr", "base_lr", c.base_lr);
  require_not_negative("cyclic_lr", "max_lr", c.max_lr);
  require_at_least("cyclic_lr", "step_size_up", c.step_size_up, 1);
  require_at_least("cyclic_lr", "step_size_down", c.step_size_down, 0);
  require_not_negative("cyclic_lr", "gamma", c.gamma);
  require_fraction("cyclic_lr", "base_momentum", c.base_momentum);
  require_fraction("cyclic_lr", "max_momentum", c.max_momentum);
  if (c.step_size_down == 0) c.step_size_down = c.step_size_up;
  return Schedule(Ref<const Rule>(new Cyclic(c)));
}

Schedule sequential_lr(std::vector<Schedule> schedules, std::vector<std::int64_t> milestones) {
  if (schedules.empty() || milestones.size() + 1 != schedules.size())
    throw ValueError("sequential_lr", std::to_string(schedules.size()) + " schedules and " +
                                          std::to_string(milestones.size()) + " milestones; n need n - 1");
  for (std::size_t i = 0; i < milestones.size(); ++i)
    require_at_least("sequential_lr", "milestone " + std::to_string(i), milestones[i],
                     i > 0 ? milestones[i - 1] + 1 : 0);
  return Schedule(Ref<const Rule>(new Sequential(std::move(schedules), std::move(milestones))));
}

Schedule chained_lr(std::vector<Schedule> schedules) {
  if (schedules.empty()) throw ValueError("chained_lr", "needs at least one schedule");
  return Schedule(Ref<const Rule>(new Chained(std::move(schedules))));
}

Schedule warmup_lr(std::int64_t steps, Schedule then) {
  require_at_least("warmup_lr", "steps", steps, 1);
  Schedule rise = factor([steps](std::int64_t t) { return real(t + 1) / real(steps); });
  return sequential_lr({std::move(rise), std::move(then)}, {steps});
}

}  // namespace fornax::optim
