#pragma once
// Learning rates that change with the step.
//
// A Schedule is a function of the base rate and the step, from 0 on. A Scheduler counts steps and sets an optimizer's rate:
//
//   optim::Scheduler scheduler(optimizer, optim::cosine_lr({.t_max = 1000}));   // the base is optimizer.lr()
//   optimizer.step(model, grads);
//   scheduler.step(optimizer);                                                  // the rate of the next step
//
// Rates are computed from the step alone, by the formulas of PyTorch's schedulers, so a long run adds up no errors.

#include <cstdint>
#include <optional>
#include <vector>

#include <fornax/array/ref.hpp>
#include <fornax/optim/optimizer.hpp>

namespace fornax::optim {

/// A learning rate, and possibly a momentum, as a function of the step.
class Schedule {
 public:
  /// What a schedule of the user's own derives from.
  struct Rule : Counted {
    virtual ~Rule() = default;
    virtual double lr(double base, std::int64_t step) const = 0;
    virtual std::optional<double> momentum(std::int64_t) const { return std::nullopt; }
  };

  explicit Schedule(Ref<const Rule> rule) : rule_(std::move(rule)) {}

  /// The rate used for the step. Throws ValueError for a negative step.
  double lr(double base, std::int64_t step) const;
  /// The momentum used for the step, if the schedule turns it.
  std::optional<double> momentum(std::int64_t step) const;

 private:
  Ref<const Rule> rule_;
};

/// base, whatever the step.
Schedule fixed_lr();

struct StepLrConfig {
  std::int64_t step_size;
  double gamma = 0.1;
  FORNAX_LAZY_CONFIG(StepLrConfig, step_size, gamma)
};
/// base gamma^floor(t / step_size).
Schedule step_lr(const StepLrConfig& config);

struct MultiStepLrConfig {
  std::vector<std::int64_t> milestones;
  double gamma = 0.1;
  FORNAX_LAZY_CONFIG(MultiStepLrConfig, milestones, gamma)
};
/// base gamma^(number of milestones up to t).
Schedule multi_step_lr(const MultiStepLrConfig& config);

struct ExponentialLrConfig {
  double gamma;
  FORNAX_LAZY_CONFIG(ExponentialLrConfig, gamma)
};
/// base gamma^t.
Schedule exponential_lr(const ExponentialLrConfig& config);

struct CosineLrConfig {
  std::int64_t t_max;
  double eta_min = 0;
  FORNAX_LAZY_CONFIG(CosineLrConfig, t_max, eta_min)
};
/// eta_min + (base - eta_min) (1 + cos(pi t / t_max)) / 2: down to eta_min at t_max, and up again after it.
Schedule cosine_lr(const CosineLrConfig& config);

struct CosineRestartsLrConfig {
  std::int64_t t_0;         // length of the first period
  std::int64_t t_mult = 1;  // how many times longer each next one is
  double eta_min = 0;
  FORNAX_LAZY_CONFIG(CosineRestartsLrConfig, t_0, t_mult, eta_min)
};
/// Cosines from base to eta_min, each period starting at base again.
///
/// Source: Loshchilov and Hutter 2017.
Schedule cosine_restarts_lr(const CosineRestartsLrConfig& config);

struct LinearLrConfig {
  double start_factor = 1.0 / 3, end_factor = 1;
  std::int64_t total_iters = 5;
  FORNAX_LAZY_CONFIG(LinearLrConfig, start_factor, end_factor, total_iters)
};
/// base times a factor that goes from start to end in total_iters steps and stays there.
Schedule linear_lr(const LinearLrConfig& config);

struct ConstantLrConfig {
  double factor = 1.0 / 3;
  std::int64_t total_iters = 5;
  FORNAX_LAZY_CONFIG(ConstantLrConfig, factor, total_iters)
};
/// base factor for total_iters steps, then base.
Schedule constant_lr(const ConstantLrConfig& config);

struct PolynomialLrConfig {
  std::int64_t total_iters = 5;
  double power = 1;
  FORNAX_LAZY_CONFIG(PolynomialLrConfig, total_iters, power)
};
/// base (1 - t / total_iters)^power, 0 from total_iters on.
Schedule polynomial_lr(const PolynomialLrConfig& config);

struct NoamLrConfig {
  std::int64_t d_model;  // the width of the model
  std::int64_t warmup;   // steps for which the rate rises
  FORNAX_LAZY_CONFIG(NoamLrConfig, d_model, warmup)
};
/// base d_model^-0.5 min(n^-0.5, n warmup^-1.5) with n = t + 1.
///
/// Source: Vaswani et al. 2017.
Schedule noam_lr(const NoamLrConfig& config);

enum class Anneal : std::uint8_t { Cos, Linear };
FORNAX_ENUM(Anneal, Cos, Linear)

struct OneCycleLrConfig {
  double max_lr;
  std::int64_t total_steps;
  double pct_start = 0.3;  // the share of steps in which the rate rises
  Anneal anneal = Anneal::Cos;
  double div_factor = 25;         // the rate starts at max_lr / div_factor,
  double final_div_factor = 1e4;  // and ends at that divided by final_div_factor
  bool three_phase = false;       // back to the start first, then to the end
  bool cycle_momentum = true;     // momentum goes from max to base while the rate rises, and back
  double base_momentum = 0.85, max_momentum = 0.95;
  FORNAX_LAZY_CONFIG(OneCycleLrConfig, max_lr, total_steps, pct_start, anneal, div_factor, final_div_factor,
                     three_phase, cycle_momentum, base_momentum, max_momentum)
};
/// Up from a small rate to max_lr and down to a very small one, once; the base rate does not count. Beyond total_steps the
/// last rate stays.
///
/// Source: Smith and Topin 2019.
Schedule one_cycle_lr(const OneCycleLrConfig& config);

enum class CyclicMode : std::uint8_t {
  Triangular,   // every cycle as high as the first
  Triangular2,  // each cycle half as high as the one before
  ExpRange,     // height times gamma^t
};
FORNAX_ENUM(CyclicMode, Triangular, Triangular2, ExpRange)

struct CyclicLrConfig {
  double base_lr, max_lr;
  std::int64_t step_size_up = 2000;
  std::int64_t step_size_down = 0;  // 0: as step_size_up
  CyclicMode mode = CyclicMode::Triangular;
  double gamma = 1;
  bool cycle_momentum = false;
  double base_momentum = 0.8, max_momentum = 0.9;
  FORNAX_LAZY_CONFIG(CyclicLrConfig, base_lr, max_lr, step_size_up, step_size_down, mode, gamma, cycle_momentum,
                     base_momentum, max_momentum)
};
/// Up from base_lr to max_lr and down again, over and over; the optimizer's base rate does not count.
///
/// Source: Smith 2017.
Schedule cyclic_lr(const CyclicLrConfig& config);

/// base times f(t), for a function of the user's own.
///
/// Example: optim::lambda_lr([](std::int64_t t) { return 1.0 / (1.0 + 0.01 * t); })
template <class F> Schedule lambda_lr(F f) {
  struct Lambda final : Schedule::Rule {
    explicit Lambda(F function) : f(std::move(function)) {}
    double lr(double base, std::int64_t step) const override { return base * f(step); }
    F f;
  };
  return Schedule(Ref<const Schedule::Rule>(new Lambda(std::move(f))));
}

/// The first schedule up to the first milestone, and so on; each starts at its own step 0.
///
/// Errors: ValueError unless there is one milestone fewer than schedules, and they rise.
Schedule sequential_lr(std::vector<Schedule> schedules, std::vector<std::int64_t> milestones);

/// base times the factors that all schedules would give it.
Schedule chained_lr(std::vector<Schedule> schedules);

/// The rate rises linearly over `steps` steps: base (t + 1) / steps; then the other schedule runs from its step 0.
Schedule warmup_lr(std::int64_t steps, Schedule then);

/// Counts the steps of a schedule and sets an optimizer's rate, and its momentum if the schedule turns that.
class Scheduler {
 public:
  /// Sets the rate of step 0. The base is the optimizer's rate.
  Scheduler(Optimizer& optimizer, Schedule schedule);
  /// Without an optimizer: for lr() alone.
  Scheduler(double base, Schedule schedule);

  /// On to the next step, whose rate the optimizer gets.
  void step(Optimizer& optimizer);
  /// Counts a step, and sets nothing.
  void advance() { ++step_; }
  double lr() const { return schedule_.lr(base_, step_); }
  std::optional<double> momentum() const { return schedule_.momentum(step_); }
  /// How many steps were made.
  std::int64_t steps() const { return step_; }

  State state() const;
  void load_state(const State& state);

 private:
  void set(Optimizer& optimizer) const;
  double base_;
  Schedule schedule_;
  std::int64_t step_ = 0;
};

enum class Better : std::uint8_t { Min, Max };
FORNAX_ENUM(Better, Min, Max)
enum class Threshold : std::uint8_t { Relative, Absolute };
FORNAX_ENUM(Threshold, Relative, Absolute)

struct PlateauConfig {
  Better mode = Better::Min;  // whether less or more is better
  double factor = 0.1;
  std::int64_t patience = 10;  // reports without improvement that are let pass
  double threshold = 1e-4;     // what counts as improvement
  Threshold threshold_mode = Threshold::Relative;
  std::int64_t cooldown = 0;  // reports after a reduction that do not count as bad
  double min_lr = 0;
  double eps = 1e-8;  // smaller changes of the rate are not made
  FORNAX_LAZY_CONFIG(PlateauConfig, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)
};

/// Multiplies the rate by a factor when a metric has stopped improving.
///
/// Example: optim::Plateau plateau({.patience = 3});
///          plateau.step(optimizer, validation_loss);   // once an epoch
class Plateau {
 public:
  Plateau() : Plateau(PlateauConfig()) {}
  /// Throws ValueError unless 0 < factor < 1.
  explicit Plateau(const PlateauConfig& config);

  /// Takes the metric of the time since the last call; returns true if the rate was reduced. A NaN is no improvement.
  bool step(Optimizer& optimizer, double metric);
  /// The same for a rate alone, which is returned.
  double step(double lr, double metric);
  double best() const { return best_; }

  State state() const;
  void load_state(const State& state);

 private:
  bool is_better(double metric) const;
  PlateauConfig config_;
  double best_;
  std::int64_t bad_ = 0, cooling_ = 0;
};

}  // namespace fornax::optim
