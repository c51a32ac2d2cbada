#pragma once
// The Learner: trains a model, watches metrics, saves checkpoints, and goes on from them with the same bits.
//
//   template <class B> struct Net {
//     nn::Linear<B> fc1, fc2;
//     FORNAX_MODULE(Net, fc1, fc2)
//     Tensor<B, 2> forward(const Tensor<B, 2>& x) const { return fc2.forward(fc1.forward(x).relu()); }
//
//     auto step(const data::LabelledBatch& batch) const {
//       auto x = forward(Tensor<B, 2>::from_data(batch.inputs));
//       auto y = Tensor<B, 1, Int>::from_data(batch.labels);
//       return train::ClassificationOutput<B>{functional::cross_entropy(x, y), x, y};
//     }
//   };
//
//   auto learner = train::LearnerBuilder("runs/circle")
//                      .metric(train::Accuracy())
//                      .epochs(20)
//                      .early_stopping({.metric = "loss", .patience = 3})
//                      .build(net, optim::Adam({.lr = 1e-3}));
//   auto trained = learner.fit(train_loader, valid_loader);
//   trained.model.forward(x);   // on the plain backend
//
// A step is written once: on Autodiff<B> it trains, and on B, where nothing is recorded and dropout is off, it validates.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fornax/array/autocast.hpp>
#include <fornax/nn/summary.hpp>
#include <fornax/optim/lbfgs.hpp>
#include <fornax/train/loop.hpp>
#include <fornax/train/metrics/progress.hpp>
#include <fornax/train/output.hpp>
#include <fornax/train/source.hpp>

namespace fornax::train {

/// Steps that are methods of the model: train_step(batch) and valid_step(batch) if it has them, else step(batch).
struct ModelStep {
  template <class M, class Batch> auto train(const M& model, const Batch& batch) const {
    if constexpr (requires { model.train_step(batch); }) {
      return model.train_step(batch);
    } else {
      return both(model, batch);
    }
  }
  template <class M, class Batch> auto valid(const M& model, const Batch& batch) const {
    if constexpr (requires { model.valid_step(batch); }) {
      return model.valid_step(batch);
    } else {
      return both(model, batch);
    }
  }

 private:
  template <class M, class Batch> static auto both(const M& model, const Batch& batch) {
    static_assert(
        requires { model.step(batch); },
        "the model has no method step(batch) for these batches; build(model, optimizer, step) takes a function");
    return model.step(batch);
  }
};

/// Steps that are functions of model and batch; the second is called with the model on the plain backend.
template <class Train, class Valid> struct FunctionStep {
  Train train;
  Valid valid;
};

namespace detail {
double last_value(const std::vector<EpochEnd>& history, const std::string& metric, Split split);
}

/// What `fit` gives back.
template <class M> struct Trained {
  M model;  // on the plain backend: nothing is recorded, dropout is off; with the averages, if the run had some
  RunEnd end;
  std::vector<EpochEnd> history;  // epochs of this call
  std::string best_checkpoint;    // by the first keep_best; may be empty
  std::string last_checkpoint;    // may be empty
  Outcome outcome() const { return end.outcome; }
  /// The last value of a metric; NaN if there was no epoch with it.
  double value(const std::string& metric, Split split = Split::Valid) const {
    return detail::last_value(history, metric, split);
  }
};

/// Trains a model. Made by a LearnerBuilder.
template <nn::Module M, class O, class Steps> class Learner {
 public:
  using Valid = decltype(nn::valid(std::declval<const M&>()));

  Learner(detail::Settings settings, M model, O optimizer, Steps steps)
      : model_(std::move(model)),
        optimizer_(std::move(optimizer)),
        steps_(std::move(steps)),
        loop_(std::make_unique<detail::Loop>(std::move(settings))) {
    nn::detail::require_autodiff_module<M>();
  }

  /// Trains until the epochs are over, or something ends the run before. Called again after an interruption it goes on.
  /// Loaders are read by next() if they have it, else by begin() and end(), one epoch after the other.
  ///
  /// Errors: whatever a step throws; ValueError for metrics of rules that are not there, or a directory that has
  ///         checkpoints of another run; FormatError if all checkpoints are damaged.
  template <class TrainLoader, class ValidLoader> Trained<Valid> fit(TrainLoader&& train, ValidLoader&& valid) {
    const std::size_t before = loop_->history().size();
    FitTask<std::remove_reference_t<TrainLoader>, std::remove_reference_t<ValidLoader>> task(*this, train, valid);
    RunEnd end = loop_->fit(task);
    const auto first = loop_->history().begin() + static_cast<std::ptrdiff_t>(before);
    return {averaged(task),
            std::move(end),
            {first, loop_->history().end()},
            loop_->best_checkpoint(),
            loop_->last_checkpoint()};
  }
  template <class TrainLoader> Trained<Valid> fit(TrainLoader&& train) { return fit(train, detail::NoLoader()); }

  /// From here on fit goes on from the newest checkpoint that is intact, if there is one.
  void resume() { loop_->settings().resume = true; }

  /// The metrics over the batches of a loader.
  template <class Loader> std::vector<MetricValue> evaluate(Loader&& loader) {
    detail::NoLoader none;
    FitTask<detail::NoLoader, std::remove_reference_t<Loader>> task(*this, none, loader);
    return loop_->evaluate(task);
  }

  /// With the weights that are trained, on Autodiff.
  M& model() { return model_; }
  O& optimizer() { return optimizer_; }
  Interrupter interrupter() const { return loop_->settings().interrupter; }
  /// Epochs that are done, and steps.
  std::int64_t epoch() const { return loop_->progress().epoch; }
  std::int64_t step() const { return loop_->progress().step; }
  /// Throws ValueError if there is no such metric.
  const Metric& metric(const std::string& name, Split split = Split::Valid) const { return loop_->metric(name, split); }

 private:
  template <class T, class V> class FitTask;

  Valid averaged(detail::Task& task) {
    loop_->swap_average(task);
    Valid model = nn::valid(model_);
    loop_->swap_average(task);
    return model;
  }

  M model_;
  O optimizer_;
  Steps steps_;
  std::unique_ptr<detail::Loop> loop_;
};

template <nn::Module M, class O, class Steps>
template <class T, class V>
class Learner<M, O, Steps>::FitTask final : public detail::Task {
 public:
  FitTask(Learner& learner, T& train, V& valid)
      : learner_(learner), train_loader_(train), valid_loader_(valid), train_(train), valid_(valid) {}

  bool has(Split split) const override { return split == Split::Train || !std::is_same_v<V, detail::NoLoader>; }
  std::int64_t batches(Split split) const override {
    return split == Split::Train ? detail::batches_of(train_loader_) : detail::batches_of(valid_loader_);
  }
  std::string place(Split split) const override {
    return split == Split::Train ? detail::place_of(train_loader_) : detail::place_of(valid_loader_);
  }
  void go_to(Split split, const std::string& place, std::int64_t batch) override {
    if (split == Split::Train) {
      train_.go_to(place, batch);
    } else {
      valid_.go_to(place, batch);
    }
  }

  bool train_batch(Observation& seen, optim::NamedGradients& gradients, double loss_scale) override {
    if constexpr (std::is_same_v<T, detail::NoLoader>) {
      return false;
    } else {
      if (!train_.next()) return false;
      const auto& batch = train_.batch();
      M& model = learner_.model_;
      if constexpr (kTakesGradients) {
        auto output = train_step(model, batch);
        auto& loss = loss_of(output);
        seen = observe(output);
        seen.loss = loss.template into_scalar<double>();
        if (loss_scale != 1) loss = loss * loss_scale;
        gradients = optim::gradients_of(model, std::move(loss).backward());
      } else {
        bool first = true;  // what is seen is the model before the step
        learner_.optimizer_.step(model, [&] {
          auto output = train_step(model, batch);
          if (std::exchange(first, false)) {
            seen = observe(output);
            seen.loss = loss_of(output).template into_scalar<double>();
          }
          return std::move(loss_of(output));
        });
      }
      return true;
    }
  }
  bool takes_gradients() const override { return kTakesGradients; }
  optim::StepReport apply(optim::NamedGradients gradients) override {
    if constexpr (kTakesGradients) {
      return learner_.optimizer_.step(learner_.model_, std::move(gradients));
    } else {
      return {};
    }
  }

  void begin_evaluation() override { evaluated_.emplace(nn::valid(learner_.model_)); }
  void end_evaluation() override { evaluated_.reset(); }
  bool valid_batch(Observation& seen) override {
    if constexpr (std::is_same_v<V, detail::NoLoader>) {
      return false;
    } else {
      if (!valid_.next()) return false;
      auto output = [&] {
        const Autocast precision(learner_.loop_->settings().autocast);
        return learner_.steps_.valid(std::as_const(*evaluated_), valid_.batch());
      }();
      seen = observe(output);
      seen.loss = loss_of(output).template into_scalar<double>();
      return true;
    }
  }

  optim::Optimizer& optimizer() override { return learner_.optimizer_; }
  std::string optimizer_config() const override {
    if constexpr (requires { learner_.optimizer_.config().to_json(); }) return learner_.optimizer_.config().to_json();
    return {};
  }
  nn::Parameters parameters() override { return nn::parameters_of(learner_.model_); }
  nn::State state() const override { return nn::state_of(learner_.model_); }
  void load_state(const nn::State& state) override { nn::load_state(learner_.model_, state); }
  std::string summary() const override { return nn::summary(learner_.model_); }

 private:
  template <class Batch> auto train_step(const M& model, const Batch& batch) const {
    const Autocast precision(learner_.loop_->settings().autocast);
    return learner_.steps_.train(model, batch);
  }

  static constexpr bool kTakesGradients = requires(O & optimizer, M& model, optim::NamedGradients gradients) {
    optimizer.step(model, std::move(gradients)).skipped;
  };

  Learner& learner_;
  T& train_loader_;
  V& valid_loader_;
  detail::Source<T> train_;
  detail::Source<V> valid_;
  std::optional<Valid> evaluated_;
};

/// Gathers what a Learner is to do.
class LearnerBuilder {
 public:
  /// Checkpoints, and what views write, go below the directory; empty: none are written.
  explicit LearnerBuilder(std::string directory = {});

  /// What the run is called in views; else by its directory.
  LearnerBuilder& name(std::string name);
  LearnerBuilder& epochs(std::int64_t n);
  /// Ends the run after so many steps, in the middle of an epoch if need be.
  LearnerBuilder& max_steps(std::int64_t n);
  /// Starts the default generator afresh, before the first step. (A model is made before: see manual_seed.)
  LearnerBuilder& seed(std::uint64_t seed);
  /// Generators of the user's own that belong to the run: saved, and set when it goes on. They must outlive the Learner.
  LearnerBuilder& generator(Generator& generator);

  /// Metrics of training and validation, each on its own; the loss is always among them.
  template <class T> LearnerBuilder& metric(T metric) {
    static_assert(std::is_base_of_v<Metric, T>, "metric() takes a train::Metric");
    return add_metric(std::make_shared<T>(metric), std::make_shared<T>(metric), std::make_shared<T>(metric));
  }
  /// Under another name.
  template <class T> LearnerBuilder& metric(T metric, std::string name) {
    metric.rename(std::move(name));
    return this->metric(std::move(metric));
  }

  /// Sets the rate by a schedule that goes on with every step, or every epoch.
  LearnerBuilder& schedule(optim::Schedule schedule, Per per = Per::Step);
  /// Lowers the rate when a metric gets no better.
  LearnerBuilder& plateau(PlateauRule rule);
  LearnerBuilder& clip(optim::Clip clip);
  /// A step takes the mean gradient of n batches.
  LearnerBuilder& accumulate(std::int64_t n);
  /// A step with a gradient that is not finite is left out, and says so.
  LearnerBuilder& skip_non_finite(bool skip = true);
  /// Runs the steps, not their backward pass, under an Autocast: mixed precision with bf16 or f16.
  LearnerBuilder& autocast(DType dtype);
  /// Scales the loss as optim::GradScaler does, for f16: a step whose gradients overflow is left out and the scale lowered.
  LearnerBuilder& loss_scaling(optim::GradScalerConfig config = {});
  /// Averages weights from step to step; validation, and the model that fit gives back, use the averages.
  LearnerBuilder& ema(optim::EmaConfig config = {});

  LearnerBuilder& early_stopping(EarlyStoppingConfig config);
  /// Rules for checkpoints, all of which apply. Without any, and with a directory: keep_last(2) and keep_best("loss").
  LearnerBuilder& checkpoint(CheckpointRule rule);
  /// Goes on from the newest checkpoint in the directory that is intact; where there is none, starts anew.
  LearnerBuilder& resume(bool resume = true);
  /// Removes checkpoints of another run from the directory, which are an error otherwise.
  LearnerBuilder& overwrite(bool overwrite = true);

  LearnerBuilder& view(std::shared_ptr<View> view);
  template <class V>
  requires(std::is_base_of_v<View, V>) LearnerBuilder& view(V v) { return view(std::make_shared<V>(std::move(v))); }
  /// Called after each batch, and after each part of an epoch. What they throw ends the run.
  LearnerBuilder& on_step(std::function<void(const StepEnd&)> f);
  LearnerBuilder& on_epoch(std::function<void(const EpochEnd&)> f);
  /// Whether SIGINT and SIGTERM end the run after the step; true unless it is said otherwise.
  LearnerBuilder& handle_signals(bool handle);
  /// By which other code may stop the run; learner.interrupter() gives one too.
  LearnerBuilder& interrupter(Interrupter interrupter);
  /// Settings of the user's own, as JSON or a config, to be shown and recorded by views.
  LearnerBuilder& config(std::string json);
  template <class C>
  requires requires(const C& c) { c.to_json(); }
  LearnerBuilder& config(const C& config) { return this->config(config.to_json()); }

  /// The Learner, and the end of the builder. The model is on Autodiff<B>. A step is a method of the model (see ModelStep),
  /// or a function of model and batch, which serves on both backends, such as
  /// []<class B>(const Net<B>& net, const Batch& batch) { ... }; or a function for each.
  template <nn::Module M, class O> Learner<M, O, ModelStep> build(M model, O optimizer) {
    return {take(), std::move(model), std::move(optimizer), ModelStep()};
  }
  template <nn::Module M, class O, class Step> auto build(M model, O optimizer, Step step) {
    return build(std::move(model), std::move(optimizer), step, step);
  }
  template <nn::Module M, class O, class TrainStep, class ValidStep>
  Learner<M, O, FunctionStep<TrainStep, ValidStep>> build(M model, O optimizer, TrainStep train, ValidStep valid) {
    return {take(), std::move(model), std::move(optimizer), {std::move(train), std::move(valid)}};
  }

 private:
  LearnerBuilder& add_metric(std::shared_ptr<Metric> train, std::shared_ptr<Metric> valid,
                             std::shared_ptr<Metric> test);
  detail::Settings take();

  detail::Settings settings_;
};

}  // namespace fornax::train
