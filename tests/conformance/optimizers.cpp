// What cases call an optimizer or a schedule, as the library's.

#include <cmath>
#include <numbers>

#include "table.hpp"
#include "train.hpp"

namespace fornax::conformance {

namespace {

using namespace optim;

// A pair of numbers, such as "betas".
double item(const Attrs& a, std::string_view name, std::size_t i, double fallback) {
  return a.has(name) ? a.reals(name).at(i) : fallback;
}

template <class Config> Config with_betas(const Attrs& a, Config c) {
  c.lr = a.real("lr", c.lr);
  c.beta1 = item(a, "betas", 0, c.beta1);
  c.beta2 = item(a, "betas", 1, c.beta2);
  c.eps = a.real("eps", c.eps);
  c.weight_decay = a.real("weight_decay", c.weight_decay);
  return c;
}

template <class O> std::unique_ptr<Optimizer> made(const typename O::Config& config) {
  return std::make_unique<O>(config);
}

CyclicMode cyclic_mode(const std::string& name) {
  if (name == "triangular") return CyclicMode::Triangular;
  if (name == "triangular2") return CyclicMode::Triangular2;
  if (name == "exp_range") return CyclicMode::ExpRange;
  throw Absent("the library has no cyclic mode \"" + name + "\"");
}

}  // namespace

std::unique_ptr<Optimizer> optimizer_of(const Attrs& a) {
  const std::string kind = a.text("kind");
  if (kind == "sgd")
    return made<Sgd>({.lr = a.real("lr"),
                      .momentum = a.real("momentum", 0),
                      .dampening = a.real("dampening", 0),
                      .nesterov = a.flag("nesterov", false),
                      .weight_decay = a.real("weight_decay", 0)});
  if (kind == "adam") {
    AdamConfig c = with_betas(a, AdamConfig());
    c.amsgrad = a.flag("amsgrad", false);
    return made<Adam>(c);
  }
  if (kind == "adamw") {
    AdamWConfig c = with_betas(a, AdamWConfig());
    c.amsgrad = a.flag("amsgrad", false);
    return made<AdamW>(c);
  }
  if (kind == "adamax") return made<Adamax>(with_betas(a, AdamaxConfig()));
  if (kind == "radam") return made<RAdam>(with_betas(a, RAdamConfig()));
  if (kind == "nadam") {
    NAdamConfig c = with_betas(a, NAdamConfig());
    c.momentum_decay = a.real("momentum_decay", c.momentum_decay);
    c.as_torch_1 = true;  // what the cases were made with
    return made<NAdam>(c);
  }
  if (kind == "rmsprop")
    return made<RmsProp>({.lr = a.real("lr"),
                          .alpha = a.real("alpha", 0.99),
                          .eps = a.real("eps", 1e-8),
                          .momentum = a.real("momentum", 0),
                          .centered = a.flag("centered", false),
                          .weight_decay = a.real("weight_decay", 0)});
  if (kind == "adagrad")
    return made<Adagrad>({.lr = a.real("lr"),
                          .lr_decay = a.real("lr_decay", 0),
                          .initial_accumulator = a.real("initial_accumulator_value", 0),
                          .eps = a.real("eps", 1e-10),
                          .weight_decay = a.real("weight_decay", 0)});
  if (kind == "adadelta")
    return made<Adadelta>({.lr = a.real("lr"),
                           .rho = a.real("rho", 0.9),
                           .eps = a.real("eps", 1e-6),
                           .weight_decay = a.real("weight_decay", 0)});
  if (kind == "asgd")
    return made<Asgd>({.lr = a.real("lr"),
                       .lambd = a.real("lambd", 1e-4),
                       .alpha = a.real("alpha", 0.75),
                       .t0 = a.real("t0", 1e6),
                       .weight_decay = a.real("weight_decay", 0)});
  if (kind == "rprop")
    return made<Rprop>({.lr = a.real("lr"),
                        .eta_minus = item(a, "etas", 0, 0.5),
                        .eta_plus = item(a, "etas", 1, 1.2),
                        .step_min = item(a, "step_sizes", 0, 1e-6),
                        .step_max = item(a, "step_sizes", 1, 50)});
  if (kind == "lbfgs") {
    LbfgsConfig c;
    c.lr = a.real("lr", c.lr);
    c.max_iter = static_cast<int>(a.integer("max_iter", c.max_iter));
    c.max_eval = static_cast<int>(a.integer("max_eval", c.max_eval));
    c.history_size = static_cast<int>(a.integer("history_size", c.history_size));
    c.tolerance_grad = a.real("tolerance_grad", c.tolerance_grad);
    c.tolerance_change = a.real("tolerance_change", c.tolerance_change);
    for (const char* name : {"line_search_fn", "line_search"})
      if (a.has(name) && a.text(name) == "strong_wolfe") c.line_search = LineSearch::StrongWolfe;
    return made<Lbfgs>(c);
  }
  throw Absent("the library has no optimizer \"" + kind + "\"");
}

Schedule schedule_of(const Attrs& a) {
  const std::string kind = a.text("kind");
  if (kind == "step") return step_lr({.step_size = a.integer("step_size"), .gamma = a.real("gamma", 0.1)});
  if (kind == "multi_step")
    return multi_step_lr({.milestones = a.integers("milestones"), .gamma = a.real("gamma", 0.1)});
  if (kind == "exponential") return exponential_lr({.gamma = a.real("gamma")});
  if (kind == "cosine") return cosine_lr({.t_max = a.integer("t_max"), .eta_min = a.real("eta_min", 0)});
  if (kind == "cosine_warm_restarts")
    return cosine_restarts_lr(
        {.t_0 = a.integer("t_0"), .t_mult = a.integer("t_mult", 1), .eta_min = a.real("eta_min", 0)});
  if (kind == "linear")
    return linear_lr({.start_factor = a.real("start_factor", 1.0 / 3),
                      .end_factor = a.real("end_factor", 1),
                      .total_iters = a.integer("total_iters", 5)});
  if (kind == "constant")
    return constant_lr({.factor = a.real("factor", 1.0 / 3), .total_iters = a.integer("total_iters", 5)});
  if (kind == "polynomial")
    return polynomial_lr({.total_iters = a.integer("total_iters", 5), .power = a.real("power", 1)});
  if (kind == "noam") return noam_lr({.d_model = a.integer("d_model"), .warmup = a.integer("warmup")});
  if (kind == "one_cycle") {
    OneCycleLrConfig c{.max_lr = a.real("max_lr"), .total_steps = a.integer("total_steps")};
    c.pct_start = a.real("pct_start", c.pct_start);
    c.anneal = a.has("anneal") && a.text("anneal") == "linear" ? Anneal::Linear : Anneal::Cos;
    c.div_factor = a.real("div_factor", c.div_factor);
    c.final_div_factor = a.real("final_div_factor", c.final_div_factor);
    c.three_phase = a.flag("three_phase", false);
    c.base_momentum = a.real("base_momentum", c.base_momentum);
    c.max_momentum = a.real("max_momentum", c.max_momentum);
    return one_cycle_lr(c);
  }
  if (kind == "cyclic") {
    CyclicLrConfig c{.base_lr = a.real("base"), .max_lr = a.real("max")};
    c.step_size_up = a.integer("step_size_up", c.step_size_up);
    c.step_size_down = a.integer("step_size_down", c.step_size_down);
    c.mode = cyclic_mode(a.has("mode") ? a.text("mode") : "triangular");
    c.gamma = a.real("gamma", c.gamma);
    c.cycle_momentum = a.has("base_momentum") || a.has("max_momentum");
    c.base_momentum = a.real("base_momentum", c.base_momentum);
    c.max_momentum = a.real("max_momentum", c.max_momentum);
    return cyclic_lr(c);
  }
  if (kind == "lambda") {
    // Functions stand in the file as text.
    const std::string formula = a.text("formula");
    if (formula == "lr(t) = base*(t+1)/10 for t<10; else base*0.5*(1+cos(pi*(t-10)/90))")
      return warmup_lr(10, cosine_lr({.t_max = 90}));
    throw Absent("no row for the formula \"" + formula + "\"");
  }
  if (kind == "sequential" || kind == "chained") {
    std::vector<Schedule> parts;
    for (const Attrs& part : a.objects("schedules")) parts.push_back(schedule_of(part));
    return kind == "chained" ? chained_lr(std::move(parts)) : sequential_lr(std::move(parts), a.integers("milestones"));
  }
  throw Absent("the library has no schedule \"" + kind + "\"");
}

}  // namespace fornax::conformance
