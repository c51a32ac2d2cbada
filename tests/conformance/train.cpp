#include "train.hpp"

#include <algorithm>
#include <cmath>

#include <fornax/functional/class_loss.hpp>
#include <fornax/functional/linear.hpp>
#include <fornax/functional/regression_loss.hpp>

#include "table.hpp"

namespace fornax::conformance {

namespace {

// A difference of more than the tolerance from the expected number, relative to at least `least`.
void compare(const std::string& what, double got, double want, double relative, double least, double absolute,
             double& largest) {
  const double error = std::abs(got - want);
  if (!(error <= relative * std::max(std::abs(want), least) + absolute))
    throw Mismatch(what + ": " + exact(got) + ", expected " + exact(want));
  largest = std::max(largest, error);
}

// The net of the cases, y = L3(act(L2(act(L1 x)))), its data and its weights.
class Training {
 public:
  Training(const Case& c, const Setup& s)
      : attrs_(c.whole.object("attrs")), setup_(s), classify_(attrs_.text("task") == "classify") {
    const Attrs data = read_object(c.directory + c.whole.text("data"));
    x_ = upload(data.tensor("X").tensor(s.real), s);
    y_ = upload(data.tensor(classify_ ? "y_class" : "y_reg").tensor(s.real), s);
    const Value& names = attrs_.at("params");
    for (const Value& name : names.list) {
      Array w = upload(data.tensor(name.text).tensor(s.real), s);
      for (std::size_t t = s.tapes.size(); t-- > 0;) w = autodiff::require_grad(*s.tapes[t], w);
      names_.push_back(name.text);
      weights_.push_back(std::move(w));
    }
    if (weights_.size() != 6) throw Malformed("\"params\" are not the six of the net");
    activation_ = find_function(attrs_.text("activation"));
    if (!activation_) throw Absent("the library has no \"" + attrs_.text("activation") + "\"");
  }

  // Of samples [first, first + count), counted modulo their number.
  Array loss(std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> rows;
    for (std::int64_t j = 0; j < count; ++j) rows.push_back((first + j) % samples());
    const Array at = upload(TensorData(rows), setup_);
    const Attrs none;
    const auto activated = [&](const Array& a) {
      const Arrays inputs{a};
      return activation_({inputs, none, *setup_.on, setup_.real})[0];
    };
    Array h = select(x_, 0, at);
    for (const std::size_t layer : {std::size_t{0}, std::size_t{2}})
      h = activated(functional::linear(h, weights_[layer], weights_[layer + 1]));
    h = functional::linear(h, weights_[4], weights_[5]);
    const Array y = select(y_, 0, at);
    return classify_ ? functional::cross_entropy(h, y) : functional::mse_loss(h, y);
  }

  nn::Parameters parameters() {
    nn::Parameters all;
    for (std::size_t i = 0; i < weights_.size(); ++i) all.push_back({names_[i], &weights_[i], true});
    return all;
  }
  std::int64_t samples() const { return x_.shape()[0]; }
  const Attrs& attrs() const { return attrs_; }

 private:
  Attrs attrs_;
  const Setup& setup_;
  bool classify_;
  Array x_, y_;
  std::vector<std::string> names_;
  std::vector<Array> weights_;
  Function activation_ = nullptr;
};

struct Run {
  std::vector<double> losses, norms, rates;
  double last_loss = 0;
  optim::State weights;  // by name
};

optim::Clip clip_of(const Attrs& a) {
  const std::string kind = a.text("kind");
  if (kind == "norm") return optim::Clip::global_norm(a.real("value"));
  if (kind == "value") return optim::Clip::value(a.real("value"));
  throw Absent("no way of clipping is called \"" + kind + "\"");
}

// Trains with the gradients of `parts` equal parts of each batch.
Run train(const Case& c, const Setup& s, std::int64_t parts) {
  const auto optimizer = optimizer_of(c.whole.object("attrs").object("optimizer"));
  Training net(c, s);
  nn::Parameters parameters = net.parameters();
  const Attrs& attrs = net.attrs();
  auto* const by_gradient = dynamic_cast<optim::GradientOptimizer*>(optimizer.get());
  auto* const by_loss = dynamic_cast<optim::Lbfgs*>(optimizer.get());
  if (attrs.has("clip") && by_gradient) by_gradient->set_clipping(clip_of(attrs.object("clip")));
  std::optional<optim::Scheduler> scheduler;
  if (attrs.has("schedule")) scheduler.emplace(*optimizer, schedule_of(attrs.object("schedule")));

  const bool full = attrs.at("batch").kind == Value::Kind::Text;
  const std::int64_t size = full ? net.samples() : attrs.object("batch").integer("size");
  if (size % parts != 0)
    throw Absent("a batch of " + std::to_string(size) + " has no " + std::to_string(parts) + " equal parts");
  Run run;
  for (std::int64_t t = 0; t < attrs.integer("steps"); ++t) {
    const std::int64_t first = full ? 0 : t * size % net.samples();
    run.rates.push_back(optimizer->lr());
    if (by_loss) {
      run.losses.push_back(by_loss
                               ->step(parameters,
                                      [&] {
                                        Array sum;
                                        for (std::int64_t k = 0; k < parts; ++k) {
                                          const Array part = net.loss(first + k * size / parts, size / parts) /
                                                             static_cast<double>(parts);
                                          sum = sum.defined() ? sum + part : part;
                                        }
                                        return sum;
                                      })
                               .loss);
    } else {
      optim::GradientsAccumulator accumulator;
      double loss = 0;
      for (std::int64_t k = 0; k < parts; ++k) {
        Array part = net.loss(first + k * size / parts, size / parts);
        loss += part.item() / static_cast<double>(parts);
        accumulator.add(parameters, autodiff::backward(*s.tapes.front(), std::move(part), Array()));
      }
      run.losses.push_back(loss);
      run.norms.push_back(by_gradient->step(parameters, accumulator.take_mean()).norm);
    }
    if (scheduler) scheduler->step(*optimizer);
  }
  run.last_loss = net.loss(0, net.samples()).item();
  for (const nn::NamedParameter& p : parameters) run.weights.arrays[p.path] = *p.array;
  return run;
}

void compare_lists(const std::string& what, const std::vector<double>& got, const std::vector<double>& want,
                   double relative, double least, double& largest) {
  if (got.size() != want.size())
    throw Mismatch(std::to_string(got.size()) + " values of " + what + ", expected " + std::to_string(want.size()));
  for (std::size_t i = 0; i < got.size(); ++i)
    compare(what + " of step " + std::to_string(i), got[i], want[i], relative, least, 0, largest);
}

}  // namespace

void check_training(const Case& c, const Setup& s, double& largest) {
  if (s.tapes.empty() || s.forward || s.vmap) throw Absent("training is run in reverse mode");
  const Attrs tolerances = c.whole.object("tolerance");
  const std::string dtype(name(s.real));
  if (!tolerances.has(dtype)) throw Absent("the case is not for " + dtype);
  const Attrs tolerance = tolerances.object(dtype);
  const double relative = tolerance.real("loss_rel");
  constexpr double kLeast = 1e-3;  // losses below count as this large

  const Run run = train(c, s, s.accumulate);
  compare_lists("loss", run.losses, c.whole.reals("expected_losses_before_step"), relative, kLeast, largest);
  compare("final loss", run.last_loss, c.whole.real("expected_final_loss_full_data"), relative, kLeast, 0, largest);
  if (c.whole.has("expected_grad_norms"))
    compare_lists("norm", run.norms, c.whole.reals("expected_grad_norms"), relative, kLeast, largest);
  if (c.whole.has("expected_lrs"))
    compare_lists("rate", run.rates, c.whole.reals("expected_lrs"), 1e-12, 1e-3, largest);
  if (tolerance.has("param_abs")) {
    const Attrs expected = c.whole.object("expected_final_params");
    for (const std::string& name : expected.names()) {
      const std::vector<double> want = expected.tensor(name).reals;
      const std::vector<double> got = run.weights.array(name).to_data().to_vector<double>();
      if (got.size() != want.size()) throw Mismatch(name + " has " + std::to_string(got.size()) + " elements");
      for (std::size_t i = 0; i < got.size(); ++i)
        compare(name + ", element " + std::to_string(i), got[i], want[i], 0, 0, tolerance.real("param_abs"), largest);
    }
  }
  if (s.accumulate > 1 && s.real == DType::F64) {
    // Of a run that multiplies rounding errors (L-BFGS), no more is asked than the case says that it can give.
    const double noise = c.whole.object("sensitivity_to_1e-13_weight_noise").real("loss_rel");
    double difference = 0;
    compare_lists("loss in parts", run.losses, train(c, s, 1).losses, std::max(1e-12, noise), kLeast, difference);
  }
}

void check_schedule(const Case& c, double& largest) {
  const Attrs attrs = c.whole.object("attrs"), tolerance = c.whole.object("tolerance");
  const double relative = tolerance.real("rel"), absolute = tolerance.real("abs");
  const std::vector<double> want = c.whole.reals("expected_lr");
  const auto compare_at = [&](const char* what, std::size_t t, double got, double expected) {
    compare(std::string(what) + " of step " + std::to_string(t), got, expected, relative, 0, absolute, largest);
  };
  double lr = attrs.real("base_lr");
  if (attrs.text("kind") == "reduce_on_plateau") {
    optim::Plateau plateau({.mode = attrs.text("mode") == "max" ? optim::Better::Max : optim::Better::Min,
                            .factor = attrs.real("factor"),
                            .patience = attrs.integer("patience"),
                            .threshold = attrs.real("threshold", 1e-4),
                            .threshold_mode = attrs.has("threshold_mode") && attrs.text("threshold_mode") == "abs"
                                                  ? optim::Threshold::Absolute
                                                  : optim::Threshold::Relative,
                            .cooldown = attrs.integer("cooldown", 0),
                            .min_lr = attrs.real("min_lr", 0)});
    const std::vector<double> metrics = c.whole.objects("inputs").at(0).reals("data");
    for (std::size_t t = 0; t < want.size(); ++t) {
      compare_at("rate", t, lr, want[t]);
      lr = plateau.step(lr, metrics.at(t));
    }
    return;
  }
  optim::Scheduler scheduler(lr, schedule_of(attrs));
  const std::vector<double> momenta =
      c.whole.has("expected_momentum") ? c.whole.reals("expected_momentum") : std::vector<double>();
  for (std::size_t t = 0; t < want.size(); ++t, scheduler.advance()) {
    compare_at("rate", t, scheduler.lr(), want[t]);
    if (t < momenta.size()) compare_at("momentum", t, scheduler.momentum().value(), momenta[t]);
  }
}

}  // namespace fornax::conformance
