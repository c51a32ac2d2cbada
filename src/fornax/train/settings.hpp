#pragma once
// What a LearnerBuilder gathers, and what the compiled loop asks of the typed half of a Learner.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fornax/nn/state.hpp>
#include <fornax/ops/generator.hpp>
#include <fornax/optim/averaging.hpp>
#include <fornax/optim/grad_scaler.hpp>
#include <fornax/optim/optimizer.hpp>
#include <fornax/optim/schedule.hpp>
#include <fornax/train/checkpoints.hpp>
#include <fornax/train/interrupt.hpp>
#include <fornax/train/metric.hpp>
#include <fornax/train/stopping.hpp>

namespace fornax::train {

/// How often a schedule goes on.
enum class Per : std::uint8_t { Step, Epoch };

/// A plateau scheduler's metric, and how it reacts.
struct PlateauRule {
  std::string metric = "loss";
  Split split = Split::Valid;
  optim::PlateauConfig config = {};  // its mode follows from the metric's goal
};

namespace detail {

struct Settings {
  std::string directory, name, config;
  std::int64_t epochs = 1;
  std::int64_t max_steps = -1;  // -1: no limit
  std::int64_t accumulate = 1;
  optim::Clip clip = {};
  bool skip_non_finite = false;
  DType autocast = DType::F32;
  std::optional<optim::GradScalerConfig> loss_scaling;
  std::optional<std::uint64_t> seed;
  std::optional<optim::EmaConfig> ema;
  std::optional<optim::Schedule> schedule;
  Per schedule_per = Per::Step;
  std::optional<PlateauRule> plateau;
  std::optional<EarlyStoppingConfig> stopping;
  std::optional<std::vector<CheckpointRule>> checkpoints;
  bool resume = false, overwrite = false, signals = true;
  Interrupter interrupter;
  std::vector<Generator*> generators;
  std::vector<std::shared_ptr<Metric>> metrics[3];  // by split
  std::vector<std::shared_ptr<View>> views;
  std::vector<std::function<void(const StepEnd&)>> on_step;
  std::vector<std::function<void(const EpochEnd&)>> on_epoch;
};

/// A model with its optimizer, its steps and its loaders, of whatever types they are.
class Task {
 public:
  virtual ~Task() = default;

  virtual bool has(Split split) const = 0;
  /// In an epoch; -1 if the loader does not say.
  virtual std::int64_t batches(Split split) const = 0;
  /// Where a loader is; empty if it does not say.
  virtual std::string place(Split split) const = 0;
  /// There again; a loader that does not know places is read up to this batch from the beginning of an epoch.
  virtual void go_to(Split split, const std::string& place, std::int64_t batch) = 0;

  /// The next batch with the gradients of its loss times the scale; false at the end of the epoch.
  virtual bool train_batch(Observation& seen, optim::NamedGradients& gradients, double loss_scale) = 0;
  /// False for optimizers that evaluate the loss themselves: then train_batch is the whole step.
  virtual bool takes_gradients() const = 0;
  virtual optim::StepReport apply(optim::NamedGradients gradients) = 0;

  /// Between these two the model is evaluated as it was at the first.
  virtual void begin_evaluation() = 0;
  virtual void end_evaluation() = 0;
  virtual bool valid_batch(Observation& seen) = 0;

  virtual optim::Optimizer& optimizer() = 0;
  virtual std::string optimizer_config() const = 0;
  virtual nn::Parameters parameters() = 0;
  virtual nn::State state() const = 0;
  virtual void load_state(const nn::State& state) = 0;
  virtual std::string summary() const = 0;
};

}  // namespace detail
}  // namespace fornax::train
