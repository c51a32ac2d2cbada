#include <fornax/optim/lbfgs.hpp>

#include <algorithm>
#include <cmath>

#include <fornax/optim/place.hpp>
#include <fornax/optim/rules.hpp>

namespace fornax::optim {

namespace {

double dot(const Array& a, const Array& b) { return reduce_all(ReduceFn::Sum, a * b).item(); }
double largest(const Array& x) { return reduce_all(ReduceFn::Max, unary(UnaryFn::Abs, x)).item(); }

// The minimum, within the bounds, of the cubic through two points with these values and slopes.
double cubic_minimum(double x1, double f1, double g1, double x2, double f2, double g2, double low, double high) {
  const double d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2);
  const double square = d1 * d1 - g1 * g2;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double at = x1 <= x2 ? x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
                             : x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2));
  return std::min(std::max(at, low), high);
}

}  // namespace

// The weights that may change as one vector, and the loss as a function of it.
class Lbfgs::Problem {
 public:
  Problem(const nn::Parameters& all, Objective& objective) : objective_(objective) {
    for (const nn::NamedParameter& p : all) {
      if (!p.trainable) continue;
      if (!parameters_.empty() && parameters_[0].array->dtype() != p.array->dtype())
        throw DTypeError("Lbfgs", "parameter \"" + p.path + "\" is " + std::string(fornax::name(p.array->dtype())) +
                                      ", \"" + parameters_[0].path + "\" is " +
                                      std::string(fornax::name(parameters_[0].array->dtype())));
      parameters_.push_back(p);
      size_ += p.array->numel();
    }
    if (size_ == 0) throw ValueError("Lbfgs", "the model has no parameters that require a gradient");
  }

  std::int64_t size() const { return size_; }

  Array weights() const {
    std::vector<Array> parts;
    for (const nn::NamedParameter& p : parameters_) parts.push_back(detach(*p.array));
    return joined(parts);
  }

  void set_weights(const Array& x) {
    std::int64_t start = 0;
    for (const nn::NamedParameter& p : parameters_) {
      const Shape shape = p.array->shape();
      Array part = reshape(narrow(x, 0, start, shape.numel()), shape);
      Place(p).value = std::move(part);
      start += shape.numel();
    }
  }

  // At the model's weights; a parameter that the loss does not depend on has a gradient of 0.
  double evaluate(Array& gradient) {
    NamedGradients gradients;
    const double loss = objective_.evaluate(gradients);
    std::vector<Array> parts;
    for (const nn::NamedParameter& p : parameters_) {
      Array g = gradients.take(p.path);
      parts.push_back(g.defined() ? std::move(g) : detach(zeros_like(*p.array)));
    }
    gradient = joined(parts);
    return loss;
  }

 private:
  static Array joined(std::vector<Array>& parts) {
    std::vector<Operand> operands;
    for (Array& a : parts) {
      a = reshape(a, Shape{a.numel()});
      operands.emplace_back(a);
    }
    return cat(operands, 0);
  }

  Objective& objective_;
  nn::Parameters parameters_;
  std::int64_t size_ = 0;
};

// A point on a line, and what the loss is there.
struct Lbfgs::Point {
  double t, loss;
  Array gradient;
  double slope;
};

Lbfgs::Lbfgs(const Config& config) : Optimizer("Lbfgs", config.lr), config_(config) {
  require_at_least(name(), "max_iter", config.max_iter, 1);
  require_at_least(name(), "max_eval", config.max_eval, 0);
  require_at_least(name(), "history_size", config.history_size, 1);
  require_not_negative(name(), "tolerance_grad", config.tolerance_grad);
  require_not_negative(name(), "tolerance_change", config.tolerance_change);
  if (config.max_eval == 0) config_.max_eval = config.max_iter * 5 / 4;
}

// The next direction, from the gradient and what is known of the curvature.
void Lbfgs::turn(const Array& gradient) {
  if (iterations_ == 1) {
    history_.clear();
    scale_ = 1;
    direction_ = -gradient;
    return;
  }
  Array y = gradient - previous_gradient_;
  Array s = direction_ * length_;
  const double ys = dot(y, s);
  if (ys > 1e-10) {
    if (history_.size() == static_cast<std::size_t>(config_.history_size)) history_.erase(history_.begin());
    scale_ = ys / dot(y, y);
    history_.push_back({std::move(y), std::move(s), 1 / ys});
  }
  std::vector<double> alpha(history_.size());
  Array q = -gradient;
  for (std::size_t i = history_.size(); i-- > 0;) {
    alpha[i] = dot(history_[i].s, q) * history_[i].rho;
    q = std::move(q) - history_[i].y * alpha[i];
  }
  direction_ = std::move(q) * scale_;
  for (std::size_t i = 0; i < history_.size(); ++i) {
    const double beta = dot(history_[i].y, direction_) * history_[i].rho;
    direction_ = std::move(direction_) + history_[i].s * (alpha[i] - beta);
  }
}

// From at.t on along the direction to a point that fulfils the strong Wolfe conditions; returns the number of
// evaluations. `at` comes with the loss and gradient of the start.
int Lbfgs::search(Problem& problem, const Array& start, const Array& direction, double slope, Point& at) {
  constexpr double c1 = 1e-4, c2 = 0.9, least_change = 1e-9;
  constexpr int kMost = 25;
  const Point origin{0, at.loss, at.gradient, slope};
  const double reach = largest(direction);
  int evaluations = 0, iteration = 0;
  const auto try_at = [&](double t) {
    Point p{t, 0, Array(), 0};
    problem.set_weights(start + direction * t);
    p.loss = problem.evaluate(p.gradient);
    p.slope = dot(p.gradient, direction);
    ++evaluations;
    return p;
  };
  const auto too_high = [&](const Point& p) { return p.loss > origin.loss + c1 * p.t * slope; };
  const auto flat = [&](const Point& p) { return std::abs(p.slope) <= -c2 * slope; };

  // Step out until an interval holds what is sought.
  Point previous = origin, current = try_at(at.t);
  bool done = false, bracketed = false;
  for (; iteration < kMost; ++iteration) {
    if (too_high(current) || (iteration > 1 && current.loss >= previous.loss)) {
      bracketed = true;
      break;
    }
    if (flat(current)) {
      done = true;
      break;
    }
    if (current.slope >= 0) {
      bracketed = true;
      break;
    }
    const double t = cubic_minimum(previous.t, previous.loss, previous.slope, current.t, current.loss, current.slope,
                                   current.t + 0.01 * (current.t - previous.t), current.t * 10);
    previous = std::exchange(current, try_at(t));
  }
  if (done) {
    at = std::move(current);
    return evaluations;
  }

  // Narrow it down.
  Point ends[2] = {bracketed ? previous : origin, std::move(current)};
  std::size_t low = ends[0].loss <= ends[1].loss ? 0 : 1;
  bool stuck = false;
  while (!done && iteration < kMost) {
    if (std::abs(ends[1].t - ends[0].t) * reach < least_change) break;
    const double left = std::min(ends[0].t, ends[1].t), right = std::max(ends[0].t, ends[1].t);
    double t =
        cubic_minimum(ends[0].t, ends[0].loss, ends[0].slope, ends[1].t, ends[1].loss, ends[1].slope, left, right);
    // Twice in a row close to an end, or on it: a tenth of the interval away from it.
    const double margin = 0.1 * (right - left);
    if (std::min(right - t, t - left) < margin) {
      if (stuck || t >= right || t <= left) {
        t = std::abs(t - right) < std::abs(t - left) ? right - margin : left + margin;
        stuck = false;
      } else {
        stuck = true;
      }
    } else {
      stuck = false;
    }
    Point trial = try_at(t);
    ++iteration;
    if (too_high(trial) || trial.loss >= ends[low].loss) {
      ends[1 - low] = std::move(trial);
      low = ends[0].loss <= ends[1].loss ? 0 : 1;
    } else {
      if (flat(trial)) {
        done = true;
      } else if (trial.slope * (ends[1 - low].t - ends[low].t) >= 0) {
        ends[1 - low] = ends[low];
      }
      ends[low] = std::move(trial);
    }
  }
  at = std::move(ends[low]);
  return evaluations;
}

autodiff::GradientStore Lbfgs::backward_of(Array loss) {
  const Interpreter* const tape = autodiff::tape_of(loss);
  if (!tape) throw ValueError("Lbfgs", "the loss does not depend on any parameter that requires a gradient");
  return autodiff::backward(*tape, std::move(loss), Array());
}

LbfgsReport Lbfgs::run(const nn::Parameters& parameters, Objective& objective) {
  Problem problem(parameters, objective);
  if (previous_gradient_.defined() && previous_gradient_.numel() != problem.size())
    throw ShapeError(name(), "the state is of " + std::to_string(previous_gradient_.numel()) +
                                 " weights, the model has " + std::to_string(problem.size()));
  Array gradient;
  double loss = problem.evaluate(gradient);
  LbfgsReport report{loss, 0, 1};
  ++evaluations_;
  bool at_optimum = largest(gradient) <= config_.tolerance_grad;
  if (at_optimum) return report;

  Array x = problem.weights();
  while (report.iterations < config_.max_iter) {
    ++report.iterations;
    ++iterations_;
    turn(gradient);
    previous_gradient_ = gradient;
    previous_loss_ = loss;
    length_ = lr();
    if (iterations_ == 1) length_ *= std::min(1.0, 1 / reduce_all(ReduceFn::Sum, unary(UnaryFn::Abs, gradient)).item());
    const double slope = dot(gradient, direction_);
    if (slope > -config_.tolerance_change) break;

    std::int64_t evaluations = 0;
    if (config_.line_search == LineSearch::StrongWolfe) {
      Point at{length_, loss, gradient, slope};
      evaluations = search(problem, x, direction_, slope, at);
      length_ = at.t;
      loss = at.loss;
      gradient = std::move(at.gradient);
    }
    x = std::move(x) + direction_ * length_;
    problem.set_weights(x);
    if (config_.line_search == LineSearch::None && report.iterations != config_.max_iter) {
      // Not after the last: the next step may be on other data.
      loss = problem.evaluate(gradient);
      evaluations = 1;
    }
    at_optimum = largest(gradient) <= config_.tolerance_grad;
    report.evaluations += evaluations;
    evaluations_ += evaluations;
    if (report.evaluations >= config_.max_eval || at_optimum) break;
    if (largest(direction_) * std::abs(length_) <= config_.tolerance_change) break;
    if (std::abs(loss - previous_loss_) < config_.tolerance_change) break;
  }
  return report;
}

State Lbfgs::state() const {
  State s;
  s.kind = name();
  s.numbers = {{"lr", lr()},
               {"length", length_},
               {"scale", scale_},
               {"previous_loss", previous_loss_},
               {"iterations", static_cast<double>(iterations_)},
               {"evaluations", static_cast<double>(evaluations_)},
               {"pairs", static_cast<double>(history_.size())}};
  if (direction_.defined()) s.arrays["direction"] = direction_;
  if (previous_gradient_.defined()) s.arrays["previous_gradient"] = previous_gradient_;
  for (std::size_t i = 0; i < history_.size(); ++i) {
    const std::string at = std::to_string(i);
    s.arrays["y/" + at] = history_[i].y;
    s.arrays["s/" + at] = history_[i].s;
    s.numbers["rho/" + at] = history_[i].rho;
  }
  return s;
}

void Lbfgs::load_state(const State& state) {
  state.require_kind(name());
  Lbfgs loaded(config_);
  loaded.set_lr(state.number("lr"));
  loaded.length_ = state.number("length");
  loaded.scale_ = state.number("scale");
  loaded.previous_loss_ = state.number("previous_loss");
  loaded.iterations_ = static_cast<std::int64_t>(state.number("iterations"));
  loaded.evaluations_ = static_cast<std::int64_t>(state.number("evaluations"));
  if (loaded.iterations_ > 0) {
    loaded.direction_ = detach(state.array("direction"));
    loaded.previous_gradient_ = detach(state.array("previous_gradient"));
  }
  const auto pairs = static_cast<std::size_t>(std::max(0.0, state.number("pairs")));
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::string at = std::to_string(i);
    loaded.history_.push_back(
        {detach(state.array("y/" + at)), detach(state.array("s/" + at)), state.number("rho/" + at)});
    if (!(loaded.history_[i].y.shape() == loaded.direction_.shape() &&
          loaded.history_[i].s.shape() == loaded.direction_.shape()))
      throw ShapeError("load_state", "pair " + at + " of Lbfgs has not the shape of its direction");
  }
  *this = std::move(loaded);
}

}  // namespace fornax::optim
