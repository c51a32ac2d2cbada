// Learning rates. The formulas run as conformance cases (schedules.jsonl, rates.jsonl).

#include "net.hpp"

namespace fornax::test {
namespace {

using namespace optim;

TEST(Scheduler, SetsTheRateOfEachStep) {
  Sgd optimizer({.lr = 0.8});
  Scheduler scheduler(optimizer, step_lr({.step_size = 2, .gamma = 0.5}));
  std::vector<double> rates;
  for (int t = 0; t < 6; ++t) {
    rates.push_back(optimizer.lr());
    scheduler.step(optimizer);
  }
  EXPECT_EQ(rates, (Numbers{0.8, 0.8, 0.4, 0.4, 0.2, 0.2}));
}

TEST(Scheduler, TurnsTheMomentum) {
  Adam optimizer;
  Scheduler scheduler(optimizer, one_cycle_lr({.max_lr = 1, .total_steps = 11, .pct_start = 0.5}));
  EXPECT_EQ(optimizer.momentum(), 0.95);
  EXPECT_NEAR(optimizer.lr(), 1.0 / 25, 1e-15);
  for (int t = 0; t < 4; ++t) scheduler.step(optimizer);
  EXPECT_LT(*optimizer.momentum(), 0.86);
  for (int t = 0; t < 40; ++t) scheduler.step(optimizer);  // beyond its end the last rate stays
  EXPECT_NEAR(optimizer.lr(), 1.0 / 25 / 1e4, 1e-18);
  EXPECT_EQ(optimizer.momentum(), 0.95);

  Adagrad without;
  EXPECT_EQ(message_of<ValueError>([&] { Scheduler(without, one_cycle_lr({.max_lr = 1, .total_steps = 9})); }),
            "Adagrad: has no momentum for the schedule to turn; cycle_momentum = false leaves it");
  EXPECT_NO_THROW(Scheduler(without, one_cycle_lr({.max_lr = 1, .total_steps = 9, .cycle_momentum = false})));
}

TEST(Scheduler, GoesOnFromItsState) {
  Sgd optimizer({.lr = 0.8}), other({.lr = 0.1});
  Scheduler first(optimizer, cosine_lr({.t_max = 20}));
  for (int t = 0; t < 7; ++t) first.step(optimizer);
  Scheduler second(other, cosine_lr({.t_max = 20}));
  second.load_state(first.state());
  EXPECT_EQ(second.steps(), 7);
  EXPECT_EQ(second.lr(), first.lr());
  first.step(optimizer);
  second.step(other);
  EXPECT_EQ(other.lr(), optimizer.lr());
  EXPECT_THROW(second.load_state(optimizer.state()), ValueError);
}

TEST(Schedule, OfALambda) {
  const Schedule s = lambda_lr([](std::int64_t t) { return 1.0 / static_cast<double>(1 + t); });
  EXPECT_EQ(s.lr(3, 0), 3);
  EXPECT_EQ(s.lr(3, 2), 1);
}

TEST(Schedule, OfTheUsersOwn) {
  struct Alternating : Schedule::Rule {
    double lr(double base, std::int64_t step) const override { return step % 2 == 0 ? base : base / 2; }
  };
  const Schedule s{Ref<const Schedule::Rule>(new Alternating)};
  EXPECT_EQ(sequential_lr({fixed_lr(), s}, {3}).lr(1, 4), 0.5);
}

TEST(Schedule, WarmsUp) {
  const Schedule s = warmup_lr(4, exponential_lr({.gamma = 0.5}));
  const double wanted[] = {0.25, 0.5, 0.75, 1, 1, 0.5, 0.25};
  for (std::int64_t t = 0; t < 7; ++t) EXPECT_EQ(s.lr(1, t), wanted[t]);
}

TEST(Schedule, OfOneStep) {
  EXPECT_NEAR(one_cycle_lr({.max_lr = 1, .total_steps = 1}).lr(0.1, 0), 1.0 / 25 / 1e4, 1e-18);
  // A rise that ends at its first step.
  EXPECT_EQ(one_cycle_lr({.max_lr = 1, .total_steps = 10, .pct_start = 0.1}).lr(0.1, 0), 1);
  EXPECT_EQ(polynomial_lr({.total_iters = 1}).lr(1, 1), 0);
}

TEST(Schedule, OfVeryManyRestarts) {
  const Schedule s = cosine_restarts_lr({.t_0 = 1, .t_mult = 1});
  EXPECT_EQ(s.lr(1, std::int64_t{1} << 60), 1);
  EXPECT_GT(cosine_restarts_lr({.t_0 = 3, .t_mult = 1 << 30}).lr(1, std::int64_t{1} << 62), 0);
}

TEST(Schedule, OfABaseRateOfZero) { EXPECT_EQ(chained_lr({cosine_lr({.t_max = 4}), fixed_lr()}).lr(0, 1), 0); }

TEST(WrongSchedule, IsNamed) {
  EXPECT_EQ(message_of<ValueError>([] { step_lr({.step_size = 0}); }),
            "step_lr: step_size is 0; it must be at least 1");
  EXPECT_EQ(message_of<ValueError>([] {
              sequential_lr({fixed_lr(), fixed_lr()}, {});
            }),
            "sequential_lr: 2 schedules and 0 milestones; n need n - 1");
  EXPECT_THROW(sequential_lr({fixed_lr(), fixed_lr(), fixed_lr()}, {5, 5}), ValueError);
  EXPECT_THROW(cosine_lr({.t_max = 0}), ValueError);
  EXPECT_THROW(cosine_lr({.t_max = 4, .eta_min = kNan}), ValueError);
  EXPECT_THROW(cosine_restarts_lr({.t_0 = 2, .t_mult = 0}), ValueError);
  EXPECT_THROW(linear_lr({.start_factor = 0}), ValueError);
  EXPECT_THROW(constant_lr({.factor = 2}), ValueError);
  EXPECT_THROW(polynomial_lr({.total_iters = 0}), ValueError);
  EXPECT_THROW(exponential_lr({.gamma = -1}), ValueError);
  EXPECT_THROW(noam_lr({.d_model = 0, .warmup = 1}), ValueError);
  EXPECT_THROW(one_cycle_lr({.max_lr = 1, .total_steps = 0}), ValueError);
  EXPECT_THROW(one_cycle_lr({.max_lr = 1, .total_steps = 9, .pct_start = 1.5}), ValueError);
  EXPECT_THROW(cyclic_lr({.base_lr = 0, .max_lr = 1, .step_size_up = 0}), ValueError);
  EXPECT_THROW(warmup_lr(0, fixed_lr()), ValueError);
  EXPECT_THROW(chained_lr({}), ValueError);
  EXPECT_THROW(fixed_lr().lr(1, -1), ValueError);
  EXPECT_THROW(Scheduler(-1.0, fixed_lr()), ValueError);
}

TEST(Plateau, ReducesTheRate) {
  Sgd optimizer({.lr = 1});
  Plateau plateau({.factor = 0.5, .patience = 1});
  std::vector<double> rates;
  for (const double metric : {1.0, 0.5, 0.6, kNan, 0.4, 0.4, 0.4}) {
    plateau.step(optimizer, metric);
    rates.push_back(optimizer.lr());
  }
  EXPECT_EQ(rates, (Numbers{1, 1, 1, 0.5, 0.5, 0.5, 0.25}));
  EXPECT_EQ(plateau.best(), 0.4);
  EXPECT_THROW(Plateau({.factor = 1}), ValueError);
}

TEST(Plateau, GoesOnFromItsState) {
  Plateau first({.factor = 0.5, .patience = 2, .cooldown = 2}), straight({.factor = 0.5, .patience = 2, .cooldown = 2});
  double a = 1, b = 1;
  for (int t = 0; t < 4; ++t) {
    a = first.step(a, 1);
    b = straight.step(b, 1);
  }
  Plateau second({.factor = 0.5, .patience = 2, .cooldown = 2});
  second.load_state(first.state());
  for (int t = 0; t < 9; ++t) EXPECT_EQ(a = second.step(a, 1), b = straight.step(b, 1));
  EXPECT_LT(a, 0.5);
}

}  // namespace
}  // namespace fornax::test
